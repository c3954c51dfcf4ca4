// Random weights of any type for tests of kernels.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "base/fp16.h"
#include "kernels/dispatch.h"
#include "tensor/quant_traits.h"

namespace ingot::core {

// The tables that are compared with the reference.
inline constexpr const char* kVectorTables[] = {"portable", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx_bf16"};

// Those of them that multiply with panels.
inline constexpr const char* kPanelTables[] = {"avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx_bf16"};

// Of the fast mode.
inline constexpr const char* kFastTables[] = {"avx2_fast", "avx512_fast", "avx512_vnni_fast", "avx512_bf16_fast"};

// Declares a table by name, or skips the test where this processor lacks it.
// NOLINTBEGIN(bugprone-macro-parentheses): what is declared stands no parentheses.
#define INGOT_TABLE_OR_SKIP(table, name)                         \
  const auto found_table = find_kernel_table(name);              \
  if (!found_table) GTEST_SKIP() << found_table.error().message; \
  const KernelTable& table = **found_table
// NOLINTEND(bugprone-macro-parentheses)

inline std::vector<DType> decodable_types() {
  std::vector<DType> types;
  for (const QuantTraits& traits : all_quant_traits()) {
    if (traits.dequantize_row != nullptr) types.push_back(traits.type);
  }
  return types;
}

inline std::vector<float> random_floats(std::mt19937& random, int64_t n) {
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(n));
  for (float& value : values) value = normal(random);
  return values;
}

template <typename T>
void append(std::vector<std::byte>& bytes, T value) {
  const size_t at = bytes.size();
  bytes.resize(at + sizeof(value));
  std::memcpy(bytes.data() + at, &value, sizeof(value));
}

// One block of any bits at all.
inline void append_random_bits(std::mt19937& random, const QuantTraits& traits, std::vector<std::byte>& bytes) {
  for (uint32_t i = 0; i < traits.block_bytes; ++i) bytes.push_back(static_cast<std::byte>(random()));
}

// One block whose values are finite and of the size of weights.
inline void append_block(std::mt19937& random, const QuantTraits& traits, std::vector<std::byte>& bytes) {
  const float value = std::normal_distribution<float>()(random);
  const auto integer = static_cast<int64_t>(random() % 15) - 7;
  switch (traits.type) {
    case DType::kF32:
      return append(bytes, value);
    case DType::kF64:
      return append(bytes, static_cast<double>(value));
    case DType::kF16:
      return append(bytes, float_to_fp16(value));
    case DType::kBF16:
      return append(bytes, float_to_bf16(value));
    case DType::kI8:
      return append(bytes, static_cast<int8_t>(integer));
    case DType::kI16:
      return append(bytes, static_cast<int16_t>(integer));
    case DType::kI32:
      return append(bytes, static_cast<int32_t>(integer));
    case DType::kI64:
      return append(bytes, integer);
    default:
      break;
  }
  std::vector<std::byte> block;
  std::vector<float> values(traits.block_values);
  const auto usable = [](float v) { return std::isfinite(v) && std::abs(v) < 100.0f; };
  do {
    block.clear();
    append_random_bits(random, traits, block);
    traits.dequantize_row(block.data(), values.data(), traits.block_values);
  } while (!std::all_of(values.begin(), values.end(), usable));
  bytes.insert(bytes.end(), block.begin(), block.end());
}

// (rows, cols) of a type; cols is a multiple of its block.
inline std::vector<std::byte> random_matrix(std::mt19937& random, DType type, int64_t rows, int64_t cols) {
  const QuantTraits& traits = quant_traits(type);
  std::vector<std::byte> bytes;
  for (int64_t block = 0; block < rows * (cols / traits.block_values); ++block) append_block(random, traits, bytes);
  return bytes;
}

}  // namespace ingot::core
