#include "sampling/chain.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ingot::core {
namespace {

// The comparison is false for a NaN, which is out of every range.
Status check_range(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return {};
  return invalid("{} is {}, expected {} to {}", name, value, low, high);
}

constexpr double kMaxFloat = std::numeric_limits<float>::max();

}  // namespace

Result<SamplingChain> SamplingChain::create(ChainParams params, int64_t n_vocab) {
  INGOT_TRY(check_range("repeat penalty", params.penalties.repeat, 1e-3, 1e3));
  INGOT_TRY(check_range("frequency penalty", params.penalties.frequency, -100, 100));
  INGOT_TRY(check_range("presence penalty", params.penalties.presence, -100, 100));
  INGOT_TRY(check_range("number of recent tokens that are penalised", params.penalties.last_n, -1,
                        std::numeric_limits<int>::max()));
  INGOT_TRY(check_range("top-k", params.top_k, 0, std::numeric_limits<int>::max()));
  INGOT_TRY(check_range("typical p", params.typical_p, 0, 1));
  INGOT_TRY(check_range("top-p", params.top_p, 0, 1));
  INGOT_TRY(check_range("min-p", params.min_p, 0, 1));
  INGOT_TRY(check_range("temperature", params.temperature, 0, 1e6));
  for (const auto& [id, bias] : params.logit_bias) {
    if (id < 0 || id >= n_vocab) return invalid("logit bias for token {}, expected 0 to {}", id, n_vocab - 1);
    if (bias != -std::numeric_limits<float>::infinity()) {
      INGOT_TRY(check_range("logit bias", bias, -kMaxFloat, kMaxFloat));
    }
  }
  return SamplingChain(std::move(params));
}

Status SamplingChain::collect(std::span<const float> logits, std::span<const int32_t> history) {
  adjusted_.assign(logits.begin(), logits.end());
  for (const auto& [id, bias] : params_.logit_bias) adjusted_[static_cast<size_t>(id)] += bias;
  apply_penalties(params_.penalties, history, adjusted_);
  candidates_.items.clear();
  candidates_.n_sorted = 0;
  for (size_t id = 0; id < adjusted_.size(); ++id) {
    const float logit = adjusted_[id];
    if (!(logit < std::numeric_limits<float>::infinity())) {
      return invalid("the model gave the logit {} for token {}: its file is damaged", logit, id);
    }
    if (logit > -std::numeric_limits<float>::infinity()) {
      candidates_.items.push_back({static_cast<int32_t>(id), logit});
    }
  }
  if (candidates_.items.empty()) return invalid("every token of the vocabulary is forbidden");
  return {};
}

Result<int32_t> SamplingChain::sample(std::span<const float> logits, std::span<const int32_t> history) {
  const bool adjusts = !params_.logit_bias.empty() || params_.penalties.active();
  if (params_.temperature == 0.0f && !adjusts) return greedy(logits);
  INGOT_TRY(collect(logits, history));
  if (params_.temperature == 0.0f) return greedy(adjusted_);

  if (params_.top_k > 0) keep_top_k(params_.top_k, candidates_);
  if (params_.typical_p < 1.0f) keep_typical(params_.typical_p, candidates_);
  if (params_.top_p < 1.0f) keep_top_p(params_.top_p, candidates_);
  if (params_.min_p > 0.0f) keep_min_p(params_.min_p, candidates_);
  apply_temperature(params_.temperature, candidates_);

  const float best = candidates_.best_logit();
  double left = rng_.next_unit() * sum_weights(candidates_.items, best);
  for (const Candidate& item : candidates_.items) {
    left -= std::exp(static_cast<double>(item.logit) - best);
    if (left < 0.0) return item.id;
  }
  // Rounding can leave a remainder; it belongs to the last one that has a probability at all.
  const auto last = std::find_if(candidates_.items.rbegin(), candidates_.items.rend(), [best](const Candidate& item) {
    return std::exp(static_cast<double>(item.logit) - best) > 0.0;
  });
  return last->id;
}

Result<int32_t> greedy(std::span<const float> logits) {
  size_t best = 0;
  bool finite = !logits.empty();
  for (size_t id = 0; id < logits.size(); ++id) {
    finite = finite && logits[id] < std::numeric_limits<float>::infinity();
    if (logits[id] > logits[best]) best = id;
  }
  if (!finite) return invalid("the model gave a logit that is no number: its file is damaged");
  if (logits[best] == -std::numeric_limits<float>::infinity())
    return invalid("every token of the vocabulary is forbidden");
  return static_cast<int32_t>(best);
}

}  // namespace ingot::core
