// The time that this thread has computed. Bounds of tests are held against it: what a neighbour on a busy machine
// takes away is not the fault of the code under test.
#pragma once

#include <ctime>

namespace ingot::core {

inline double thread_cpu_seconds() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace ingot::core
