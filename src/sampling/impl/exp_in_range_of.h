// For a namespace, and within a region of its instruction set where it has one.
// Value and Bits are float and int32_t, or Floats and Ints: the same operations, and so the same bits, for each lane.

// exp(x). Precondition: kLeastDistance <= x <= 0; of any other x the result means nothing.
template <typename Value, typename Bits>
inline __attribute__((always_inline)) Value exp_in_range_of(Value x) {
  // 1.5 * 2^23: adding it rounds to an integer, which then sits in the low bits, here with the bias of an exponent.
  constexpr float kRounder = 12582912.0f + 127.0f;
  constexpr float kLn2High = 0.693359375f;  // 10 bits, so that its product with n is exact
  constexpr float kLn2Low = -2.12194440e-4f;
  const Value rounded = x * 1.44269504f + kRounder;
  const Value n = rounded - kRounder;
  const Value r = (x - n * kLn2High) - n * kLn2Low;
  Value series = r * 0.00138145988f + 0.00836871658f;
  series = series * r + 0.0416683890f;
  series = series * r + 0.166665211f;
  series = series * r + 0.49999994f;
  series = series * r + 1.0f;
  series = series * r + 1.0f;
  // The shift drops what kRounder put above the exponent. Not std::bit_cast, which is no function of the region.
  Bits exponent;
  __builtin_memcpy(&exponent, &rounded, sizeof exponent);
  exponent = exponent << 23;
  Value power;
  __builtin_memcpy(&power, &exponent, sizeof power);
  return series * power;
}
