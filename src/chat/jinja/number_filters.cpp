#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "chat/jinja/filters.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/string_methods.h"

namespace ingot::core::jinja {
namespace {

Result<Value> absolute(Runtime&, const Value& value, const Args& args) {
  INGOT_TRY(bind("abs", args, {}));
  if (value.is_undefined()) return undefined_error(value);
  if (!value.is_number()) return invalid("abs needs a number, not {}", type_name(value));
  if (value.is(Kind::kFloat)) return Value::of(std::abs(value.real));
  if (value.as_integer() < 0) return negate_or_plus(Op::kNegate, value);
  return Value::of(value.as_integer());
}

// Text without the white space around it and the single underscores between digits, which Python allows in numbers.
std::optional<std::string> number_text(Runtime& runtime, const StringObject& text) {
  const auto stripped = strip(runtime, text, nullptr, /*left=*/true, /*right=*/true);
  if (!stripped) return std::nullopt;
  const std::string_view bytes = stripped->string->bytes;
  constexpr size_t kLongest = 1000;
  if (bytes.size() > kLongest) return std::nullopt;
  std::string digits;
  for (size_t at = 0; at < bytes.size(); at++) {
    const auto is_letter = [&](size_t index) {
      return index < bytes.size() && std::isalnum(static_cast<unsigned char>(bytes[index])) != 0;
    };
    if (bytes[at] != '_') {
      digits += bytes[at];
    } else if (at == 0 || !is_letter(at - 1) || !is_letter(at + 1)) {
      return std::nullopt;
    }
  }
  return digits;
}

// int(text, base); empty where Python raises ValueError.
Result<std::optional<int64_t>> parse_integer(Runtime& runtime, const StringObject& text, int64_t base) {
  const auto given = number_text(runtime, text);
  if (!given) return std::optional<int64_t>();
  std::string_view digits = *given;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.size() > 2 && digits[0] == '0') {
    const char mark = static_cast<char>(digits[1] | 0x20);
    const int64_t marked = mark == 'b' ? 2 : mark == 'o' ? 8 : mark == 'x' ? 16 : 0;
    if (marked != 0 && (base == 0 || base == marked)) {
      base = marked;
      digits.remove_prefix(2);
    }
  }
  if (base == 0) base = 10;
  if (base < 2 || base > 36) return invalid("int: base {} is not possible", base);
  uint64_t magnitude = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, static_cast<int>(base));
  if (digits.empty() || parsed.ptr != digits.data() + digits.size() || parsed.ec == std::errc::invalid_argument) {
    return std::optional<int64_t>();
  }
  const uint64_t limit = uint64_t{1} << 63;
  if (parsed.ec != std::errc() || magnitude > limit || (magnitude == limit && !negative)) {
    return invalid("int: an integer beyond 64 bits is not supported");
  }
  return std::optional<int64_t>(static_cast<int64_t>(negative ? 0 - magnitude : magnitude));
}

std::optional<double> parse_float(Runtime& runtime, const StringObject& text) {
  const auto digits = number_text(runtime, text);
  if (!digits || digits->empty() || digits->find_first_of("xXpP") != std::string::npos) return std::nullopt;
  std::string lower = *digits;
  for (char& byte : lower) byte = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
  if (lower.find('(') != std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double number = std::strtod(lower.c_str(), &end);
  if (end != lower.c_str() + lower.size()) return std::nullopt;
  return number;
}

Result<Value> truncated(double number) {
  if (!std::isfinite(number)) return invalid("int: {} has no integer", number);
  if (std::abs(number) >= 9.2e18) return invalid("int: an integer beyond 64 bits is not supported");
  return Value::of(static_cast<int64_t>(number));
}

Result<Value> to_int(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("int", args, {"default", "base"}));
  INGOT_ASSIGN(const int64_t base, bound.integer(1, 10));
  const Value fallback = bound.get(0, Value::of(int64_t{0}));
  if (value.is_integral()) return Value::of(value.as_integer());
  if (value.is(Kind::kBigInt)) return value;
  if (value.is(Kind::kFloat)) return std::isnan(value.real) ? fallback : truncated(value.real);
  if (value.is_undefined()) return undefined_error(value);
  if (!value.is_string()) return fallback;
  INGOT_TRY(runtime.step_bytes(value.string->bytes.size()));
  INGOT_ASSIGN(const auto integer, parse_integer(runtime, *value.string, base));
  if (integer) return Value::of(*integer);
  const auto number = parse_float(runtime, *value.string);
  if (!number || !std::isfinite(*number)) return fallback;
  return truncated(*number);
}

