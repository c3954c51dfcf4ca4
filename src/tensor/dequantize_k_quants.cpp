// Q2_K .. Q6_K and Q8_K: superblocks of 256 values in groups whose scales are integers themselves.
//
// A group's scale is multiplied out once, in float (d * scale), and then by the values, as the reference does it:
// (d * scale) * q - (dmin * min).
#include "tensor/dequantize.h"
#include "tensor/quant_blocks.h"
#include "tensor/quant_scales.h"

namespace ingot::core {
namespace {

void decode_q2_k(const BlockQ2_K& block, float* out_values) {
  const float d = half_value(block.d);
  const float dmin = half_value(block.dmin);
  for (int group = 0; group < 16; ++group) {
    const float scale = d * static_cast<float>(block.scales[group] & 15);
    const float min = dmin * static_cast<float>(block.scales[group] >> 4);
    const uint8_t* qs = block.qs + group / 8 * 32 + group % 2 * 16;
    const int shift = group % 8 / 2 * 2;
    float* out = out_values + group * 16;
    for (int l = 0; l < 16; ++l) out[l] = scale * static_cast<float>((qs[l] >> shift) & 3) - min;
  }
}

void decode_q3_k(const BlockQ3_K& block, float* out_values) {
  const float d = half_value(block.d);
  const std::array<int8_t, 16> scales = q3_k_scales(block.scales);
  for (int group = 0; group < 16; ++group) {
    const float scale = d * static_cast<float>(scales[static_cast<size_t>(group)]);
    const uint8_t* qs = block.qs + group / 8 * 32 + group % 2 * 16;
    const uint8_t* hmask = block.hmask + group % 2 * 16;
    const int shift = group % 8 / 2 * 2;
    float* out = out_values + group * 16;
    for (int l = 0; l < 16; ++l) {
      const int q = ((qs[l] >> shift) & 3) | (((hmask[l] >> (group / 2)) & 1) << 2);
      out[l] = scale * static_cast<float>(q - 4);
    }
  }
}

void decode_q4_k(const BlockQ4_K& block, float* out_values) {
  const float d = half_value(block.d);
  const float dmin = half_value(block.dmin);
  for (int pair = 0; pair < 4; ++pair) {
    const ScaleMin low = k4_scale_min(block.scales, 2 * pair);
    const ScaleMin high = k4_scale_min(block.scales, 2 * pair + 1);
    const float low_scale = d * static_cast<float>(low.scale);
    const float low_min = dmin * static_cast<float>(low.min);
    const float high_scale = d * static_cast<float>(high.scale);
    const float high_min = dmin * static_cast<float>(high.min);
    const uint8_t* qs = block.qs + pair * 32;
    float* out = out_values + pair * 64;
    for (int l = 0; l < 32; ++l) out[l] = low_scale * static_cast<float>(qs[l] & 15) - low_min;
    for (int l = 0; l < 32; ++l) out[l + 32] = high_scale * static_cast<float>(qs[l] >> 4) - high_min;
  }
}

void decode_q5_k(const BlockQ5_K& block, float* out_values) {
  const float d = half_value(block.d);
  const float dmin = half_value(block.dmin);
  for (int group = 0; group < 8; ++group) {
    const ScaleMin packed = k4_scale_min(block.scales, group);
    const float scale = d * static_cast<float>(packed.scale);
    const float min = dmin * static_cast<float>(packed.min);
    const uint8_t* qs = block.qs + group / 2 * 32;
    const int shift = group % 2 * 4;
    float* out = out_values + group * 32;
    for (int l = 0; l < 32; ++l) {
      const int q = ((qs[l] >> shift) & 15) | (((block.qh[l] >> group) & 1) << 4);
      out[l] = scale * static_cast<float>(q) - min;
    }
  }
}

void decode_q6_k(const BlockQ6_K& block, float* out_values) {
  const float d = half_value(block.d);
  for (int group = 0; group < 16; ++group) {
    const float scale = d * static_cast<float>(block.scales[group]);
    const int row = group % 8 / 2;  // the 32 values among the four rows of a half
    const uint8_t* ql = block.ql + group / 8 * 64 + row % 2 * 32 + group % 2 * 16;
    const uint8_t* qh = block.qh + group / 8 * 32 + group % 2 * 16;
    const int low_shift = row / 2 * 4;
    const int high_shift = row * 2;
    float* out = out_values + group * 16;
    for (int l = 0; l < 16; ++l) {
      const int q = ((ql[l] >> low_shift) & 15) | (((qh[l] >> high_shift) & 3) << 4);
      out[l] = scale * static_cast<float>(q - 32);
    }
  }
}

void decode_q8_k(const BlockQ8_K& block, float* out_values) {
  const float d = std::bit_cast<float>(block.d.bits());
  for (int i = 0; i < 256; ++i) out_values[i] = d * static_cast<float>(block.qs[i]);
}

}  // namespace

void dequantize_row_q2_k(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ2_K, decode_q2_k>(blocks, out_values, n_values);
}
void dequantize_row_q3_k(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ3_K, decode_q3_k>(blocks, out_values, n_values);
}
void dequantize_row_q4_k(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ4_K, decode_q4_k>(blocks, out_values, n_values);
}
void dequantize_row_q5_k(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ5_K, decode_q5_k>(blocks, out_values, n_values);
}
void dequantize_row_q6_k(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ6_K, decode_q6_k>(blocks, out_values, n_values);
}
void dequantize_row_q8_k(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ8_K, decode_q8_k>(blocks, out_values, n_values);
}

}  // namespace ingot::core
