// Reads back what `ingot bench --json` and `--format jsonl` print, from files that anybody may have written.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/result.h"

namespace ingot::core {

// One document is one run; lines of JSON are as many as have a time and a machine of their own, since a file may have
// been appended to, in the order in which they begin. Rows without samples are left out. file_name is for the error,
// which says what was expected.
Result<std::vector<BenchRun>> parse_results(std::string_view text, std::string_view file_name);

}  // namespace ingot::core
