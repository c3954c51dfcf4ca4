#include <algorithm>
#include <cmath>

#include "sampling/samplers.h"

namespace ingot::core {

void keep_min_p(float p, Candidates& candidates) {
  std::vector<Candidate>& items = candidates.items;
  // p(x) >= p * p(best) says the same about logits, without a softmax.
  const double threshold = static_cast<double>(candidates.best_logit()) + std::log(static_cast<double>(p));
  const auto below = [threshold](const Candidate& item) { return item.logit < threshold; };
  // What is sorted stays sorted: removal keeps the order, and those that go are at the end of the sorted part.
  const auto sorted_end = items.begin() + static_cast<std::ptrdiff_t>(candidates.n_sorted);
  candidates.n_sorted -= static_cast<size_t>(std::count_if(items.begin(), sorted_end, below));
  items.erase(std::remove_if(items.begin(), items.end(), below), items.end());
}

}  // namespace ingot::core
