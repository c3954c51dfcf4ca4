#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "sampling/exp_weight.h"
#include "sampling/samplers.h"

namespace ingot::core {
namespace {

// The information content of a token is log(sum) - x, where x = logit - best and sum is that of all weights exp(x); the
// entropy is the mean of it, log(sum) - mean(x). What they differ by is the distance of x from its mean.
struct Distribution {
  double sum = 0.0;
  double mean = 0.0;
};

struct Distant {
  double distance;
  double weight;
  Candidate item;
};

bool more_typical(const Distant& a, const Distant& b) {
  return a.distance != b.distance ? a.distance < b.distance : ranks_before(a.item, b.item);
}

Distribution distribution_of(std::span<const Candidate> items, float best) {
  Distribution all{sum_weights(items, best), 0.0};
  for (const Candidate& item : items) {
    const double weight = exp_weight(item.logit - best);
    if (weight > 0.0) all.mean += weight / all.sum * (static_cast<double>(item.logit) - best);
  }
  return all;
}

// From the table to a list of the tokens within a distance of the mean, wide enough to hold what p asks for.
Distribution list_typical(float p, Candidates& candidates) {
  LogitTable& table = *candidates.table;
  const float scale = candidates.scale;
  const float best = candidates.best_logit();
  const LogitTable::Expected weighed = table.weigh_with_mean(scale);
  const double sum = weighed.sum;
  const double mean = weighed.mean;
  for (const double distance : {0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0}) {
    candidates.start(table, scale);
    const double least = std::min(mean, 0.0) + best - distance;
    candidates.list_from(
        static_cast<float>(std::max(least, static_cast<double>(std::numeric_limits<float>::lowest()))));
    std::erase_if(candidates.items, [&](const Candidate& item) {
      return std::abs(static_cast<double>(item.logit) - best - mean) > distance;
    });
    if (!candidates.items.empty() && sum_weights(candidates.items, best) >= p * sum) return {sum, mean};
  }
  candidates.start(table, scale);
  candidates.list();
  return {sum, mean};
}

}  // namespace

void keep_typical(float p, Candidates& candidates) {
  if (candidates.has_least()) candidates.list();
  const float best = candidates.best_logit();
  const auto [sum, mean] =
      candidates.table != nullptr ? list_typical(p, candidates) : distribution_of(candidates.items, best);
  std::vector<Candidate>& items = candidates.items;
  std::vector<Distant> order;
  order.reserve(items.size());
  for (const Candidate& item : items) {
    const double distance = std::abs(static_cast<double>(item.logit) - best - mean);
    order.push_back({distance, exp_weight(item.logit - best), item});
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
