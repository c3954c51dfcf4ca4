#include "sampling/logit_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "base/check.h"
#include "sampling/exp_weight.h"

namespace ingot::core {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

tl::unexpected<Error> damaged(std::span<const float> logits) {
  size_t id = 0;
  while (id < logits.size() && logits[id] < kInfinity) ++id;
  return invalid("the model gave the logit {} for token {}: its file is damaged", logits[id], id);
}

}  // namespace

float finite_logit(float logit) {
  constexpr float kMost = std::numeric_limits<float>::max();
  // The comparison is written so that a NaN becomes the lowest.
  return logit > -kMost ? std::min(logit, kMost) : -kMost;
}

Status LogitTable::load(std::span<const float> logits) {
  logits_ = logits;
  const size_t n_blocks = (logits.size() + kBlock - 1) / kBlock;
  maxima_.resize(n_blocks);
  patch_of_.assign(n_blocks, -1);
  patches_.clear();
  forget();
  const size_t n_whole = logits.size() / kBlock;
  bool valid = block_passes().scan(logits.data(), n_whole, maxima_.data());
  if (n_whole < n_blocks) valid = block_passes().scan(patch(n_whole), 1, &maxima_[n_whole]) && valid;
  if (!valid) return damaged(logits);
  return {};
}

std::span<const float, LogitTable::kBlock> LogitTable::block_logits(size_t block) const {
  const int32_t at = patch_of_[block];
  const float* logits = at < 0 ? logits_.data() + block * kBlock : patches_.data() + static_cast<size_t>(at) * kBlock;
  return std::span<const float, kBlock>(logits, kBlock);
}

float* LogitTable::patch(size_t block) {
  if (patch_of_[block] < 0) {
    patch_of_[block] = static_cast<int32_t>(patches_.size() / kBlock);
    const size_t begin = block * kBlock;
    const size_t end = std::min(begin + kBlock, logits_.size());
    patches_.insert(patches_.end(), logits_.begin() + static_cast<ptrdiff_t>(begin),
                    logits_.begin() + static_cast<ptrdiff_t>(end));
    patches_.insert(patches_.end(), begin + kBlock - end, -kInfinity);
  }
  return patches_.data() + static_cast<size_t>(patch_of_[block]) * kBlock;
}

void LogitTable::update_maximum(size_t block) {
  block_passes().scan(block_logits(block).data(), 1, &maxima_[block]);
}

void LogitTable::forget() {
  best_.reset();
  sum_.reset();
}

float LogitTable::get(int32_t id) const {
  const auto index = static_cast<size_t>(id);
  const size_t block = index / kBlock;
  return maxima_[block] == -kInfinity ? -kInfinity : block_logits(block)[index % kBlock];
}

void LogitTable::set(int32_t id, float logit) {
  if (get(id) != -kInfinity) put(id, finite_logit(logit));
}

void LogitTable::forbid(int32_t id) {
  if (get(id) != -kInfinity) put(id, -kInfinity);
}

void LogitTable::put(int32_t id, float logit) {
  const size_t block = static_cast<size_t>(id) / kBlock;
  float& place = patch(block)[static_cast<size_t>(id) % kBlock];
  const float before = std::exchange(place, logit);
  forget();
  if (logit >= maxima_[block]) {
    maxima_[block] = logit;
  } else if (before == maxima_[block]) {
    update_maximum(block);
  }
}

void LogitTable::allow_only(std::span<const uint64_t> allowed) {
  INGOT_CHECK(allowed.size() >= maxima_.size(), "the mask has fewer words than the vocabulary needs");
  forget();
  for (size_t block = 0; block < maxima_.size(); ++block) {
    const uint64_t word = allowed[block];
    if (word == ~uint64_t{0}) continue;
    if (word == 0) {
      // Nobody looks into a block whose maximum is below every threshold.
      maxima_[block] = -kInfinity;
      continue;
    }
    float* logits = patch(block);
    for (size_t bit = 0; bit < kBlock; ++bit) {
      if ((word >> bit & 1U) == 0) logits[bit] = -kInfinity;
    }
    update_maximum(block);
  }
}

float LogitTable::best() const {
  if (best_) return *best_;
  // The maxima are themselves blocks of numbers, whose maxima are found as quickly.
  float best = -kInfinity;
  const size_t n_whole = maxima_.size() / kBlock;
  for (size_t at = 0; at < n_whole; ++at) {
    float maximum = -kInfinity;
    block_passes().scan(maxima_.data() + at * kBlock, 1, &maximum);
    best = std::max(best, maximum);
  }
  for (size_t block = n_whole * kBlock; block < maxima_.size(); ++block) best = std::max(best, maxima_[block]);
  best_ = best;
  return best;
}

int32_t LogitTable::best_id() const {
  const auto block = static_cast<size_t>(std::find(maxima_.begin(), maxima_.end(), best()) - maxima_.begin());
  const auto logits = block_logits(block);
  const auto place = std::find(logits.begin(), logits.end(), maxima_[block]);
  return static_cast<int32_t>(block * kBlock + static_cast<size_t>(place - logits.begin()));
}

