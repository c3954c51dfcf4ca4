// exp() for the weights of tokens, the same bits on every machine.
//
// The exp() of C libraries differs in the last bit from one to the next, and so would a draw that lies on a border.
// This one is made of operations that IEEE 754 fixes: exp(x) = 2^n * exp(r) with |r| <= ln(2) / 2 (Cody and Waite
// 1980), exp(r) by the polynomial of degree 6 that begins with 1 + r and is off by the least (by Lawson's iteration):
// by less than 4e-9 of it. With the roundings the relative error is below 3e-7, the same as what a step of the logit's
// last bit makes near 4.
#pragma once

#include <cstdint>

#include "sampling/lanes.h"

namespace ingot::core {

// Below it a float would lose the precision of exp(): nothing has a weight there.
inline constexpr float kLeastDistance = -87.0f;

#include "sampling/impl/exp_in_range_of.h"

// exp(x) for x <= 0; 0 below kLeastDistance. Precondition: no NaN.
inline float exp_weight(float x) {
  return x >= kLeastDistance ? exp_in_range_of<float, int32_t>(x) : 0.0f;
}
inline Floats exp_weights(Floats x) {
  return x >= kLeastDistance ? exp_in_range_of<Floats, Ints>(x) : Floats{};
}

}  // namespace ingot::core
