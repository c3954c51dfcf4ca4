#include <algorithm>
#include <vector>

#include "sampling/samplers.h"

namespace ingot::core {

void apply_penalties(const PenaltyParams& params, std::span<const int32_t> history, std::span<float> logits) {
  if (!params.active()) return;
  if (params.last_n > 0 && history.size() > static_cast<size_t>(params.last_n)) {
    history = history.last(static_cast<size_t>(params.last_n));
  }
  std::vector<int32_t> recent(history.begin(), history.end());
  std::sort(recent.begin(), recent.end());
  for (auto run = recent.begin(); run != recent.end();) {
    const int32_t id = *run;
    const auto next = std::upper_bound(run, recent.end(), id);
    const auto count = static_cast<float>(next - run);
    run = next;
    if (id < 0 || static_cast<size_t>(id) >= logits.size()) continue;
    float& logit = logits[static_cast<size_t>(id)];
    logit = logit > 0.0f ? logit / params.repeat : logit * params.repeat;
    logit -= count * params.frequency + params.presence;
  }
}

}  // namespace ingot::core
