// Every file of a folder and its subfolders that a predicate wants, within bounds: links that lead round in circles,
// folders that nobody may read and folders of a million files are met in real homes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::core {

struct WalkBounds {
  int max_depth = 8;
  int64_t max_entries = 50'000;  // of all folders together, before the predicate
  int64_t max_files = 2'000;     // wanted ones
};

struct Walk {
  std::vector<std::string> files;  // sorted by folder, then by name
  std::vector<std::string> notes;  // what was not looked at, and why; one line each
};

// Links are followed, each folder is entered once, names that begin with a dot are left out, and so is what lies in
// one of `others` (real paths): it belongs to another place. A folder that is not there is empty. What vanishes
// meanwhile was not there.
Walk walk_folder(const std::string& folder, const std::function<bool(std::string_view name)>& wanted,
                 const std::vector<std::string>& others = {}, const WalkBounds& bounds = {});

}  // namespace ingot::core
