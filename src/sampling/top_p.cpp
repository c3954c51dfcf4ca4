#include <algorithm>
#include <limits>

#include "sampling/exp_weight.h"
#include "sampling/samplers.h"

namespace ingot::core {
namespace {

// From the table to a list that the nucleus is part of: mostly a few hundred of a quarter of a million tokens are
// within e^4 of the best, and make up all but a little of the probability. Gives the sum of all weights.
double list_nucleus(float p, Candidates& candidates) {
  LogitTable& table = *candidates.table;
  const float scale = candidates.scale;
  const float best = candidates.best_logit();
  const double sum = table.weigh(scale);
  for (int step = 2; step <= 16; ++step) {
    const float distance = 2.0f * static_cast<float>(step);
    candidates.start(table, scale);
    candidates.list_from(std::max(best - distance, -std::numeric_limits<float>::max()));
    if (sum_weights(candidates.items, best) >= p * sum) return sum;
  }
  candidates.start(table, scale);
  candidates.list();
  return sum;
}

}  // namespace

void keep_top_p(float p, Candidates& candidates) {
  if (candidates.has_least()) candidates.list();
  const double sum = candidates.table != nullptr ? list_nucleus(p, candidates)
                                                 : sum_weights(candidates.items, candidates.best_logit());
  const double enough = p * sum;
  const float best = candidates.best_logit();
  std::vector<Candidate>& items = candidates.items;
  size_t n_sorted = candidates.sorted ? items.size() : 0;
  size_t n_kept = 0;
  double cumulative = 0.0;
  while (n_kept < items.size() && (n_kept == 0 || cumulative < enough)) {
    if (n_kept == n_sorted) {
      // Sort only as far as the nucleus reaches. Selecting first, then sorting what was selected, is linear.
      n_sorted = std::min(std::max<size_t>(64, 4 * n_kept), items.size());
      const auto first = items.begin() + static_cast<ptrdiff_t>(n_kept);
      const auto middle = items.begin() + static_cast<ptrdiff_t>(n_sorted);
      if (middle != items.end()) std::nth_element(first, middle, items.end(), ranks_before);
      std::sort(first, middle, ranks_before);
    }
    cumulative += exp_weight(items[n_kept++].logit - best);
  }
  items.resize(n_kept);
  candidates.sorted = true;
}

}  // namespace ingot::core
