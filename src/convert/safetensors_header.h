// The JSON header of a safetensors file, from text to entries. Whatever it claims is still to be held to the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ingot::core {

struct SafetensorsEntry {
  std::string name;
  std::string type = {};
  std::vector<int64_t> shape = {};         // no entry is negative
  std::vector<int64_t> data_offsets = {};  // likewise
};

// Errors: no JSON; another structure than the format's; a name or a field that comes twice.
Result<std::vector<SafetensorsEntry>> read_safetensors_header(std::string_view text);

}  // namespace ingot::core
