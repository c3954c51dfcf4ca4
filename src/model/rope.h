// From a RopeSpec to the frequencies that ops rotate by, with every scaling already in them.
#pragma once

#include <span>

#include "model/model_spec.h"
#include "model/weights.h"

namespace ingot::core {

// divisors: (rotary_dim / 2), of Llama 3 or long-rope, or empty.
RopeTable make_rope_table(const RopeSpec& spec, std::span<const float> divisors);

// Which of long-rope's two sets of divisors serves a context of n_context positions: the long one is for contexts
// beyond what the model was first trained on. A sequence keeps one set for all its life, since the keys in its
// cache have been turned by it.
inline bool needs_long_factors(const RopeSpec& spec, int64_t n_context) {
  return n_context > spec.original_context;
}

}  // namespace ingot::core
