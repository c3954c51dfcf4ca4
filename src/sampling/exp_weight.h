// exp() for the weights of tokens, the same bits on every machine.
//
// The exp() of C libraries differs in the last bit from one to the next, and so would a draw that lies on a border.
// This one is made of operations that IEEE 754 fixes: with y = x * 8 / ln(2), exp(x) = 2^(n/8) * 2^(r/8), |r| <= 1/2,
// the first from a table of eight (Tang 1989), the second by the polynomial of degree 3 that begins with 1 and is off
// by the least (by Lawson's iteration): by less than 3e-8 of it. With the roundings the relative error is below 2e-7
// for a given y; rounding y makes another 6e-8 |x|, as much as rounding x has made.
#pragma once

#include <cstdint>

#include "sampling/eighth_powers.h"
#include "sampling/lanes.h"

namespace ingot::core {

inline constexpr float kEighthsPerUnit = 11.5415603f;  // 8 / ln(2)
// Below it a float would lose the precision of exp(): nothing has a weight there.
inline constexpr float kLeastDistance = -87.0f;
inline constexpr float kLeastEighths = kLeastDistance * kEighthsPerUnit;

#include "sampling/impl/exp2_eighths.h"

// exp(x) for x <= 0; 0 below kLeastDistance. Precondition: no NaN.
inline float exp_weight(float x) {
  return x >= kLeastDistance ? exp2_eighths<float, uint32_t>(x * kEighthsPerUnit) : 0.0f;
}
inline Floats exp_weights(Floats x) {
  return x >= kLeastDistance ? exp2_eighths<Floats, FourWords>(x * kEighthsPerUnit) : Floats{};
}

}  // namespace ingot::core
