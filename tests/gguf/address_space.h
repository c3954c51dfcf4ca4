// Holds the process to a limit of memory while a test runs something that a malformed file may make greedy.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>

#include "base/sanitizer.h"

namespace ingot::core::test {

// What the project promises for malformed input: 1 GB of address space, 2 s.
inline constexpr uint64_t kMaxExtraBytes = 1'000'000'000;
inline constexpr double kMaxSeconds = 2.0;

// Sanitizers map terabytes of shadow memory: under them the limit is not set.
#if INGOT_UNDER_SANITIZER
inline constexpr bool kCanLimitMemory = false;
#else
inline constexpr bool kCanLimitMemory = true;
#endif

class AddressSpaceLimit {
 public:
  explicit AddressSpaceLimit(uint64_t extra_bytes = kMaxExtraBytes) {
    if (!kCanLimitMemory) return;
    uint64_t n_pages = 0;
    std::ifstream("/proc/self/statm") >> n_pages;
    getrlimit(RLIMIT_AS, &before_);
    const rlim_t wanted = n_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) + extra_bytes;
    const rlimit limit = {wanted < before_.rlim_cur ? wanted : before_.rlim_cur, before_.rlim_max};
    setrlimit(RLIMIT_AS, &limit);
  }
  ~AddressSpaceLimit() {
    if (kCanLimitMemory) setrlimit(RLIMIT_AS, &before_);
  }
  AddressSpaceLimit(const AddressSpaceLimit&) = delete;
  AddressSpaceLimit& operator=(const AddressSpaceLimit&) = delete;

 private:
  rlimit before_ = {};
};

}  // namespace ingot::core::test
