// Describes any GGUF file, also one that cannot be run.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "ingot/inspect.h"
#include "model/model_spec.h"

namespace ingot::core {

// Errors only for what is no GGUF file, or a damaged one.
Result<FileInfo> describe_file(const std::string& path, const InspectOptions& options);

// What each layer computes, in words; runs of layers that are alike share a line.
std::vector<std::string> describe_plan(const ModelSpec& spec);

}  // namespace ingot::core
