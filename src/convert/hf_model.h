// The folder of a Hugging Face model: config.json says what it is, safetensors what it weighs, tokenizer.json how it
// reads.
#pragma once

#include <string>

#include "base/result.h"
#include "convert/checkpoint.h"
#include "convert/model_plan.h"

namespace ingot::core {

// Errors: a class, a setting, a tensor or a tokenizer that cannot be converted, by name; a file that is missing.
Result<ModelPlan> plan_hf_model(const Checkpoint& checkpoint, MatrixType type);

// The classes that can be converted, separated by ", ".
std::string hf_class_names();

}  // namespace ingot::core
