// Files that are there whole or not at all.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"

namespace ingot::core {

// Writes beside the path, waits until the bytes are on the disk, and only then puts them in its place: whoever reads
// it, also after a crash, finds the old contents or the new ones. A new file is readable by its owner alone; an old one
// keeps its mode. A special file (a pipe, /dev/stdout) is written to directly. Errors: the system's, with the path;
// nothing is left behind then.
Status write_file_atomically(const std::string& path, std::span<const std::byte> bytes);

}  // namespace ingot::core
