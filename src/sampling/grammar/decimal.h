// Numbers as JSON writes them, exactly, and automata for those within bounds.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sampling/grammar/dfa.h"

namespace ingot::core {

struct Decimal {
  bool negative = false;  // never for zero
  std::string whole;      // digits before the point, without leading zeros: empty below 1
  std::string fraction;   // digits after it, without trailing zeros

  bool is_zero() const { return whole.empty() && fraction.empty(); }
  bool is_integer() const { return fraction.empty(); }

  // A JSON number. Nothing if it would have more than a few hundred digits.
  static std::optional<Decimal> parse(std::string_view text);
};

// Negative, zero or positive as a is below, equal to or above b.
int compare(const Decimal& a, const Decimal& b);

// The remainder is zero; nothing where that is not known: divisor is no integer from 1 to kMaxDivisor.
inline constexpr uint32_t kMaxDivisor = 10'000;
std::optional<uint32_t> small_divisor(const Decimal& divisor);
bool is_multiple(const Decimal& value, uint32_t divisor);

enum class Bound { kAtLeast, kAbove, kAtMost, kBelow };

// JSON numbers without exponent (and, if integers, without fraction) that keep to the bound.
Dfa numbers_within(const Decimal& bound, Bound kind, bool integers);
// Integers that divisor divides. Precondition: 1 <= divisor <= kMaxDivisor.
Dfa multiples_of(uint32_t divisor);

}  // namespace ingot::core
