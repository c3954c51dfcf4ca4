// TQ1_0 and TQ2_0.
#include "tensor/dequantize.h"
#include "tensor/quant_blocks.h"
#include "tensor/quant_scales.h"

namespace ingot::core {
namespace {

// Digit n of each byte, minus one, times d: the byte times 3^n, modulo 256, is a fraction whose first base-3 digit is
// wanted.
template <int kBytes, int kDigits>
void decode_base3(const uint8_t* bytes, float d, float* out_values) {
  int power = 1;
  for (int digit = 0; digit < kDigits; ++digit) {
    for (int l = 0; l < kBytes; ++l) {
      const int fraction = (bytes[l] * power) & 0xFF;
      out_values[digit * kBytes + l] = d * static_cast<float>(((fraction * 3) >> 8) - 1);
    }
    power *= 3;
  }
}

void decode_tq1_0(const BlockTQ1_0& block, float* out_values) {
  const float d = half_value(block.d);
  decode_base3<32, 5>(block.qs, d, out_values);
  decode_base3<16, 5>(block.qs + 32, d, out_values + 160);
  decode_base3<4, 4>(block.qh, d, out_values + 240);
}

void decode_tq2_0(const BlockTQ2_0& block, float* out_values) {
  const float d = half_value(block.d);
  for (int row = 0; row < 8; ++row) {
    const uint8_t* qs = block.qs + row / 4 * 32;
    const int shift = row % 4 * 2;
    float* out = out_values + row * 32;
    for (int l = 0; l < 32; ++l) out[l] = d * static_cast<float>(((qs[l] >> shift) & 3) - 1);
  }
}

}  // namespace

void dequantize_row_tq1_0(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockTQ1_0, decode_tq1_0>(blocks, out_values, n_values);
}
void dequantize_row_tq2_0(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockTQ2_0, decode_tq2_0>(blocks, out_values, n_values);
}

}  // namespace ingot::core
