// Describes any GGUF file, also one that cannot be run.
#pragma once

#include <string>

#include "base/result.h"
#include "ingot/inspect.h"

namespace ingot::core {

// Errors only for what is no GGUF file, or a damaged one.
Result<FileInfo> describe_file(const std::string& path, const InspectOptions& options);

}  // namespace ingot::core
