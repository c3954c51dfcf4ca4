#include <algorithm>
#include <vector>

#include "sampling/samplers.h"

namespace ingot::core {

void apply_penalties(const PenaltyParams& params, std::span<const int32_t> history, Candidates& candidates) {
  if (!params.active()) return;
  if (params.last_n > 0 && history.size() > static_cast<size_t>(params.last_n)) {
    history = history.last(static_cast<size_t>(params.last_n));
  }
  std::vector<int32_t> ids(history.begin(), history.end());
  std::sort(ids.begin(), ids.end());
  std::vector<float> counts;
  size_t n_ids = 0;
  for (const int32_t id : ids) {
    if (n_ids > 0 && ids[n_ids - 1] == id) {
      counts.back() += 1.0f;
    } else {
      ids[n_ids++] = id;
      counts.push_back(1.0f);
    }
  }
  ids.resize(n_ids);
  candidates.change_logits(ids, [&](size_t index, float logit) {
    const float scaled = logit > 0.0f ? logit / params.repeat : logit * params.repeat;
    return scaled - (counts[index] * params.frequency + params.presence);
  });
}

}  // namespace ingot::core
