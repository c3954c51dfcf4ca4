// Attention of every row over the rows of its own sequence before it.
#pragma once

#include "model/step.h"

namespace ingot::core {

// Writes keys and values of the step's rows into the states and returns what the heads saw, (rows, n_heads *
// value_dim), before the output projection.
TensorView attention_mixer(Step& step, int64_t layer_idx, const LinearInput& input);

}  // namespace ingot::core
