#include "sampling/candidates.h"

#include <algorithm>
#include <cmath>

namespace ingot::core {

float Candidates::best_logit() const {
  if (n_sorted > 0) return items.front().logit;
  return std::max_element(items.begin(), items.end(),
                          [](const Candidate& a, const Candidate& b) { return a.logit < b.logit; })
      ->logit;
}

void Candidates::sort_best(size_t n) {
  n = std::min(n, items.size());
  if (n <= n_sorted) return;
  const auto first = items.begin() + static_cast<std::ptrdiff_t>(n_sorted);
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>(n);
  // Selecting first, then sorting what was selected, is linear in the vocabulary; partial_sort is not.
  if (middle != items.end()) std::nth_element(first, middle, items.end(), ranks_before);
  std::sort(first, middle, ranks_before);
  n_sorted = n;
}

void Candidates::keep_best(size_t n) {
  sort_best(n);
  if (n < items.size()) items.resize(n);
}

double sum_weights(std::span<const Candidate> items, float best_logit) {
  double sum = 0.0;
  for (const Candidate& item : items) sum += std::exp(static_cast<double>(item.logit) - best_logit);
  return sum;
}

}  // namespace ingot::core
