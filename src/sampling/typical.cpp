#include <algorithm>
#include <cmath>
#include <limits>

#include "sampling/samplers.h"

namespace ingot::core {

void keep_typical(float p, Candidates& candidates) {
  std::vector<Candidate>& items = candidates.items;
  const double best = candidates.best_logit();
  const double sum = sum_weights(items, candidates.best_logit());
  const double log_sum = std::log(sum);
  double entropy = 0.0;
  for (const Candidate& item : items) {
    const double log_p = item.logit - best - log_sum;
    if (std::isfinite(log_p)) entropy -= std::exp(log_p) * log_p;
  }

  struct Distance {
    double surprise;  // |information content - entropy|
    double probability;
    Candidate item;
  };
  std::vector<Distance> by_distance;
  by_distance.reserve(items.size());
  for (const Candidate& item : items) {
    const double log_p = item.logit - best - log_sum;
    const double surprise = std::isfinite(log_p) ? std::abs(-log_p - entropy) : std::numeric_limits<double>::infinity();
    by_distance.push_back({surprise, std::exp(log_p), item});
  }
  std::sort(by_distance.begin(), by_distance.end(), [](const Distance& a, const Distance& b) {
    return a.surprise != b.surprise ? a.surprise < b.surprise : ranks_before(a.item, b.item);
  });

  double cumulative = 0.0;
  size_t n_kept = 0;
  while (n_kept < by_distance.size() && (n_kept == 0 || cumulative < p)) {
    cumulative += by_distance[n_kept++].probability;
  }
  items.clear();
  for (size_t rank = 0; rank < n_kept; ++rank) items.push_back(by_distance[rank].item);
  std::sort(items.begin(), items.end(), ranks_before);
  candidates.n_sorted = items.size();
}

}  // namespace ingot::core
