#include <algorithm>
#include <cmath>
#include <limits>

#include "sampling/samplers.h"

namespace ingot::core {

void keep_min_p(float p, Candidates& candidates) {
  // p(x) >= p * p(best) says the same about logits, without a softmax.
  const double threshold = static_cast<double>(candidates.best_logit()) + std::log(static_cast<double>(p));
  constexpr double kLowest = -std::numeric_limits<float>::max();
  candidates.keep_from(static_cast<float>(std::max(threshold, kLowest)));
}

}  // namespace ingot::core
