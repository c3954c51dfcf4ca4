// Every table decodes every type to the bits of the scalar decoders.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "random_weights.h"

namespace ingot::core {
namespace {

class Decoders : public testing::TestWithParam<const char*> {};

TEST_P(Decoders, EqualTheScalarOnesBitForBit) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  std::mt19937 random(1);
  constexpr float kCanary = 12345.0f;
  for (const DType type : decodable_types()) {
    const QuantTraits& traits = quant_traits(type);
    for (const int64_t n_blocks : {1, 2, 3, 5, 8, 15, 16, 17, 33, 200}) {
      const int64_t n_values = n_blocks * traits.block_values;
      std::vector<std::byte> bytes(1);  // blocks are unaligned in a file
      for (int64_t block = 0; block < n_blocks; ++block) append_random_bits(random, traits, bytes);
      std::vector<float> expected(static_cast<size_t>(n_values));
      std::vector<float> decoded(static_cast<size_t>(n_values) + 1, kCanary);
      traits.dequantize_row(bytes.data() + 1, expected.data(), n_values);
      table.decoder(type)(bytes.data() + 1, decoded.data(), n_values);
      EXPECT_EQ(decoded.back(), kCanary) << traits.name;
      for (size_t i = 0; i < expected.size(); ++i) {
        if (std::isnan(expected[i]) && std::isnan(decoded[i])) continue;
        ASSERT_EQ(std::bit_cast<uint32_t>(decoded[i]), std::bit_cast<uint32_t>(expected[i]))
            << traits.name << " value " << i << ": " << decoded[i] << " for " << expected[i];
      }
    }
  }
}

TEST_P(Decoders, EveryHalf) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  std::vector<uint16_t> halves(65536);
  for (size_t bits = 0; bits < halves.size(); ++bits) halves[bits] = static_cast<uint16_t>(bits);
  std::vector<float> decoded(halves.size());
  table.decoder(DType::kF16)(reinterpret_cast<const std::byte*>(halves.data()), decoded.data(), 65536);
  for (size_t bits = 0; bits < halves.size(); ++bits) {
    const float expected = fp16_to_float(halves[bits]);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(decoded[bits]));
      continue;
    }
    ASSERT_EQ(std::bit_cast<uint32_t>(decoded[bits]), std::bit_cast<uint32_t>(expected)) << bits;
  }
}

TEST_P(Decoders, HalvesAreRoundedToNearestEven) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  std::mt19937 random(2);
  std::vector<float> values;
  for (uint32_t half = 0; half < 0x7C00; ++half) {
    // A half, the middle to the next one, and the neighbours of that middle.
    const float low = fp16_to_float(static_cast<uint16_t>(half));
    const float high = half + 1 < 0x7C00 ? fp16_to_float(static_cast<uint16_t>(half + 1)) : 65536.0f;
    const float middle = (low + high) / 2;
    for (const float value : {low, middle, std::nextafter(middle, low), std::nextafter(middle, high)}) {
      values.push_back(value);
      values.push_back(-value);
    }
  }
  for (int i = 0; i < 100003; ++i) values.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  std::vector<uint16_t> encoded(values.size() + 1, 0xABCD);
  table.encode_f16(values.data(), static_cast<int64_t>(values.size()), encoded.data());
  EXPECT_EQ(encoded.back(), 0xABCD);
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(encoded[i], float_to_fp16(values[i])) << std::bit_cast<uint32_t>(values[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Decoders, testing::ValuesIn(kVectorTables),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ingot::core
