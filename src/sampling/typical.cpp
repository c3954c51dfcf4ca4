#include <algorithm>
#include <cmath>
#include <limits>

#include "sampling/exp_weight.h"
#include "sampling/samplers.h"

namespace ingot::core {
namespace {

struct Surprising {
  double distance;  // |information content - entropy|
  double weight;
  Candidate item;
};

bool more_typical(const Surprising& a, const Surprising& b) {
  return a.distance != b.distance ? a.distance < b.distance : ranks_before(a.item, b.item);
}

}  // namespace

void keep_typical(float p, Candidates& candidates) {
  candidates.list();
  std::vector<Candidate>& items = candidates.items;
  const float best = candidates.best_logit();
  const double sum = sum_weights(items, best);
  // The information content of x is log_sum - (logit - best), in nats.
  const double log_sum = std::log(sum);
  double entropy = 0.0;
  for (const Candidate& item : items) {
    const double weight = exp_weight(item.logit - best);
    if (weight > 0.0) entropy += weight / sum * (log_sum - (static_cast<double>(item.logit) - best));
  }

  std::vector<Surprising> order;
  order.reserve(items.size());
  for (const Candidate& item : items) {
    const double surprise = log_sum - (static_cast<double>(item.logit) - best);
    order.push_back({std::abs(surprise - entropy), exp_weight(item.logit - best), item});
  }
  const double enough = p * sum;
  size_t n_sorted = 0;
  size_t n_kept = 0;
  double cumulative = 0.0;
  while (n_kept < order.size() && (n_kept == 0 || cumulative < enough)) {
    if (n_kept == n_sorted) {
      // As for top-p: sort only as far as it reaches.
      n_sorted = std::min(std::max<size_t>(64, 4 * n_kept), order.size());
      const auto first = order.begin() + static_cast<ptrdiff_t>(n_kept);
      const auto middle = order.begin() + static_cast<ptrdiff_t>(n_sorted);
      if (middle != order.end()) std::nth_element(first, middle, order.end(), more_typical);
      std::sort(first, middle, more_typical);
    }
    cumulative += order[n_kept++].weight;
  }
  items.clear();
  for (size_t rank = 0; rank < n_kept; ++rank) items.push_back(order[rank].item);
  candidates.sorted = false;
  candidates.sort();
}

}  // namespace ingot::core
