#include <algorithm>
#include <limits>

#include "sampling/samplers.h"

namespace ingot::core {

void apply_temperature(float temperature, Candidates& candidates) {
  if (candidates.is_whole_table()) {
    // Nothing needs to be written: the draw, or whoever lists them, multiplies.
    candidates.start(*candidates.table, std::min(1.0f / temperature, std::numeric_limits<float>::max()));
    return;
  }
  candidates.list();
  // Relative to the best, so that a tiny temperature gives -inf for the others and never inf - inf.
  const float best = candidates.best_logit();
  for (Candidate& item : candidates.items) item.logit = (item.logit - best) / temperature;
}

}  // namespace ingot::core