Result<Value> to_float(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("float", args, {"default"}));
  if (value.is_number()) return Value::of(value.as_real());
  if (value.is_undefined()) return undefined_error(value);
  if (value.is_string() || value.is(Kind::kBigInt)) {
    INGOT_TRY(runtime.step_bytes(value.string->bytes.size()));
    if (const auto number = parse_float(runtime, *value.string)) return Value::of(*number);
  }
  return bound.get(0, Value::of(0.0));
}

// Half to even, as Python rounds; for floats on the exact value, which printf does too.
Result<Value> rounded(const Value& value, int64_t precision) {
  if (value.is_integral()) {
    if (precision >= 0) return Value::of(value.as_integer());
    if (precision < -18) return Value::of(int64_t{0});
    int64_t unit = 1;
    for (int64_t n = 0; n < -precision; n++) unit *= 10;
    const int64_t number = value.as_integer();
    int64_t quotient = number / unit;
    const int64_t rest = std::abs(number % unit);
    const int64_t direction = number < 0 ? -1 : 1;
    if (rest > unit / 2 || (rest == unit / 2 && quotient % 2 != 0)) quotient += direction;
    int64_t result = 0;
    if (__builtin_mul_overflow(quotient, unit, &result))
      return invalid("round: an integer beyond 64 bits is not supported");
    return Value::of(result);
  }
  const double number = value.real;
  if (!std::isfinite(number) || precision > 300) return value;
  if (precision < -308) return Value::of(std::copysign(0.0, number));
  if (precision >= 0) {
    return Value::of(std::strtod(fmt::format("{:.{}f}", number, static_cast<int>(precision)).c_str(), nullptr));
  }
  const double unit = std::pow(10.0, static_cast<double>(-precision));
  return Value::of(std::nearbyint(number / unit) * unit);
}

Result<Value> round(Runtime&, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("round", args, {"precision", "method"}));
  INGOT_ASSIGN(const int64_t precision, bound.integer(0, 0));
  std::string_view method = "common";
  if (bound.has(1)) {
    INGOT_ASSIGN(const StringObject* given, bound.string(1));
    method = given->bytes;
  }
  if (value.is_undefined()) return undefined_error(value);
  if (!value.is_number()) return invalid("round needs a number, not {}", type_name(value));
  if (method == "common") return rounded(value, precision);
  if (method != "ceil" && method != "floor") return invalid("round: the method must be common, ceil or floor");
  const double unit = std::pow(10.0, static_cast<double>(precision));
  const double scaled = value.as_real() * unit;
  if (!std::isfinite(scaled)) return invalid("round: the number is too large");
  return Value::of((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / unit);
}

Result<Value> filesizeformat(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("filesizeformat", args, {"binary"}));
  const bool binary = bound.flag(0);
  INGOT_ASSIGN(const Value number, to_float(runtime, value, {{Value::none()}, {}}));
  if (number.is_none()) return invalid("filesizeformat needs a number, not {}", type_name(value));
  const double base = binary ? 1024 : 1000;
  const double n_bytes = number.real;
  if (n_bytes == 1) return runtime.string("1 Byte");
  if (!std::isfinite(n_bytes)) return invalid("filesizeformat: {} is no size", n_bytes);
  if (n_bytes < base) return runtime.copied_string(fmt::format("{:.0f} Bytes", std::trunc(n_bytes)));
  constexpr std::string_view kPrefixes = "kMGTPEZY";
  double unit = base;
  size_t index = 0;
  for (; index < kPrefixes.size(); index++) {
    unit *= base;
    if (n_bytes < unit) break;
  }
  if (index == kPrefixes.size()) index--;
  const char prefix = binary && kPrefixes[index] == 'k' ? 'K' : kPrefixes[index];
  return runtime.copied_string(fmt::format("{:.1f} {}{}B", base * n_bytes / unit, prefix, binary ? "i" : ""));
}

}  // namespace

std::span<const FilterEntry> number_filters() {
  static constexpr std::array<FilterEntry, 5> kFilters{
      {{"abs", absolute}, {"int", to_int}, {"float", to_float}, {"round", round}, {"filesizeformat", filesizeformat}}};
  return kFilters;
}

}  // namespace ingot::core::jinja
