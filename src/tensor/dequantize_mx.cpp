// MXFP4, NVFP4 and MXFP6: small floats under a shared scale. Each element is looked up, since there are 64 at most.
#include <array>

#include "tensor/dequantize.h"
#include "tensor/quant_blocks.h"
#include "tensor/quant_codebooks.h"
#include "tensor/quant_scales.h"

namespace ingot::core {
namespace {

// A sign bit, then kExponentBits and kMantissaBits, biased by kBias; no infinity and no NaN; exponent 0 is subnormal.
template <int kExponentBits, int kMantissaBits, int kBias>
constexpr std::array<float, 64> fp6_values() {
  std::array<float, 64> values{};
  for (int code = 0; code < 64; ++code) {
    const int exponent = (code >> kMantissaBits) & ((1 << kExponentBits) - 1);
    const int mantissa = code & ((1 << kMantissaBits) - 1);
    const int significand = exponent == 0 ? mantissa : mantissa + (1 << kMantissaBits);
    float value = static_cast<float>(significand);
    for (int power = kMantissaBits + kBias - 1; power > 0; --power) value *= 0.5f;
    for (int power = exponent; power > 1; --power) value *= 2.0f;
    values[static_cast<size_t>(code)] = (code & 32) != 0 ? -value : value;
  }
  return values;
}

constexpr std::array<float, 64> kE2m3Values = fp6_values<2, 3, 1>();
constexpr std::array<float, 64> kE3m2Values = fp6_values<3, 2, 3>();
static_assert(kE2m3Values[1] == 0.125f && kE2m3Values[31] == 7.5f && kE2m3Values[63] == -7.5f, "E2M3: 1/8 .. 7.5");
static_assert(kE3m2Values[1] == 0.0625f && kE3m2Values[31] == 28.0f && kE3m2Values[63] == -28.0f, "E3M2: 1/16 .. 28");

void decode_mxfp4(const BlockMXFP4& block, float* out_values) {
  const float d = e8m0_half_to_float(block.e);
  for (int j = 0; j < 16; ++j) {
    out_values[j] = d * static_cast<float>(kE2m1Doubled[block.qs[j] & 15]);
    out_values[j + 16] = d * static_cast<float>(kE2m1Doubled[block.qs[j] >> 4]);
  }
}

void decode_nvfp4(const BlockNVFP4& block, float* out_values) {
  for (int group = 0; group < 4; ++group) {
    const float d = ue4m3_half_to_float(block.d[group]);
    const uint8_t* qs = block.qs + group * 8;
    float* out = out_values + group * 16;
    for (int j = 0; j < 8; ++j) {
      out[j] = d * static_cast<float>(kE2m1Doubled[qs[j] & 15]);
      out[j + 8] = d * static_cast<float>(kE2m1Doubled[qs[j] >> 4]);
    }
  }
}

// Four values lie in three bytes.
void decode_mxfp6(const BlockMXFP6& block, const std::array<float, 64>& values, float* out_values) {
  const float scale = e8m0_to_float(block.e);
  for (int quad = 0; quad < 8; ++quad) {
    const uint8_t* bytes = block.qs + quad * 3;
    const uint32_t codes = bytes[0] | (static_cast<uint32_t>(bytes[1]) << 8) | (static_cast<uint32_t>(bytes[2]) << 16);
    for (int k = 0; k < 4; ++k) out_values[quad * 4 + k] = scale * values[(codes >> (6 * k)) & 63];
  }
}

void decode_mxfp6_e2m3(const BlockMXFP6& block, float* out_values) {
  decode_mxfp6(block, kE2m3Values, out_values);
}
void decode_mxfp6_e3m2(const BlockMXFP6& block, float* out_values) {
  decode_mxfp6(block, kE3m2Values, out_values);
}

}  // namespace

void dequantize_row_mxfp4(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockMXFP4, decode_mxfp4>(blocks, out_values, n_values);
}
void dequantize_row_nvfp4(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockNVFP4, decode_nvfp4>(blocks, out_values, n_values);
}
void dequantize_row_mxfp6_e2m3(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockMXFP6, decode_mxfp6_e2m3>(blocks, out_values, n_values);
}
void dequantize_row_mxfp6_e3m2(const std::byte* blocks, float* out_values, int64_t n_values) {
  dequantize_blocks<BlockMXFP6, decode_mxfp6_e3m2>(blocks, out_values, n_values);
}

}  // namespace ingot::core
