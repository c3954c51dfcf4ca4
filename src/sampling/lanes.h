// Several floats at once in the vector types of GCC and Clang, which become what the processor has. Plain loops do not:
// a NaN would make the order of comparisons matter, and so compilers leave them alone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ingot::core {

using Floats = float __attribute__((vector_size(16)));
using Ints = int32_t __attribute__((vector_size(16)));
inline constexpr size_t kLanes = sizeof(Floats) / sizeof(float);

inline Floats load_lanes(const float* values) {
  Floats lanes;
  __builtin_memcpy(&lanes, values, sizeof lanes);
  return lanes;
}

inline float sum_lanes(Floats lanes) {
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

}  // namespace ingot::core
