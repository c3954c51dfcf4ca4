// exp() for the weights of tokens, the same bits on every machine.
//
// The exp() of C libraries differs in the last bit from one to the next, and so would a draw that lies on a border.
// This one is made of operations that IEEE 754 fixes: exp(x) = 2^n * exp(r) with |r| <= ln(2) / 2 (Cody and Waite
// 1980), exp(r) by Taylor's series up to r^7, whose remainder is below 6e-9 of it. With the roundings the relative
// error is below 3e-7, the same as what a step of the logit's last bit makes near 4.
#pragma once

#include <bit>
#include <cstdint>

#include "sampling/lanes.h"

namespace ingot::core {

// exp(x) for x <= 0; 0 below -87, where a float would lose its precision. Precondition: no NaN.
// Value and Bits are float and int32_t, or Floats and Ints: the same operations, and so the same bits, for each lane.
template <typename Value, typename Bits>
Value exp_weight_of(Value x) {
  constexpr float kRounder = 12582912.0f;   // 1.5 * 2^23: adding it rounds to an integer, in the low bits
  constexpr float kLn2High = 0.693359375f;  // 10 bits, so that its product with n is exact
  constexpr float kLn2Low = -2.12194440e-4f;
  const Value lowest = Value{} - 87.0f;
  const Value bounded = x < lowest ? lowest : x;
  const Value rounded = bounded * 1.44269504f + kRounder;
  const Value n = rounded - kRounder;
  const Value r = (bounded - n * kLn2High) - n * kLn2Low;
  Value series = r * (1.0f / 5040) + 1.0f / 720;
  series = series * r + 1.0f / 120;
  series = series * r + 1.0f / 24;
  series = series * r + 1.0f / 6;
  series = series * r + 0.5f;
  series = series * r + 1.0f;
  series = series * r + 1.0f;
  // n sits in the low bits of rounded; the shift drops what kRounder put above it.
  const Value power = std::bit_cast<Value>((std::bit_cast<Bits>(rounded) + 127) << 23);
  return x < lowest ? Value{} : series * power;
}

inline float exp_weight(float x) {
  return exp_weight_of<float, int32_t>(x);
}
inline Floats exp_weights(Floats x) {
  return exp_weight_of<Floats, Ints>(x);
}

}  // namespace ingot::core
