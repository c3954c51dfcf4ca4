// A file of a few lines that another program wrote.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace ingot::core {

// All of a regular file. Errors: the system's; a file of more than max_bytes; a FIFO or a device, which is not opened.
// No message names the path.
Result<std::string> read_small_file(const std::string& path, int64_t max_bytes);

}  // namespace ingot::core
