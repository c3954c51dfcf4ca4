// What share of the memory's peak a pattern of access is expected to reach. The figures were stated for no
// machine in particular; bench/access_patterns measures what this one makes of them.
#pragma once

#include <cstdint>

namespace ingot::core {

enum class Access : uint8_t {
  kSequential,
  kCoalesced,    // neighbouring lanes of a device read neighbouring elements
  kStrided,      // elements at an equal distance
  kUncoalesced,  // neighbouring lanes of a device read from different lines
  kRandom,
};

// stride_elements counts for kStrided only.
constexpr double expected_efficiency(Access access, int64_t stride_elements = 1) {
  switch (access) {
    case Access::kSequential:
      return 0.95;
    case Access::kCoalesced:
      return 0.90;
    case Access::kStrided:
      return stride_elements <= 8 ? 0.75 : stride_elements <= 32 ? 0.50 : 0.30;
    case Access::kUncoalesced:
      return 0.40;
    case Access::kRandom:
      break;
  }
  return 0.20;
}

}  // namespace ingot::core
