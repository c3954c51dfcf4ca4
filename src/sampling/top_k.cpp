#include "sampling/samplers.h"

namespace ingot::core {

void keep_top_k(int k, Candidates& candidates) {
  candidates.keep_best(static_cast<size_t>(k));
}

}  // namespace ingot::core
