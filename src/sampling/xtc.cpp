#include <algorithm>

#include "sampling/exp_weight.h"
#include "sampling/samplers.h"

namespace ingot::core {

void exclude_top_choices(float threshold, Candidates& candidates) {
  candidates.list();
  const float best = candidates.best_logit();
  const double enough = threshold * sum_weights(candidates.items, best);
  const auto is_top = [&](const Candidate& item) { return exp_weight(item.logit - best) >= enough; };
  const Candidate* least = nullptr;
  for (const Candidate& item : candidates.items) {
    if (is_top(item) && (least == nullptr || ranks_before(*least, item))) least = &item;
  }
  if (least == nullptr) return;
  const Candidate stays = *least;
  std::erase_if(candidates.items, [&](const Candidate& item) { return ranks_before(item, stays); });
}

}  // namespace ingot::core
