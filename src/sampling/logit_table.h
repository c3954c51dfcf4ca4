// The logits of a step, with the maximum of every 64 of them.
//
// Of a quarter of a million tokens a draw is about a few dozen. One pass, which vectorises, checks all logits and finds
// the maximum of each block; after it the best token, all tokens above a threshold, and a bound that the k best lie
// above are found by looking at some thousand maxima and the few blocks that matter. The k-th greatest maximum is
// such a bound: k blocks hold a logit that is no less.
//
// The model's logits are not copied. A block in which one is changed gets a copy of its own (a patch), as does the
// last one, which is filled up with -infinity.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "sampling/block_passes.h"

namespace ingot::core {

// What a logit may be changed to: at most the greatest float and at least the lowest, since only forbid() forbids.
float finite_logit(float logit);

class LogitTable {
 public:
  static constexpr size_t kBlock = 64;  // and the tokens of one word of a mask

  // Refers to logits until the next load. Errors: a NaN or +infinity among them, with its token.
  Status load(std::span<const float> logits);

  size_t size() const { return logits_.size(); }
  // Precondition of all three: id in range. A token that is forbidden (-infinity) stays so.
  float get(int32_t id) const;
  void set(int32_t id, float logit);
  void forbid(int32_t id);
  // Forbids token t unless bit t % 64 of word t / 64 is set. Precondition: a word for every 64 tokens.
  void allow_only(std::span<const uint64_t> allowed);

  // -infinity where all are forbidden.
  float best() const;
  // Of equal ones the lowest. Precondition: one is allowed.
  int32_t best_id() const;
  // At least min(n, allowed) of the logits are no less than this, and it is no infinity.
  float bound_of_best(size_t n);

  // The sum of all weights, each exp(distance) with distance = (logit - best()) * scale, but 0 where the distance is
  // below least. Preconditions: a token is allowed; scale is above 0 and finite.
  double weigh(float scale, float least = -std::numeric_limits<float>::infinity());
  // As weigh(), and the mean of the distance over the distribution that these weights make.
  struct Expected {
    double sum = 0.0;
    double mean = 0.0;
  };
  Expected weigh_with_mean(float scale);
  // The token in whose weight this much of the sum lies, all tokens in a row by their ids; of a remainder that rounding
  // left, the last one that has a weight. Precondition: weigh() was called last; 0 <= mass.
  struct Drawn {
    int32_t id = 0;
    double weight = 0.0;
  };
  Drawn token_at(double mass) const;
  struct Moments {
    double mean = 0.0;
    double deviation = 0.0;  // of the population
  };
  // Of the logits that are allowed. Precondition: one is.
  Moments moments() const;

  // visit(first_id, logits) for the blocks that hold a logit of at least threshold, in the order of ids. What is beyond
  // the vocabulary is -infinity.
  template <typename Visit>
  void for_each_block(float threshold, Visit&& visit) const {
    for (size_t block = 0; block < maxima_.size(); ++block) {
      if (maxima_[block] >= threshold) visit(static_cast<int32_t>(block * kBlock), block_logits(block));
    }
  }

 private:
  // Blocks that are summed as one: adding up the lanes costs as much as a few of their steps.
  static constexpr size_t kGroup = 8;

  WeightRule rule_in_eighths(float scale, float least) const;
  // Those of the group that begins with this block in which a token is allowed and not below the rule's least.
  size_t group_blocks(size_t first, const WeightRule& rule, std::span<const float*, kGroup> out_blocks) const;
  Moments exact_moments() const;
  template <typename Visit>
  void weigh_groups(const WeightRule& rule, decltype(BlockPasses::weigh) add_up, Visit&& visit);
  std::span<const float, kBlock> block_logits(size_t block) const;
  float* patch(size_t block);
  void put(int32_t id, float logit);
  void update_maximum(size_t block);
  // After a logit changed.
  void forget();

  std::span<const float> logits_;  // (n_vocab)
  std::vector<float> maxima_;      // (n_blocks)
  std::vector<int32_t> patch_of_;  // (n_blocks), -1: none
  std::vector<float> patches_;     // (n_patches, kBlock)
  std::vector<float> best_maxima_;
  // Of the last weigh(): the sums of groups of blocks, in their order, and the rule.
  std::vector<float> group_sums_;
  WeightRule rule_;
  // What is known until a logit changes: asked for several times in one draw.
  mutable std::optional<float> best_;
  std::optional<double> sum_;  // of the last weigh()
};

}  // namespace ingot::core
