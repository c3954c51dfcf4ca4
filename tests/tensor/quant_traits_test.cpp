// Decoders against the goldens of tests/golden/make_quant_goldens.py, bit for bit.
#include "tensor/quant_traits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tensor/quant_blocks.h"

namespace ingot::core {
namespace {

std::vector<std::byte> read_file(const std::string& name) {
  std::ifstream file(INGOT_GOLDEN_DIR "/quants/" + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

std::vector<float> decode(const QuantTraits& traits, const std::byte* blocks, int64_t n_blocks) {
  std::vector<float> values(static_cast<size_t>(n_blocks * traits.block_values));
  traits.dequantize_row(blocks, values.data(), static_cast<int64_t>(values.size()));
  return values;
}

uint32_t bits_of(float value) {
  return std::bit_cast<uint32_t>(value);
}

// SplitMix64's output function; the script has the same.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

std::vector<std::byte> random_bytes(uint64_t seed, size_t n) {
  std::vector<std::byte> bytes((n + 7) / 8 * 8);
  for (size_t word = 0; word < bytes.size() / 8; ++word) {
    const uint64_t value = mix(seed + (word + 1) * 0x9E3779B97F4A7C15u);
    std::memcpy(bytes.data() + word * 8, &value, 8);
  }
  bytes.resize(n);
  return bytes;
}

uint64_t checksum(const std::vector<float>& values) {
  uint64_t sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += mix(bits_of(values[i]) | (static_cast<uint64_t>(i) << 32));
  return sum;
}

// Byte offsets of the halves that scale a block.
std::vector<size_t> half_offsets(DType type) {
  switch (type) {
    case DType::kQ4_1:
    case DType::kQ5_1:
    case DType::kQ4_K:
    case DType::kQ5_K:
      return {0, 2};
    case DType::kQ2_K:
      return {80, 82};
    case DType::kQ3_K:
      return {108};
    case DType::kQ6_K:
      return {208};
    case DType::kQ8_K:
      return {2};
    case DType::kIQ1_M:
      return {54};
    case DType::kTQ1_0:
      return {52};
    case DType::kTQ2_0:
      return {64};
    case DType::kF32:
    case DType::kBF16:
    case DType::kF64:
    case DType::kI8:
    case DType::kI16:
    case DType::kI32:
    case DType::kI64:
    case DType::kMXFP4:
    case DType::kNVFP4:
    case DType::kMXFP6_E2M3:
    case DType::kMXFP6_E3M2:
      return {};
    default:
      return {0};
  }
}

// The script's finite_scales on one block.
void make_scales_finite(DType type, std::byte* block) {
  for (const size_t offset : half_offsets(type)) {
    std::byte& high = block[offset + 1];
    const bool always = type == DType::kQ8_K || type == DType::kIQ1_M;
    if (always || (high & std::byte{0x7C}) == std::byte{0x7C}) high &= std::byte{0xBF};
  }
  if ((type == DType::kMXFP6_E2M3 || type == DType::kMXFP6_E3M2) && block[0] == std::byte{255})
    block[0] = std::byte{254};
  if (type == DType::kF32) block[3] &= std::byte{0xBF};
  if (type == DType::kBF16) block[1] &= std::byte{0xBF};
  if (type == DType::kF64) {
    const unsigned exponent =
        863 + (std::to_integer<unsigned>(block[6] >> 4) | std::to_integer<unsigned>(block[7] & std::byte{15}) << 4);
    block[7] = (block[7] & std::byte{0x80}) | std::byte(exponent >> 4);
    block[6] = (block[6] & std::byte{15}) | std::byte((exponent & 15) << 4);
  }
}

// Found by argument-dependent lookup: without it a failure shows the row's bytes.
}  // namespace
static void PrintTo(const QuantTraits& traits, std::ostream* out) {
  *out << traits.name;
}
namespace {

class EveryType : public testing::TestWithParam<QuantTraits> {};

INSTANTIATE_TEST_SUITE_P(QuantTraits, EveryType,
                         testing::ValuesIn(all_quant_traits().begin(), all_quant_traits().end()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(EveryType, EqualsTheGoldenBitForBit) {
  const QuantTraits& traits = GetParam();
  const std::vector<std::byte> golden = read_file(std::string(traits.name) + ".bin");
  const size_t golden_bytes = traits.block_bytes + traits.block_values * sizeof(float);
  ASSERT_GT(golden.size(), 0u);
  ASSERT_EQ(golden.size() % golden_bytes, 0u);
  const size_t n_blocks = golden.size() / golden_bytes;
  std::vector<float> expected(n_blocks * traits.block_values);
  std::memcpy(expected.data(), golden.data() + n_blocks * traits.block_bytes, expected.size() * sizeof(float));

  const std::vector<float> values = decode(traits, golden.data(), static_cast<int64_t>(n_blocks));
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(bits_of(values[i]), bits_of(expected[i]))
        << values[i] << " instead of " << expected[i] << " at value " << i % traits.block_values << " of block "
        << i / traits.block_values;
  }
}

TEST_P(EveryType, EqualsTheChecksumOfManyBlocks) {
  const QuantTraits& traits = GetParam();
  std::ifstream file(INGOT_GOLDEN_DIR "/quants/checksums.txt");
  std::string name;
  std::string expected;
  size_t n_blocks = 0;
  uint64_t seed = 0;
  while (name != traits.name && file >> name >> n_blocks >> expected) ++seed;
  ASSERT_EQ(name, traits.name);
  std::vector<std::byte> blocks = random_bytes(seed, n_blocks * traits.block_bytes);
  for (size_t b = 0; b < n_blocks; ++b) make_scales_finite(traits.type, blocks.data() + b * traits.block_bytes);
  const std::vector<float> values = decode(traits, blocks.data(), static_cast<int64_t>(n_blocks));
  EXPECT_EQ(fmt::format("{:016x}", checksum(values)), expected);
}

TEST_P(EveryType, ReadsBlocksAtAnyAddress) {
  const QuantTraits& traits = GetParam();
  const size_t n_bytes = 3 * traits.block_bytes;
  std::vector<std::byte> blocks = random_bytes(7, n_bytes);
  for (size_t b = 0; b < 3; ++b) make_scales_finite(traits.type, blocks.data() + b * traits.block_bytes);
  const std::vector<float> expected = decode(traits, blocks.data(), 3);
  std::vector<std::byte> shifted(n_bytes + 8);
  for (size_t shift = 1; shift < 8; ++shift) {
    std::copy(blocks.begin(), blocks.end(), shifted.begin() + static_cast<std::ptrdiff_t>(shift));
    const std::vector<float> values = decode(traits, shifted.data() + shift, 3);
    ASSERT_EQ(std::memcmp(values.data(), expected.data(), values.size() * sizeof(float)), 0) << "shift " << shift;
  }
}

TEST_P(EveryType, WritesExactlyItsValues) {
  const QuantTraits& traits = GetParam();
  const std::vector<std::byte> blocks = random_bytes(8, 5 * traits.block_bytes);
  std::vector<float> values(2 * traits.block_values + 1, 42.0f);
  traits.dequantize_row(blocks.data(), values.data(), 2 * traits.block_values);
  EXPECT_EQ(values.back(), 42.0f);
  traits.dequantize_row(blocks.data(), values.data() + 2 * traits.block_values, 0);
  EXPECT_EQ(values.back(), 42.0f);
}

// Scales of any bits, also those that are no number, are data like any other.
TEST_P(EveryType, SurvivesAnyBytes) {
  const QuantTraits& traits = GetParam();
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const std::vector<std::byte> blocks = random_bytes(seed, 64 * traits.block_bytes);
    EXPECT_EQ(decode(traits, blocks.data(), 64).size(), 64u * traits.block_values);
  }
  const std::vector<std::byte> ones(64 * traits.block_bytes, std::byte{255});
  EXPECT_EQ(decode(traits, ones.data(), 64).size(), 64u * traits.block_values);
}

std::vector<float> decode_bytes(DType type, std::vector<uint8_t> bytes) {
  const QuantTraits& traits = quant_traits(type);
  EXPECT_EQ(bytes.size() % traits.block_bytes, 0u);
  return decode(traits, reinterpret_cast<const std::byte*>(bytes.data()),
                static_cast<int64_t>(bytes.size() / traits.block_bytes));
}

// E8M0 scales at their ends: element codes 1 (0.5), 7 (6) and 15 (-6). 2^-127 and 2^-126 times a half are subnormal.
TEST(Mxfp4, ScalesAtTheEnds) {
  const auto decode_with_scale = [](uint8_t e) {
    std::vector<uint8_t> bytes(17, 0x71);
    bytes[0] = e;
    bytes[2] = 0xF0;
    return decode_bytes(DType::kMXFP4, bytes);
  };
  const std::vector<float> least = decode_with_scale(0);
  EXPECT_EQ(least[0], 0x1p-128f);
  EXPECT_EQ(least[16], 6 * 0x1p-127f);
  EXPECT_EQ(bits_of(least[1]), 0u);
  EXPECT_EQ(least[17], -6 * 0x1p-127f);
  const std::vector<float> second = decode_with_scale(1);
  EXPECT_EQ(second[0], 0x1p-127f);
  EXPECT_EQ(second[16], 6 * 0x1p-126f);
  EXPECT_EQ(decode_with_scale(2)[0], 0x1p-126f);
  EXPECT_EQ(decode_with_scale(127)[16], 6.0f);
  // The standard calls 255 NaN; ggml goes on to 2^128, and files are read as ggml reads them.
  const std::vector<float> greatest = decode_with_scale(255);
  EXPECT_EQ(greatest[0], 0x1p127f);
  EXPECT_EQ(greatest[16], INFINITY);
  EXPECT_EQ(greatest[17], -INFINITY);
}

TEST(Mxfp6, ScalesAtTheEnds) {
  for (const DType type : {DType::kMXFP6_E2M3, DType::kMXFP6_E3M2}) {
    std::vector<uint8_t> bytes(25, 0);
    bytes[1] = 1;  // element 0 has code 1: 1/8 in E2M3, 1/16 in E3M2
    const float smallest = type == DType::kMXFP6_E2M3 ? 0.125f : 0.0625f;
    bytes[0] = 127;
    EXPECT_EQ(decode_bytes(type, bytes)[0], smallest);
    bytes[0] = 0;
    EXPECT_EQ(decode_bytes(type, bytes)[0], smallest * 0x1p-127f);
    bytes[0] = 254;
    EXPECT_EQ(decode_bytes(type, bytes)[0], smallest * 0x1p127f);
    bytes[0] = 255;
    EXPECT_TRUE(std::isnan(decode_bytes(type, bytes)[0]));
  }
}

// The package gguf does not decode the next four; expected values are worked out by hand from the layouts.
TEST(ByHand, Q8_1) {
  std::vector<uint8_t> bytes(36, 0);
  bytes[1] = 0x38;                   // d = 0.5
  bytes[2] = 0xFF, bytes[3] = 0x7F;  // s is not read: here it is a NaN
  bytes[4] = 3, bytes[5] = 0x80, bytes[35] = 0xFF;
  const std::vector<float> values = decode_bytes(DType::kQ8_1, bytes);
  EXPECT_EQ(values[0], 1.5f);
  EXPECT_EQ(values[1], -64.0f);
  EXPECT_EQ(values[2], 0.0f);
  EXPECT_EQ(values[31], -0.5f);
}

TEST(ByHand, Q8_K) {
  std::vector<uint8_t> bytes(292, 0);
  bytes[2] = 0x80, bytes[3] = 0x3E;  // d = 0.25 as a float
  bytes[4] = 127, bytes[5] = 0x81, bytes[259] = 0xFE;
  bytes[260] = 0xFF;  // sums are not read
  const std::vector<float> values = decode_bytes(DType::kQ8_K, bytes);
  EXPECT_EQ(values[0], 31.75f);
  EXPECT_EQ(values[1], -31.75f);
  EXPECT_EQ(values[2], 0.0f);
  EXPECT_EQ(values[255], -0.5f);
}

TEST(ByHand, Q1_0) {
  std::vector<uint8_t> bytes(18, 0);
  bytes[1] = 0xC0;   // d = -2
  bytes[2] = 0x81;   // values 0 and 7
  bytes[17] = 0x40;  // value 126
  const std::vector<float> values = decode_bytes(DType::kQ1_0, bytes);
  for (size_t i = 0; i < 128; ++i) EXPECT_EQ(values[i], i == 0 || i == 7 || i == 126 ? -2.0f : 2.0f) << i;
}

TEST(ByHand, Q2_0) {
  std::vector<uint8_t> bytes(18, 0x55);  // 1, hence 0
  bytes[0] = 0, bytes[1] = 0x42;         // d = 3
  bytes[2] = 0xE4;                       // 0, 1, 2, 3, lowest bits first
  bytes[17] = 0x15;                      // 1, 1, 1, 0
  const std::vector<float> values = decode_bytes(DType::kQ2_0, bytes);
  EXPECT_EQ(values[0], -3.0f);
  EXPECT_EQ(values[1], 0.0f);
  EXPECT_EQ(values[2], 3.0f);
  EXPECT_EQ(values[3], 6.0f);
  for (size_t i = 4; i < 63; ++i) EXPECT_EQ(values[i], 0.0f) << i;
  EXPECT_EQ(values[63], -3.0f);
}

TEST(Plain, NumbersThatAFloatCannotHold) {
  const double doubles[] = {1e300, -1e300, 1e-300, 16777217.0, -0.0};
  float values[5];
  quant_traits(DType::kF64).dequantize_row(reinterpret_cast<const std::byte*>(doubles), values, 5);
  EXPECT_EQ(values[0], INFINITY);
  EXPECT_EQ(values[1], -INFINITY);
  EXPECT_EQ(values[2], 0.0f);
  EXPECT_EQ(values[3], 16777216.0f);  // halfway, to even
  EXPECT_EQ(bits_of(values[4]), 0x80000000u);
  const int64_t integers[] = {INT64_MIN, INT64_MAX, 16777219};
  quant_traits(DType::kI64).dequantize_row(reinterpret_cast<const std::byte*>(integers), values, 3);
  EXPECT_EQ(values[0], -0x1p63f);
  EXPECT_EQ(values[1], 0x1p63f);
  EXPECT_EQ(values[2], 16777220.0f);
}

TEST(Plain, HalvesThatAreNoNumbersStaySo) {
  const uint16_t halves[] = {0x7C00, 0xFC00, 0x7E00, 0x0001, 0x8000, 0x83FF};
  float values[6];
  quant_traits(DType::kF16).dequantize_row(reinterpret_cast<const std::byte*>(halves), values, 6);
  EXPECT_EQ(values[0], INFINITY);
  EXPECT_EQ(values[1], -INFINITY);
  EXPECT_TRUE(std::isnan(values[2]));
  EXPECT_EQ(values[3], 0x1p-24f);
  EXPECT_EQ(bits_of(values[4]), 0x80000000u);
  EXPECT_EQ(values[5], -1023 * 0x1p-24f);
}

}  // namespace
}  // namespace ingot::core
