// exp() for the weights of tokens, the same bits on every machine.
//
// The exp() of C libraries differs in the last bit from one to the next, and so would a draw that lies on a border.
// This one is made of operations that IEEE 754 fixes: exp(x) = 2^n * exp(r) with |r| <= ln(2) / 2 (Cody and Waite
// 1980), exp(r) by Taylor's series up to r^7, whose remainder is below 6e-9 of it. With the roundings the relative
// error is below 3e-7, the same as what a step of the logit's last bit makes near 4.
#pragma once

#include <cstdint>

#include "sampling/lanes.h"

namespace ingot::core {

#include "sampling/impl/exp_weight_of.h"

inline float exp_weight(float x) {
  return exp_weight_of<float, int32_t>(x);
}
inline Floats exp_weights(Floats x) {
  return exp_weight_of<Floats, Ints>(x);
}

}  // namespace ingot::core
