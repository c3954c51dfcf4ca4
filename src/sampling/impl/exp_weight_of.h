// For a namespace, and within a region of its instruction set where it has one.

// exp(x) for x <= 0; 0 below -87, where a float would lose its precision. Precondition: no NaN.
// Value and Bits are float and int32_t, or Floats and Ints: the same operations, and so the same bits, for each lane.
template <typename Value, typename Bits>
inline __attribute__((always_inline)) Value exp_weight_of(Value x) {
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
  // Not std::bit_cast, which is no function of the region.
  Bits exponent;
  __builtin_memcpy(&exponent, &rounded, sizeof exponent);
  exponent = (exponent + 127) << 23;
  Value power;
  __builtin_memcpy(&power, &exponent, sizeof power);
  return x < lowest ? Value{} : series * power;
}
