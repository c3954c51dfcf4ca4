// ingot bench --ceilings.
#pragma once

#include <cstdint>
#include <vector>

namespace ingot::cli {

// Measures the limits of this machine anew for each number of threads (0: one per physical core), prints and remembers
// them. Gives the exit code.
int show_ceilings(const std::vector<int64_t>& threads, bool json);

}  // namespace ingot::cli
