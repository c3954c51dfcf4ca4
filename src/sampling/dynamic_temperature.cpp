#include <algorithm>
#include <cmath>

#include "sampling/exp_weight.h"
#include "sampling/samplers.h"

namespace ingot::core {

void apply_dynamic_temperature(float temperature, float range, float exponent, Candidates& candidates) {
  candidates.list();
  if (candidates.items.size() < 2) return;
  const float best = candidates.best_logit();
  const double sum = sum_weights(candidates.items, best);
  double entropy = 0.0;
  for (const Candidate& item : candidates.items) {
    const double p = exp_weight(item.logit - best) / sum;
    if (p > 0.0) entropy -= p * std::log(p);
  }
  const double evenness = std::clamp(entropy / std::log(static_cast<double>(candidates.items.size())), 0.0, 1.0);
  const double low = std::max(0.0, static_cast<double>(temperature) - range);
  const double high = static_cast<double>(temperature) + range;
  const auto dynamic = static_cast<float>(low + (high - low) * std::pow(evenness, exponent));
  if (dynamic > 0.0f) {
    apply_temperature(dynamic, candidates);
  } else {
    candidates.keep_best(1);
  }
}

}  // namespace ingot::core
