// The names of the files of a split model: NAME-00001-of-00003.gguf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::core {

struct SplitName {
  std::string stem;  // what stands before "-00001-of-00003.gguf"
  int64_t part = 1;  // from 1
  int64_t n_parts = 1;
};

// Empty for a name of any other form. A path may stand in front.
std::optional<SplitName> parse_split_name(std::string_view name);
std::string split_part_name(const SplitName& name, int64_t part);

}  // namespace ingot::core
