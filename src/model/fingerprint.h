// Tells one model file from another, for all that outlives a process: saved states, cached prefixes.
#pragma once

#include <cstdint>

#include "gguf/reader.h"

namespace ingot::core {

// XXH3 over the metadata, the tensor table, and some pages of each tensor. Not all weights are read (that would cost
// seconds), so a file altered by hand within a tensor may keep its fingerprint; another model never does.
uint64_t model_fingerprint(const GgufFile& file);

}  // namespace ingot::core
