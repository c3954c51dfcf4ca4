// A mixture of experts: each token passes the few that a router chooses, and a shared one where there is one.
#pragma once

#include "model/step.h"

namespace ingot::core {

// (rows, dim): what the experts add; lies in step.branch.
TensorView moe_ffn(Step& step, const FfnSpec& spec, const LayerWeights& w, TensorView inner);

}  // namespace ingot::core
