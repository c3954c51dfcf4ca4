// IQ4_NL and IQ4_XS (a codebook of 16 numbers) and IQ1 .. IQ3 (grids of chosen vectors).
#include "tensor/dequantize.h"
#include "tensor/iq_grids.h"
#include "tensor/quant_blocks.h"
#include "tensor/quant_codebooks.h"
#include "tensor/quant_scales.h"

namespace ingot::core {
namespace {

// 16 bytes of nibbles to 32 values: low nibbles first, then high ones.
void decode_iq4_nibbles(const uint8_t* qs, float scale, float* out_values) {
  for (int j = 0; j < 16; ++j) {
    out_values[j] = scale * static_cast<float>(kIq4NlValues[qs[j] & 15]);
    out_values[j + 16] = scale * static_cast<float>(kIq4NlValues[qs[j] >> 4]);
  }
}

void decode_iq4_nl(const BlockIQ4_NL& block, float* out_values) {
  decode_iq4_nibbles(block.qs, half_value(block.d), out_values);
}

void decode_iq4_xs(const BlockIQ4_XS& block, float* out_values) {
  const float d = half_value(block.d);
  for (int group = 0; group < 8; ++group) {
    const float scale = d * static_cast<float>(iq4_xs_scale(block, group));
    decode_iq4_nibbles(block.qs + group * 16, scale, out_values + group * 32);
  }
}

// Values of one grid entry, each negated where its bit of signs is set.
template <size_t kLength>
void decode_grid(const std::array<int8_t, kLength>& entry, int signs, float scale, float* out_values) {
  static constexpr int kBit[8] = {1, 2, 4, 8, 16, 32, 64, 128};
  for (size_t i = 0; i < kLength; ++i) {
    const int value = (signs & kBit[i]) != 0 ? -entry[i] : entry[i];
    out_values[i] = scale * static_cast<float>(value);
  }
}

// Half of the eight signs of an entry pair of four values.
constexpr int low_signs(int signs) {
  return signs & 15;
}
constexpr int high_signs(int signs) {
  return signs >> 4;
}

void decode_iq2_xxs(const BlockIQ2_XXS& block, float* out_values) {
  const float d = half_value(block.d);
  for (int group = 0; group < 8; ++group) {
    const uint32_t word = block.groups[group].scale_and_signs.bits();
    const float scale = d * (0.5f + static_cast<float>(word >> 28)) * 0.25f;
    for (int k = 0; k < 4; ++k) {
      const auto& entry = kIq2XxsGrid[block.groups[group].grid[k]];
      decode_grid(entry, even_signs((word >> (7 * k)) & 127), scale, out_values + group * 32 + k * 8);
    }
  }
}

// IQ2_XS and IQ2_S: scales are nibbles, one for two entries.
float iq2_scale(float d, const uint8_t (&scales)[8], int entry_idx) {
  const int scale = (scales[entry_idx / 4] >> (entry_idx % 4 / 2 * 4)) & 15;
  return d * (0.5f + static_cast<float>(scale)) * 0.25f;
}

void decode_iq2_xs(const BlockIQ2_XS& block, float* out_values) {
  const float d = half_value(block.d);
  for (int k = 0; k < 32; ++k) {
    const uint32_t code = block.qs[k].bits();
    decode_grid(kIq2XsGrid[code & 511], even_signs(code >> 9), iq2_scale(d, block.scales, k), out_values + k * 8);
  }
}

void decode_iq2_s(const BlockIQ2_S& block, float* out_values) {
  const float d = half_value(block.d);
  for (int k = 0; k < 32; ++k) {
    const uint32_t high = (block.qh[k / 4] >> (k % 4 * 2)) & 3u;
    const auto& entry = kIq2SGrid[block.qs[k] | (high << 8)];
    decode_grid(entry, block.signs[k], iq2_scale(d, block.scales, k), out_values + k * 8);
  }
}

void decode_iq3_xxs(const BlockIQ3_XXS& block, float* out_values) {
  const float d = half_value(block.d);
  for (int group = 0; group < 8; ++group) {
    const uint32_t word = block.scale_and_signs[group].bits();
    const float scale = d * (0.5f + static_cast<float>(word >> 28)) * 0.5f;
    for (int k = 0; k < 4; ++k) {
      const int signs = even_signs((word >> (7 * k)) & 127);
      const uint8_t* codes = block.qs + group * 8 + k * 2;
      float* out = out_values + group * 32 + k * 8;
      decode_grid(kIq3XxsGrid[codes[0]], low_signs(signs), scale, out);
      decode_grid(kIq3XxsGrid[codes[1]], high_signs(signs), scale, out + 4);
    }
  }
}

void decode_iq3_s(const BlockIQ3_S& block, float* out_values) {
  const float d = half_value(block.d);
  for (int group = 0; group < 8; ++group) {
    const int nibble = (block.scales[group / 2] >> (group % 2 * 4)) & 15;
    const float scale = d * static_cast<float>(1 + 2 * nibble);
    for (int k = 0; k < 8; ++k) {
      const uint32_t high = (block.qh[group] >> k) & 1u;
      const int signs = block.signs[group * 4 + k / 2];
      const auto& entry = kIq3SGrid[block.qs[group * 8 + k] | (high << 8)];
      decode_grid(entry, k % 2 == 0 ? low_signs(signs) : high_signs(signs), scale, out_values + group * 32 + k * 4);
    }
  }
}

// IQ1: the grid's -1, 0, 1 are shifted by an eighth before they are scaled.
void decode_iq1_entry(const std::array<int8_t, 8>& entry, float scale, float delta, float* out_values) {
  for (size_t i = 0; i < 8; ++i) out_values[i] = scale * (static_cast<float>(entry[i]) + delta);
}

void decode_iq1_s(const BlockIQ1_S& block, float* out_values) {
  const float d = half_value(block.d);
  for (int group = 0; group < 8; ++group) {
    const uint32_t word = block.qh[group].bits();
    const float scale = d * static_cast<float>(2 * ((word >> 12) & 7) + 1);
    const float delta = (word & 0x8000) != 0 ? -0.125f : 0.125f;
    for (int k = 0; k < 4; ++k) {
      const uint32_t high = (word >> (3 * k)) & 7;
      const auto& entry = kIq1Grid[block.qs[group * 4 + k] | (high << 8)];
      decode_iq1_entry(entry, scale, delta, out_values + group * 32 + k * 8);
    }
  }
}

void decode_iq1_m(const BlockIQ1_M& block, float* out_values) {
  uint32_t d_bits = 0;
  for (int word = 0; word < 4; ++word) d_bits |= static_cast<uint32_t>(block.scales[word].bits() >> 12) << (4 * word);
  const float d = fp16_to_float(static_cast<uint16_t>(d_bits));
  for (int k = 0; k < 32; ++k) {
    const uint32_t packed_scale = (block.scales[k / 8].bits() >> (k % 8 / 2 * 3)) & 7u;
    const float scale = d * static_cast<float>(2 * packed_scale + 1);
    const uint32_t high = (block.qh[k / 2] >> (k % 2 * 4)) & 15u;
    const float delta = (high & 8) != 0 ? -0.125f : 0.125f;
    decode_iq1_entry(kIq1Grid[block.qs[k] | ((high & 7) << 8)], scale, delta, out_values + k * 8);
  }
}

}  // namespace

void dequantize_row_iq4_nl(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockIQ4_NL, decode_iq4_nl>(blocks, out_values, n_values);
}
void dequantize_row_iq4_xs(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockIQ4_XS, decode_iq4_xs>(blocks, out_values, n_values);
}
void dequantize_row_iq2_xxs(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockIQ2_XXS, decode_iq2_xxs>(blocks, out_values, n_values);
}
void dequantize_row_iq2_xs(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockIQ2_XS, decode_iq2_xs>(blocks, out_values, n_values);
}
void dequantize_row_iq2_s(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockIQ2_S, decode_iq2_s>(blocks, out_values, n_values);
}
void dequantize_row_iq3_xxs(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockIQ3_XXS, decode_iq3_xxs>(blocks, out_values, n_values);
}
void dequantize_row_iq3_s(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockIQ3_S, decode_iq3_s>(blocks, out_values, n_values);
}
void dequantize_row_iq1_s(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockIQ1_S, decode_iq1_s>(blocks, out_values, n_values);
}
void dequantize_row_iq1_m(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockIQ1_M, decode_iq1_m>(blocks, out_values, n_values);
}

}  // namespace ingot::core
