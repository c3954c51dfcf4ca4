// RWKV-7's feed-forward part: x += value relu(key shifted)^2, where shifted lies between a row and the one before it.
#pragma once

#include "model/step.h"

namespace ingot::core {

// Each row moved towards the one before it, (rows, dim); lies in step.hidden. The state then holds the last row.
TensorView shift_channels(Step& step, int64_t layer_idx, TensorView inner);

// step.x += the channel mix of those rows, which need not be all that were shifted.
void channel_mix(Step& step, int64_t layer_idx, TensorView shifted);

}  // namespace ingot::core
