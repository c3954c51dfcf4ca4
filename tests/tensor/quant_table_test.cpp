// The table of tensor types: ids, sizes, and the ids that it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tensor/quant_traits.h"

namespace ingot::core {
namespace {

using testing::HasSubstr;

struct TypeFacts {
  uint32_t id;
  std::string name;
  uint32_t block_values;
  uint32_t block_bytes;
};

// As the format's documents have them, written apart from the table of the program.
const TypeFacts kFacts[] = {
    {0, "F32", 1, 4},
    {1, "F16", 1, 2},
    {2, "Q4_0", 32, 18},
    {3, "Q4_1", 32, 20},
    {6, "Q5_0", 32, 22},
    {7, "Q5_1", 32, 24},
    {8, "Q8_0", 32, 34},
    {9, "Q8_1", 32, 36},
    {10, "Q2_K", 256, 84},
    {11, "Q3_K", 256, 110},
    {12, "Q4_K", 256, 144},
    {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},
    {15, "Q8_K", 256, 292},
    {16, "IQ2_XXS", 256, 66},
    {17, "IQ2_XS", 256, 74},
    {18, "IQ3_XXS", 256, 98},
    {19, "IQ1_S", 256, 50},
    {20, "IQ4_NL", 32, 18},
    {21, "IQ3_S", 256, 110},
    {22, "IQ2_S", 256, 82},
    {23, "IQ4_XS", 256, 136},
    {24, "I8", 1, 1},
    {25, "I16", 1, 2},
    {26, "I32", 1, 4},
    {27, "I64", 1, 8},
    {28, "F64", 1, 8},
    {29, "IQ1_M", 256, 56},
    {30, "BF16", 1, 2},
    {34, "TQ1_0", 256, 54},
    {35, "TQ2_0", 256, 66},
    {39, "MXFP4", 32, 17},
    {40, "NVFP4", 64, 36},
    {41, "Q1_0", 128, 18},
    {42, "Q2_0", 64, 18},
    {1001, "MXFP6_E2M3", 32, 25},
    {1002, "MXFP6_E3M2", 32, 25},
};

TEST(QuantTraitsTable, HasEveryTypeOnceInTheOrderOfIds) {
  ASSERT_EQ(all_quant_traits().size(), std::size(kFacts));
  for (size_t row = 0; row < std::size(kFacts); ++row) {
    const QuantTraits& traits = all_quant_traits()[row];
    const TypeFacts& facts = kFacts[row];
    EXPECT_EQ(static_cast<uint32_t>(traits.type), facts.id);
    EXPECT_EQ(traits.name, facts.name);
    EXPECT_EQ(traits.block_values, facts.block_values) << facts.name;
    EXPECT_EQ(traits.block_bytes, facts.block_bytes) << facts.name;
    EXPECT_TRUE((traits.dequantize_row != nullptr) != (traits.refusal != nullptr)) << facts.name;
    EXPECT_EQ(&quant_traits(traits.type), &traits);
    EXPECT_EQ(find_quant_traits(facts.id).value(), &traits);
  }
}

TEST(QuantTraitsTable, RowBytes) {
  EXPECT_EQ(row_bytes(quant_traits(DType::kQ4_K), 512), 288);
  EXPECT_EQ(row_bytes(quant_traits(DType::kF16), 3), 6);
  EXPECT_EQ(row_bytes(quant_traits(DType::kQ8_0), 0), 0);
}

TEST(QuantTraitsRefusal, RemovedTypesByTheirNames) {
  const std::map<uint32_t, std::string> removed = {{4, "Q4_2"},        {5, "Q4_3"},       {31, "Q4_0_4_4"},
                                                   {32, "Q4_0_4_8"},   {33, "Q4_0_8_8"},  {36, "IQ4_NL_4_4"},
                                                   {37, "IQ4_NL_4_8"}, {38, "IQ4_NL_8_8"}};
  for (const auto& [id, name] : removed) {
    const auto result = find_quant_traits(id);
    ASSERT_FALSE(result.has_value()) << id;
    EXPECT_EQ(result.error().kind, ErrorKind::kUnsupported);
    EXPECT_THAT(result.error().message, HasSubstr(std::to_string(id) + " (" + name + ") was removed"));
  }
}

TEST(QuantTraitsRefusal, TypesOfIkLlama) {
  for (const uint32_t id : {97u, 98u, 158u, 200u, 337u, 399u}) {
    const auto result = find_quant_traits(id);
    ASSERT_FALSE(result.has_value()) << id;
    EXPECT_THAT(result.error().message, HasSubstr("tensor type " + std::to_string(id) + " belongs to ik_llama.cpp"));
  }
}

TEST(QuantTraitsRefusal, UnknownTypes) {
  for (const uint32_t id : {43u, 96u, 159u, 199u, 400u, 1000u, 1003u, 0xFFFFFFFFu}) {
    const auto result = find_quant_traits(id);
    ASSERT_FALSE(result.has_value()) << id;
    EXPECT_THAT(result.error().message, HasSubstr("tensor type " + std::to_string(id) + " is unknown"));
  }
}

// Each id is either decoded or refused in so many words.
TEST(QuantTraitsRefusal, NoIdIsSilent) {
  size_t n_known = 0;
  for (uint32_t id = 0; id < 2000; ++id) {
    const auto result = find_quant_traits(id);
    if (result.has_value()) {
      ++n_known;
    } else {
      EXPECT_THAT(result.error().message, HasSubstr(std::to_string(id)));
    }
  }
  EXPECT_EQ(n_known, std::size(kFacts));
}

}  // namespace
}  // namespace ingot::core
