#include "sampling/grammar/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <tuple>

namespace ingot::core {
namespace {

constexpr int64_t kMaxDigits = 400;

int compare_magnitudes(const Decimal& a, const Decimal& b) {
  if (a.whole.size() != b.whole.size()) return a.whole.size() < b.whole.size() ? -1 : 1;
  if (const int whole = a.whole.compare(b.whole); whole != 0) return whole;
  return a.fraction.compare(b.fraction);  // without trailing zeros the longer one is the greater one
}

int sign_of(const Decimal& value) {
  return value.is_zero() ? 0 : value.negative ? -1 : 1;
}

bool keeps(int compared, Bound kind) {
  switch (kind) {
    case Bound::kAtLeast:
      return compared >= 0;
    case Bound::kAbove:
      return compared > 0;
    case Bound::kAtMost:
      return compared <= 0;
    case Bound::kBelow:
      return compared < 0;
  }
  return false;
}

// Where the text of a number is, and how its magnitude compares with the bound's so far.
struct NumberState {
  enum Part : uint8_t { kStart, kSign, kZero, kWhole, kPoint, kFraction };
  Part part = kStart;
  bool negative = false;
  bool zero = true;       // every digit so far
  uint32_t n_digits = 0;  // of the part; one more than the bound has stands for any more
  int compared = 0;       // in the whole part: as far as it goes; after the point: all of it

  auto key() const { return std::tuple(part, negative, zero, n_digits, compared); }
  friend bool operator<(const NumberState& a, const NumberState& b) { return a.key() < b.key(); }
};

class BoundAutomaton {
 public:
  BoundAutomaton(const Decimal& bound, Bound kind, bool integers) : bound_(bound), kind_(kind), integers_(integers) {}

  Dfa run() {
    id_of({});
    for (size_t index = 0; index < states_.size(); ++index) add_edges(index, states_[index]);
    return reduced(trimmed(dfa_));
  }

 private:
  uint32_t id_of(const NumberState& state) {
    const auto [found, is_new] = ids_.try_emplace(state, static_cast<uint32_t>(states_.size()));
    if (is_new) {
      states_.push_back(state);
      dfa_.states.emplace_back();
    }
    return found->second;
  }
  void add_edge(size_t from, char byte, const NumberState& to) {
    const uint32_t target = id_of(to);
    dfa_.states[from].edges.push_back({static_cast<uint8_t>(byte), static_cast<uint8_t>(byte), target});
  }

  static int compare_digit(const std::string& digits, uint32_t place, char digit) {
    const char other = place < digits.size() ? digits[place] : '0';
    return digit < other ? -1 : digit > other ? 1 : 0;
  }
  static uint32_t counted(uint32_t n_digits, const std::string& digits) {
    return std::min(n_digits + 1, static_cast<uint32_t>(digits.size()) + 1);
  }

  // Of the whole part when it is complete.
  int whole_compared(const NumberState& state) const {
    const auto n_bound = static_cast<uint32_t>(bound_.whole.size());
    const uint32_t n_digits = state.part == NumberState::kZero ? 0 : state.n_digits;
    if (n_digits != n_bound) return n_digits < n_bound ? -1 : 1;
    return state.compared;
  }

  bool is_final(const NumberState& state) const {
    if (state.part == NumberState::kStart || state.part == NumberState::kSign || state.part == NumberState::kPoint) {
      return false;
    }
    int magnitude = state.part == NumberState::kFraction ? state.compared : whole_compared(state);
    const uint32_t n_fraction = state.part == NumberState::kFraction ? state.n_digits : 0;
    if (magnitude == 0 && n_fraction < bound_.fraction.size()) magnitude = -1;
    const int bound_sign = sign_of(bound_);
    if (state.zero) return keeps(-bound_sign, kind_);
    if (state.negative) return keeps(bound_sign < 0 ? -magnitude : -1, kind_);
    return keeps(bound_sign < 0 ? 1 : magnitude, kind_);
  }

