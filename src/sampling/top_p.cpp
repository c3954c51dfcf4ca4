#include <algorithm>
#include <cmath>

#include "sampling/samplers.h"

namespace ingot::core {

void keep_top_p(float p, Candidates& candidates) {
  const double best = candidates.best_logit();
  const double enough = p * sum_weights(candidates.items, candidates.best_logit());
  double cumulative = 0.0;
  size_t n_kept = 0;
  while (n_kept < candidates.items.size() && (n_kept == 0 || cumulative < enough)) {
    // The nucleus is mostly a few dozen of a hundred thousand: sort only as far as it reaches.
    if (n_kept == candidates.n_sorted) candidates.sort_best(std::max<size_t>(64, 4 * n_kept));
    cumulative += std::exp(candidates.items[n_kept++].logit - best);
  }
  candidates.items.resize(n_kept);
  candidates.n_sorted = std::min(candidates.n_sorted, n_kept);
}

}  // namespace ingot::core
