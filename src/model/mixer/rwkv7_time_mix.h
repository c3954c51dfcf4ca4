// RWKV-7's mixer: every row against a state that holds what came before, a matrix for each head.
#pragma once

#include "model/step.h"

namespace ingot::core {

// Moves the states over the step's rows and returns what the heads read, normed and gated, (rows, time-mix width),
// before the output projection.
TensorView rwkv7_time_mix(Step& step, int64_t layer_idx, TensorView inner);

}  // namespace ingot::core
