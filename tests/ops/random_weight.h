// Weights of random blocks for tests of products.
#pragma once

#include "kernels/random_weights.h"
#include "make_ops.h"

namespace ingot::core {

// Its bytes live as long as the matrix.
inline WeightMatrix random_weight(CpuOps& ops, std::mt19937& random, DType type, int64_t rows, int64_t cols) {
  const auto bytes = std::make_shared<std::vector<std::byte>>(random_matrix(random, type, rows, cols));
  auto weight = ops.pack_weight({bytes->data(), type, 1, rows, cols, bytes, true});
  EXPECT_TRUE(weight.has_value());
  return *weight;
}

}  // namespace ingot::core
