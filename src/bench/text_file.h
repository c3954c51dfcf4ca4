// Text files that must never be half-written or lost: baselines and the benchmark log.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ingot::core {

// All of a regular file, of at most 256 MiB; never waits on a FIFO. Empty files are read as "".
Result<std::string> read_text_file(const std::string& path);

// Puts text in place of what the file held, if it is there: written beside it, forced to the disk, then renamed, so
// that a reader and a crash see the old file or the new one. Keeps the permissions of an existing file and follows
// symbolic links. Refuses what is not a regular file.
Status replace_text_file(const std::string& path, std::string_view text);

// Reads, edits and replaces the file; programs that do so at once wait for each other. A file that is not there reads
// as "". edit: the new text, or an error, upon which the file stays as it was.
Status edit_text_file(const std::string& path,
                      const std::function<Result<std::string>(std::string_view existing)>& edit);

}  // namespace ingot::core
