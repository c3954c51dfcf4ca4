// The scales inside blocks, unpacked: shared by the decoders and by kernels, so that each packing is written once.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/fp16.h"
#include "tensor/quant_blocks.h"

namespace ingot::core {

inline float half_value(Le16 half) {
  return fp16_to_float(half.bits());
}

struct ScaleMin {
  uint8_t scale;
  uint8_t min;
};

// Q4_K and Q5_K: group g (< 8) of 32 values; six bits each for scale and min, in 12 bytes:
//   bytes 0..3   | 7..6 scale of g+4, high | 5..0 scale of g |
//   bytes 4..7   | 7..6 min of g+4, high   | 5..0 min of g   |
//   bytes 8..11  | 7..4 min of g+4, low    | 3..0 scale of g+4, low |   (g = 0..3)
inline ScaleMin k4_scale_min(const uint8_t (&scales)[12], int group) {
  if (group < 4) {
    return {static_cast<uint8_t>(scales[group] & 63), static_cast<uint8_t>(scales[group + 4] & 63)};
  }
  const uint8_t low = scales[group + 4];
  return {static_cast<uint8_t>((low & 15) | ((scales[group - 4] >> 6) << 4)),
          static_cast<uint8_t>((low >> 4) | ((scales[group] >> 6) << 4))};
}

// Q3_K: the 16 scales, -32 .. 31. Low four bits: nibble g of bytes 0..7 counted over low nibbles first; high two bits:
// bits 2(g/4), 2(g/4)+1 of byte 8 + g%4.
inline std::array<int8_t, 16> q3_k_scales(const uint8_t (&scales)[12]) {
  std::array<int8_t, 16> unpacked;
  for (int group = 0; group < 16; ++group) {
    const int low = (scales[group % 8] >> (group / 8 * 4)) & 15;
    const int high = (scales[8 + group % 4] >> (group / 4 * 2)) & 3;
    unpacked[static_cast<size_t>(group)] = static_cast<int8_t>((low | (high << 4)) - 32);
  }
  return unpacked;
}

// IQ4_XS: the scale of group g (< 8) of 32 values, -32 .. 31.
inline int iq4_xs_scale(const BlockIQ4_XS& block, int group) {
  const int low = (block.scales_l[group / 2] >> (group % 2 * 4)) & 15;
  const int high = (block.scales_h.bits() >> (group * 2)) & 3;
  return (low | (high << 4)) - 32;
}

// E8M0 by the OCP standard: 2^(e - 127), 255 is NaN. Exact: 2^-127 is a subnormal float.
inline float e8m0_to_float(uint8_t e) {
  if (e == 255) return std::bit_cast<float>(0x7FC00000u);
  return std::bit_cast<float>(e == 0 ? 0x00400000u : static_cast<uint32_t>(e) << 23);
}

// Half of the E8M0 scale, 2^(e - 128), which goes with the doubled codebook of MXFP4. As ggml has it, e = 255 is the
// next power of two (2^127) and no NaN; e = 0 and 1 are subnormal floats.
inline float e8m0_half_to_float(uint8_t e) {
  return std::bit_cast<float>(e < 2 ? 0x00200000u << e : static_cast<uint32_t>(e - 1) << 23);
}

// Half of NVFP4's unsigned E4M3 scale (bias 7), which goes with the same doubled codebook. Bit 7 is ignored; 0x7F is
// E4M3's NaN, and ggml reads it as 0.
inline float ue4m3_half_to_float(uint8_t bits) {
  if (bits == 0 || bits == 0x7F) return 0.0f;
  const uint32_t exponent = (bits >> 3) & 15u;
  const uint32_t mantissa = bits & 7u;
  if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10f;
  return std::bit_cast<float>(((exponent - 8 + 127) << 23) | (mantissa << 20));
}

}  // namespace ingot::core
