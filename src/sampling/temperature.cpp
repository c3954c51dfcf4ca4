#include "sampling/samplers.h"

namespace ingot::core {

void apply_temperature(float temperature, Candidates& candidates) {
  candidates.list();
  // Relative to the best, so that a tiny temperature gives -inf for the others and never inf - inf.
  const float best = candidates.best_logit();
  for (Candidate& item : candidates.items) item.logit = (item.logit - best) / temperature;
}

}  // namespace ingot::core
