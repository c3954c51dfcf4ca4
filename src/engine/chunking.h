// Ways to read a prompt, as text and checked.
#pragma once

#include <string_view>

#include "base/result.h"
#include "ingot/prefill.h"

namespace ingot::core {

inline constexpr int64_t kMostChunkTokens = int64_t{1} << 20;

// See ingot::parse_chunking.
Result<Chunking> parse_chunking(std::string_view text);
// Errors: a size or an overlap out of its range.
Status check_chunking(const Chunking& chunking);

}  // namespace ingot::core
