// What share of the memory's bandwidth a pattern of access gets, measured beside what is expected of it
// (profile/access_efficiency.h).
//
// What counts is the bytes asked for: floats at a distance of 16 have a cache line each to themselves, and cannot get
// more than a sixteenth of what reading in sequence gets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "profile/access_efficiency.h"
#include "threading/thread_pool.h"

namespace ingot::core {

struct AccessPattern {
  std::string name;  // "sequential", "strided 8", "random"
  Access access = Access::kSequential;
  int64_t stride_elements = 1;    // of floats
  double useful_bytes_per_s = 0;  // of the floats asked for, by all threads together
  double measured = 0;            // share of reading in sequence with the widest loads
  double expected = 0;            // share of the peak
};

struct AccessOptions {
  double budget_s = 1.0;
  int64_t max_buffer_bytes = 0;  // 0: what the last cache asks for
};

// Reading in sequence, at distances of 2, 8, 16, 32 and 64 floats, and anywhere; each the best of many short windows.
// Errors: kOutOfMemory without room for the buffer.
Result<std::vector<AccessPattern>> measure_access_patterns(ThreadPool& pool, const AccessOptions& options = {});

}  // namespace ingot::core
