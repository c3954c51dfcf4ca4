// For a namespace that has eighth_bits(Words) (sampling/eighth_powers.h), and within a region of its instruction set
// where it has one. Value and Words are float and uint32_t, or vectors of them: the same operations, and so the same
// bits, for each lane.

// 2^(x/8). Precondition: kLeastEighths <= x <= 0; of any other x the result means nothing.
template <typename Value, typename Words>
inline __attribute__((always_inline)) Value exp2_eighths(Value x) {
  // 1.5 * 2^23: adding it rounds to an integer, which then sits in the low bits.
  constexpr float kRounder = 12582912.0f;
  const Value rounded = x + kRounder;
  const Value r = x - (rounded - kRounder);
  Value series = r * 0.000108391054f + 0.00375402556f;
  series = series * r + 0.0866434053f;
  series = series * r + 1.0f;
  // Not std::bit_cast, which is no function of the region.
  Words n;
  __builtin_memcpy(&n, &rounded, sizeof n);
  // What is above the last three bits of n becomes an exponent; the shift drops what kRounder put there.
  const Words bits = eighth_bits(n) + (n << 20);
  Value power;
  __builtin_memcpy(&power, &bits, sizeof power);
  return series * power;
}
