// The passes over all logits of a step, in blocks of 64, with the widest vectors that this processor has: the same bits
// with all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ingot::core {

// A token's weight is 2^(distance/8) with distance = (logit - best) * scale, or 0 where the distance is below least.
// Preconditions: no logit is above best, which is finite; scale is above 0 and finite; kLeastEighths (exp_weight.h) <=
// least <= 0.
struct WeightRule {
  float best = 0.0f;
  float scale = 1.0f;
  float least = 0.0f;
  bool operator==(const WeightRule&) const = default;
};

struct WeightSums {
  float weights = 0.0f;
  float products = 0.0f;  // of weight and distance
};

// Of the logits that are no -infinity: how many, and their distances from the best.
struct MomentSums {
  float n_allowed = 0.0f;
  float distances = 0.0f;
  float squares = 0.0f;
};

struct BlockPasses {
  const char* name;
  // The maximum of each block. False: there is a NaN or +infinity among the logits, and the maxima mean nothing.
  bool (*scan)(const float* logits, size_t n_blocks, float* out_maxima);
  // Of one block: bit i says that logit i is at least threshold.
  uint64_t (*find)(const float* block, float threshold);
  // blocks: n_blocks of them. Without products these are left 0.
  void (*weigh)(const float* const* blocks, size_t n_blocks, const WeightRule& rule, WeightSums& out_sums);
  void (*weigh_with_products)(const float* const* blocks, size_t n_blocks, const WeightRule& rule,
                              WeightSums& out_sums);
  void (*sum_moments)(const float* const* blocks, size_t n_blocks, float best, MomentSums& out_sums);
};

// For this processor.
const BlockPasses& block_passes();
// All that it can run, for tests.
std::span<const BlockPasses> all_block_passes();

}  // namespace ingot::core
