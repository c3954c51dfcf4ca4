#include <algorithm>
#include <cmath>
#include <limits>

#include "sampling/samplers.h"

namespace ingot::core {
namespace {

double deviation_of(const std::vector<Candidate>& items) {
  double mean = 0.0;
  for (const Candidate& item : items) mean += static_cast<double>(item.logit) / static_cast<double>(items.size());
  double variance = 0.0;
  for (const Candidate& item : items) {
    const double distance = item.logit - mean;
    variance += distance * distance / static_cast<double>(items.size());
  }
  return std::sqrt(variance);
}

}  // namespace

void keep_top_n_sigma(float n, Candidates& candidates) {
  if (!candidates.is_whole_table()) candidates.list();
  const double deviation =
      candidates.table != nullptr ? candidates.table->moments().deviation : deviation_of(candidates.items);
  const double threshold = candidates.best_logit() - n * deviation;
  constexpr double kLowest = -std::numeric_limits<float>::max();
  candidates.keep_from(static_cast<float>(std::max(threshold, kLowest)));
}

}  // namespace ingot::core
