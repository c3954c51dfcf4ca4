// Operations and matrices for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/emulated_tiles.h"
#include "ops/cpu_ops.h"

namespace ingot::core {

inline constexpr const char* kAllTables[] = {"reference",   "portable",    "avx2",    "avx512",
                                             "avx512_vnni", "avx512_bf16", "amx_bf16"};

// With that of tiles, emulated.
inline constexpr const char* kTablesAndTiles[] = {"reference",   "portable",    "avx2",     "avx512",
                                                  "avx512_vnni", "avx512_bf16", "amx_bf16", "emulated_tiles"};
static_assert(std::size(kTablesAndTiles) == std::size(kAllTables) + 1);

inline std::unique_ptr<CpuOps> make_ops(const std::string& isa, int n_threads) {
  const bool emulated = isa == "emulated_tiles";
  if (emulated && !find_kernel_table("avx512_bf16")) return nullptr;
  auto ops = emulated ? CpuOps::create_with(emulated_tiles_table(), n_threads)
                      : CpuOps::create({.n_threads = n_threads, .isa = isa});
  return ops ? std::move(*ops) : nullptr;
}

// Declares operations on a table, or skips the test where this processor lacks it.
// NOLINTBEGIN(bugprone-macro-parentheses): what is declared stands no parentheses.
#define INGOT_OPS_OR_SKIP(ops, isa, n_threads)                                                         \
  const auto owned_##ops = make_ops(isa, n_threads);                                                   \
  if (owned_##ops == nullptr) GTEST_SKIP() << "instruction set " << (isa) << " is not available here"; \
  CpuOps& ops = *owned_##ops;                                                                          \
  ASSERT_STREQ(ops.kernels(), isa)
// NOLINTEND(bugprone-macro-parentheses)

struct Matrix {
  std::vector<float> values;
  int64_t rows = 0;
  int64_t cols = 0;

  Matrix(int64_t n_rows, int64_t n_cols) : values(static_cast<size_t>(n_rows * n_cols)), rows(n_rows), cols(n_cols) {}
  static Matrix random(std::mt19937& generator, int64_t n_rows, int64_t n_cols, float deviation = 1.0f) {
    Matrix matrix(n_rows, n_cols);
    std::normal_distribution<float> normal(0.0f, deviation);
    for (float& value : matrix.values) value = normal(generator);
    return matrix;
  }
  TensorView view() { return TensorView::matrix(values.data(), rows, cols); }
  float at(int64_t row, int64_t col) const { return values[static_cast<size_t>(row * cols + col)]; }
  float& at(int64_t row, int64_t col) { return values[static_cast<size_t>(row * cols + col)]; }
};

// F32 weights that share the matrix's memory.
inline WeightMatrix weight_of(CpuOps& ops, const Matrix& matrix, int64_t n_slices = 1) {
  HostTensor tensor;
  tensor.data = reinterpret_cast<const std::byte*>(matrix.values.data());
  tensor.type = DType::kF32;
  tensor.n_slices = n_slices;
  tensor.rows = matrix.rows / n_slices;
  tensor.cols = matrix.cols;
  auto weight = ops.pack_weight(tensor);
  EXPECT_TRUE(weight.has_value());
  return *weight;
}

}  // namespace ingot::core
