// RWKV-7 checkpoints, under the names of BlinkDL's releases or those of flash-linear-attention.
#pragma once

#include <string>

#include "base/result.h"
#include "convert/checkpoint.h"
#include "convert/model_plan.h"

namespace ingot::core {

// Whether the tensors are those of an RWKV, of any version.
bool is_rwkv(const Checkpoint& checkpoint);

// vocabulary: the path of RWKV World's; empty: the one beside the checkpoint. Errors: another version of RWKV than 7,
// by its name; tensors that are missing, too many, or of another shape; the vocabulary's.
Result<ModelPlan> plan_rwkv7(const Checkpoint& checkpoint, MatrixType type, const std::string& vocabulary);

}  // namespace ingot::core
