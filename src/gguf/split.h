// Split models: NAME-00001-of-00003.gguf and so on, each a GGUF file with a table of its own; the first one holds
// the metadata of the model. Keys: split.no (from 0), split.count, split.tensors.count (of all parts together).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "gguf/metadata.h"

namespace ingot::core {

struct SplitPlace {
  int64_t part = 0;     // from 0
  int64_t n_parts = 1;  // 1 where the model is not split
  std::optional<int64_t> n_tensors;
};

// Errors: a key of the wrong type or out of range.
Result<SplitPlace> read_split_place(const GgufMetadata& metadata);

// The path of another part of the split to which path belongs; empty where path is not named like a part (from 0)
// of n_parts.
std::optional<std::string> sibling_path(const std::string& path, const SplitPlace& place, int64_t sibling);

}  // namespace ingot::core
