#include "sampling/mirostat.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace ingot::core {

// Least squares of log(p_i / p_(i+1)) = s * log((i + 1) / i) over neighbouring ranks; then equation 4 of the paper:
// k = ((s - 1) * 2^mu / (1 - n_vocab^(1 - s)))^(1 / s).
size_t Mirostat::count_by_zipf(const Candidates& candidates) {
  constexpr size_t kMostRanks = 100;
  if (candidates.table != nullptr) {
    best_.start(*candidates.table, candidates.scale);
  } else {
    best_ = candidates;
  }
  best_.keep_best(kMostRanks);
  const std::span<const Candidate> ranks = best_.items;
  const size_t n_ranks = ranks.size();
  const size_t n_items = candidates.table != nullptr ? candidates.table->size() : candidates.items.size();
  double products = 0.0;
  double squares = 0.0;
  for (size_t rank = 0; rank + 1 < n_ranks; ++rank) {
    const double step = std::log(static_cast<double>(rank + 2) / static_cast<double>(rank + 1));
    // The difference of logits is the logarithm of the probabilities' ratio.
    products += step * (static_cast<double>(ranks[rank].logit) - ranks[rank + 1].logit);
    squares += step * step;
  }
  if (squares == 0.0) return 1;
  const double s = products / squares;
  const double excess = s - 1.0;
  // At an exponent of 1 the quotient is 0 / 0; its limit is 1 / log(n_vocab).
  const double quotient =
      std::abs(excess) < 1e-9 ? 1.0 / std::log(std::max(2.0, n_vocab_)) : excess / (1.0 - std::pow(n_vocab_, -excess));
  const double k = std::pow(quotient * std::exp2(mu_), 1.0 / s);
  // Of equal logits s is 0, and k is whatever: nothing is cut then.
  if (!(k < static_cast<double>(n_items))) return n_items;
  return std::max<size_t>(1, static_cast<size_t>(k));
}

void Mirostat::truncate(Candidates& candidates) {
  if (candidates.has_least()) candidates.list();
  if (params_.version == 1) {
    const size_t count = count_by_zipf(candidates);
    candidates.list_best(count);
    std::vector<Candidate>& items = candidates.items;
    if (candidates.table != nullptr || count >= items.size()) return;
    ranks_ = items;
    const auto last = ranks_.begin() + static_cast<ptrdiff_t>(count - 1);
    std::nth_element(ranks_.begin(), last, ranks_.end(), ranks_before);
    std::erase_if(items, [least = *last](const Candidate& item) { return ranks_before(least, item); });
    return;
  }
  // Surprise above mu, in logits: log2(sum) - (logit - best) / ln(2) > mu.
  const float best = candidates.best_logit();
  const double sum =
      candidates.table != nullptr ? candidates.table->weigh(candidates.scale) : sum_weights(candidates.items, best);
  const double threshold = best + std::log(sum) - mu_ * std::log(2.0);
  candidates.keep_from(static_cast<float>(std::min(threshold, static_cast<double>(best))));
}

void Mirostat::observe(double p) {
  mu_ -= params_.eta * (-std::log2(p) - params_.tau);
}

}  // namespace ingot::core