  void add_edges(size_t index, NumberState state) {
    dfa_.states[index].final = is_final(state);
    const bool point_next = !integers_ && (state.part == NumberState::kZero || state.part == NumberState::kWhole);
    // In the order of the bytes: '-' and '.' come before the digits.
    if (state.part == NumberState::kStart) {
      add_edge(index, '-', {.part = NumberState::kSign, .negative = true});
    }
    if (point_next) {
      NumberState next = state;
      next.part = NumberState::kPoint;
      next.compared = whole_compared(state);
      next.n_digits = 0;
      add_edge(index, '.', next);
    }
    if (state.part == NumberState::kZero) return;
    for (char digit = '0'; digit <= '9'; ++digit) {
      NumberState next = state;
      if (state.part == NumberState::kStart || state.part == NumberState::kSign) {
        next.part = digit == '0' ? NumberState::kZero : NumberState::kWhole;
      }
      if (state.part == NumberState::kPoint) next.part = NumberState::kFraction;
      next.zero = state.zero && digit == '0';
      const bool in_fraction = next.part == NumberState::kFraction;
      const std::string& digits = in_fraction ? bound_.fraction : bound_.whole;
      if (next.part != NumberState::kZero) {
        const bool beyond = !in_fraction && state.n_digits >= digits.size();
        if (next.compared == 0 && !beyond) next.compared = compare_digit(digits, state.n_digits, digit);
        next.n_digits = counted(state.n_digits, digits);
      }
      add_edge(index, digit, next);
    }
  }

  const Decimal& bound_;
  Bound kind_;
  bool integers_;
  std::map<NumberState, uint32_t> ids_;
  std::vector<NumberState> states_;
  Dfa dfa_;
};

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
  Decimal value;
  value.negative = text.starts_with('-');
  if (value.negative) text.remove_prefix(1);
  int64_t exponent = 0;
  if (const size_t mark = text.find_first_of("eE"); mark != std::string_view::npos) {
    std::string_view digits = text.substr(mark + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (parsed.ec != std::errc() || exponent < -kMaxDigits || exponent > kMaxDigits) return std::nullopt;
    text = text.substr(0, mark);
  }
  const size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  if (point < text.size()) digits += text.substr(point + 1);
  int64_t n_whole = static_cast<int64_t>(point) + exponent;
  if (digits.size() > kMaxDigits) return std::nullopt;
  if (n_whole < 0) digits.insert(0, static_cast<size_t>(-n_whole), '0');
  if (n_whole > static_cast<int64_t>(digits.size())) digits.append(static_cast<size_t>(n_whole) - digits.size(), '0');
  n_whole = std::max<int64_t>(n_whole, 0);
  value.whole = digits.substr(0, static_cast<size_t>(n_whole));
  value.fraction = digits.substr(static_cast<size_t>(n_whole));
  value.whole.erase(0, std::min(value.whole.find_first_not_of('0'), value.whole.size()));
  value.fraction.erase(value.fraction.find_last_not_of('0') + 1);
  value.negative = value.negative && !value.is_zero();
  return value;
}

int compare(const Decimal& a, const Decimal& b) {
  const int sign = sign_of(a);
  if (sign != sign_of(b)) return sign - sign_of(b);
  return sign < 0 ? compare_magnitudes(b, a) : compare_magnitudes(a, b);
}

std::optional<uint32_t> small_divisor(const Decimal& divisor) {
  if (!divisor.is_integer() || divisor.negative || divisor.is_zero() || divisor.whole.size() > 5) return std::nullopt;
  const auto value = static_cast<uint32_t>(std::stoul(divisor.whole));
  if (value > kMaxDivisor) return std::nullopt;
  return value;
}

bool is_multiple(const Decimal& value, uint32_t divisor) {
  uint32_t remainder = 0;
  for (const char digit : value.whole) remainder = (remainder * 10 + static_cast<uint32_t>(digit - '0')) % divisor;
  return value.is_integer() && remainder == 0;
}

Dfa numbers_within(const Decimal& bound, Bound kind, bool integers) {
  return BoundAutomaton(bound, kind, integers).run();
}

Dfa multiples_of(uint32_t divisor) {
  // The start, after '-', after a single zero, then one state for each remainder.
  constexpr uint32_t kZero = 2, kFirst = 3;
  Dfa dfa;
  dfa.states.resize(kFirst + divisor);
  const auto digit_edge = [](uint32_t digit, uint32_t target) {
    const auto byte = static_cast<uint8_t>('0' + digit);
    return Dfa::Edge{byte, byte, target};
  };
  dfa.states[0].edges.push_back({'-', '-', 1});
  for (const uint32_t start : {0u, 1u}) {
    dfa.states[start].edges.push_back(digit_edge(0, kZero));
    for (uint32_t digit = 1; digit < 10; ++digit) {
      dfa.states[start].edges.push_back(digit_edge(digit, kFirst + digit % divisor));
    }
  }
  dfa.states[kZero].final = true;
  for (uint32_t remainder = 0; remainder < divisor; ++remainder) {
    Dfa::State& state = dfa.states[kFirst + remainder];
    state.final = remainder == 0;
    for (uint32_t digit = 0; digit < 10; ++digit) {
      state.edges.push_back(digit_edge(digit, kFirst + (remainder * 10 + digit) % divisor));
    }
  }
  return trimmed(dfa);
}

}  // namespace ingot::core
