// Sums of weights over blocks of logits, with the widest vectors that this processor has: the same bits with all of
// them.
#pragma once

#include <cstddef>

namespace ingot::core {

// A token's weight is exp(distance) with distance = (logit - best) * scale, or 0 where the distance is below least.
// Preconditions: no logit is above best, which is finite; scale is above 0 and finite.
struct WeightRule {
  float best = 0.0f;
  float scale = 1.0f;
  float least = 0.0f;
};

struct WeightSums {
  float weights = 0.0f;
  float products = 0.0f;  // of weight and distance
};

// blocks: n_blocks of 64 logits each.
using WeighBlocks = void (*)(const float* const* blocks, size_t n_blocks, const WeightRule& rule, WeightSums& out_sums);

// Without products: they are left 0.
WeighBlocks weigh_blocks();
WeighBlocks weigh_blocks_with_products();

// Every pair that this processor can run, the one that is used last: for tests.
struct BlockWeighers {
  const char* name;
  WeighBlocks plain, with_products;
};
const BlockWeighers* block_weighers(size_t& out_n);

}  // namespace ingot::core
