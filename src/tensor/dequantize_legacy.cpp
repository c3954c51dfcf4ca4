// Q4_0 .. Q8_1, Q1_0 and Q2_0: one scale a block, no groups.
#include "tensor/dequantize.h"
#include "tensor/quant_blocks.h"
#include "tensor/quant_scales.h"

namespace ingot::core {
namespace {

void decode_q4_0(const BlockQ4_0& block, float* out_values) {
  const float d = half_value(block.d);
  for (int j = 0; j < 16; ++j) out_values[j] = d * static_cast<float>((block.qs[j] & 15) - 8);
  for (int j = 0; j < 16; ++j) out_values[j + 16] = d * static_cast<float>((block.qs[j] >> 4) - 8);
}

void decode_q4_1(const BlockQ4_1& block, float* out_values) {
  const float d = half_value(block.d);
  const float m = half_value(block.m);
  for (int j = 0; j < 16; ++j) out_values[j] = d * static_cast<float>(block.qs[j] & 15) + m;
  for (int j = 0; j < 16; ++j) out_values[j + 16] = d * static_cast<float>(block.qs[j] >> 4) + m;
}

// The 32 bits of qh as one byte each, 0 or 16: spread apart from the arithmetic, so that this vectorises.
struct FifthBits {
  uint8_t bytes[32];
};

FifthBits spread_fifth_bits(const Le32& qh) {
  static constexpr uint8_t kBit[8] = {1, 2, 4, 8, 16, 32, 64, 128};
  FifthBits spread;
  for (int i = 0; i < 32; ++i) spread.bytes[i] = (qh.bytes[i / 8] & kBit[i % 8]) != 0 ? 16 : 0;
  return spread;
}

void decode_q5_0(const BlockQ5_0& block, float* out_values) {
  const float d = half_value(block.d);
  const FifthBits high = spread_fifth_bits(block.qh);
  for (int j = 0; j < 16; ++j) {
    out_values[j] = d * static_cast<float>(((block.qs[j] & 15) | high.bytes[j]) - 16);
  }
  for (int j = 0; j < 16; ++j) {
    out_values[j + 16] = d * static_cast<float>(((block.qs[j] >> 4) | high.bytes[j + 16]) - 16);
  }
}

void decode_q5_1(const BlockQ5_1& block, float* out_values) {
  const float d = half_value(block.d);
  const float m = half_value(block.m);
  const FifthBits high = spread_fifth_bits(block.qh);
  for (int j = 0; j < 16; ++j) {
    out_values[j] = d * static_cast<float>((block.qs[j] & 15) | high.bytes[j]) + m;
  }
  for (int j = 0; j < 16; ++j) {
    out_values[j + 16] = d * static_cast<float>((block.qs[j] >> 4) | high.bytes[j + 16]) + m;
  }
}

void decode_q8_0(const BlockQ8_0& block, float* out_values) {
  const float d = half_value(block.d);
  for (int i = 0; i < 32; ++i) out_values[i] = d * static_cast<float>(block.qs[i]);
}

void decode_q8_1(const BlockQ8_1& block, float* out_values) {
  const float d = half_value(block.d);
  for (int i = 0; i < 32; ++i) out_values[i] = d * static_cast<float>(block.qs[i]);
}

void decode_q1_0(const BlockQ1_0& block, float* out_values) {
  const float by_bit[2] = {-half_value(block.d), half_value(block.d)};
  for (int byte = 0; byte < 16; ++byte) {
    for (int bit = 0; bit < 8; ++bit) out_values[8 * byte + bit] = by_bit[(block.qs[byte] >> bit) & 1];
  }
}

void decode_q2_0(const BlockQ2_0& block, float* out_values) {
  const float d = half_value(block.d);
  const float by_q[4] = {d * -1.0f, d * 0.0f, d, d * 2.0f};
  for (int byte = 0; byte < 16; ++byte) {
    for (int k = 0; k < 4; ++k) out_values[4 * byte + k] = by_q[(block.qs[byte] >> (2 * k)) & 3];
  }
}

}  // namespace

void dequantize_row_q4_0(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ4_0, decode_q4_0>(blocks, out_values, n_values);
}
void dequantize_row_q4_1(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ4_1, decode_q4_1>(blocks, out_values, n_values);
}
void dequantize_row_q5_0(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ5_0, decode_q5_0>(blocks, out_values, n_values);
}
void dequantize_row_q5_1(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ5_1, decode_q5_1>(blocks, out_values, n_values);
}
void dequantize_row_q8_0(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ8_0, decode_q8_0>(blocks, out_values, n_values);
}
void dequantize_row_q8_1(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ8_1, decode_q8_1>(blocks, out_values, n_values);
}
void dequantize_row_q1_0(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ1_0, decode_q1_0>(blocks, out_values, n_values);
}
void dequantize_row_q2_0(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockQ2_0, decode_q2_0>(blocks, out_values, n_values);
}

}  // namespace ingot::core