float LogitTable::bound_of_best(size_t n) {
  constexpr float kLowest = -std::numeric_limits<float>::max();
  if (n == 0 || n > maxima_.size()) return kLowest;
  // A heap of the n greatest: nearly every maximum is turned away by its first comparison.
  best_maxima_.assign(maxima_.begin(), maxima_.begin() + static_cast<ptrdiff_t>(n));
  std::make_heap(best_maxima_.begin(), best_maxima_.end(), std::greater<>());
  for (size_t block = n; block < maxima_.size(); ++block) {
    if (maxima_[block] <= best_maxima_.front()) continue;
    std::pop_heap(best_maxima_.begin(), best_maxima_.end(), std::greater<>());
    best_maxima_.back() = maxima_[block];
    std::push_heap(best_maxima_.begin(), best_maxima_.end(), std::greater<>());
  }
  return std::max(best_maxima_.front(), kLowest);
}

size_t LogitTable::group_blocks(size_t first, const WeightRule& rule,
                                std::span<const float*, kGroup> out_blocks) const {
  size_t n_blocks = 0;
  for (size_t block = first; block < std::min(first + kGroup, maxima_.size()); ++block) {
    // Where all are forbidden the logits themselves may be what they were.
    if (maxima_[block] > -kInfinity && (maxima_[block] - rule.best) * rule.scale >= rule.least)
      out_blocks[n_blocks++] = block_logits(block).data();
  }
  return n_blocks;
}

template <typename Visit>
void LogitTable::weigh_groups(const WeightRule& rule, decltype(BlockPasses::weigh) add_up, Visit&& visit) {
  rule_ = rule;
  sum_.reset();
  group_sums_.clear();
  for (size_t first = 0; first < maxima_.size(); first += kGroup) {
    std::array<const float*, kGroup> blocks;
    const size_t n_blocks = group_blocks(first, rule, blocks);
    WeightSums sums;
    if (n_blocks > 0) add_up(blocks.data(), n_blocks, rule, sums);
    group_sums_.push_back(sums.weights);
    visit(sums);
  }
}

WeightRule LogitTable::rule_in_eighths(float scale, float least) const {
  constexpr float kMost = std::numeric_limits<float>::max();
  return {best(), std::min(scale * kEighthsPerUnit, kMost), std::max(least * kEighthsPerUnit, kLeastEighths)};
}

double LogitTable::weigh(float scale, float least) {
  const WeightRule rule = rule_in_eighths(scale, least);
  if (sum_ && rule == rule_) return *sum_;
  double sum = 0.0;
  weigh_groups(rule, block_passes().weigh, [&sum](const WeightSums& sums) { sum += sums.weights; });
  sum_ = sum;
  return sum;
}

LogitTable::Expected LogitTable::weigh_with_mean(float scale) {
  double sum = 0.0;
  double products = 0.0;
  weigh_groups(rule_in_eighths(scale, kLeastDistance), block_passes().weigh_with_products, [&](const WeightSums& sums) {
    sum += sums.weights;
    products += sums.products;
  });
  return {sum, products / sum / kEighthsPerUnit};
}

LogitTable::Drawn LogitTable::token_at(double mass) const {
  size_t group = 0;
  while (group < group_sums_.size() && mass >= group_sums_[group]) mass -= group_sums_[group++];
  if (group == group_sums_.size()) {
    do {
      --group;
    } while (group_sums_[group] == 0.0f);
    mass = group_sums_[group];
  }
  Drawn drawn;
  for (size_t block = group * kGroup; block < std::min((group + 1) * kGroup, maxima_.size()); ++block) {
    if (maxima_[block] == -kInfinity) continue;
    const auto logits = block_logits(block);
    for (size_t index = 0; index < kBlock; ++index) {
      const float distance = (logits[index] - rule_.best) * rule_.scale;
      const double weight = distance >= rule_.least ? exp2_eighths<float, uint32_t>(distance) : 0.0f;
      if (weight == 0.0) continue;
      drawn = {static_cast<int32_t>(block * kBlock + index), weight};
      mass -= weight;
      if (mass < 0.0) return drawn;
    }
  }
  return drawn;
}

LogitTable::Moments LogitTable::moments() const {
  // Relative to the best: what is summed is small.
  const float best_logit = best();
  double n_allowed = 0.0;
  double sum = 0.0;
  double squares = 0.0;
  for (size_t first = 0; first < maxima_.size(); first += kGroup) {
    std::array<const float*, kGroup> blocks;
    const size_t n_blocks = group_blocks(first, {best_logit, 1.0f, -kInfinity}, blocks);
    MomentSums sums;
    if (n_blocks > 0) block_passes().sum_moments(blocks.data(), n_blocks, best_logit, sums);
    n_allowed += sums.n_allowed;
    sum += sums.distances;
    squares += sums.squares;
  }
  const double mean = sum / n_allowed;
  const double variance = squares / n_allowed - mean * mean;
  // The square of a distance beyond 1e19 is beyond a float.
  if (!std::isfinite(variance)) return exact_moments();
  return {mean + best_logit, std::sqrt(std::max(0.0, variance))};
}

LogitTable::Moments LogitTable::exact_moments() const {
  double n_allowed = 0.0;
  double mean = 0.0;
  double squares = 0.0;  // of the distances from the mean so far (Welford 1962)
  for_each_block(-std::numeric_limits<float>::max(), [&](int32_t, std::span<const float, kBlock> logits) {
    for (const float logit : logits) {
      if (logit == -kInfinity) continue;
      n_allowed += 1.0;
      const double distance = logit - mean;
      mean += distance / n_allowed;
      squares += distance * (logit - mean);
    }
  });
  return {mean, std::sqrt(squares / n_allowed)};
}

}  // namespace ingot::core
