// Counts what the whole test program allocates with new. Link allocation_counter.cpp into it.
#pragma once

#include <cstdint>

namespace ingot::core {

int64_t count_allocations();  // since the program started; always 0 under a sanitizer

}  // namespace ingot::core
