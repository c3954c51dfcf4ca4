#include "chat/jinja/format_spec.h"

#include <fmt/format.h>

#include <cmath>

#include "base/utf8.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/unicode.h"

namespace ingot::core::jinja {
namespace {

constexpr int64_t kMaxPrecision = 1000;

bool is_align(char letter) {
  return letter == '<' || letter == '>' || letter == '^' || letter == '=';
}

Result<int64_t> read_number(std::string_view text, size_t& at) {
  int64_t value = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; at++) {
    value = value * 10 + (text[at] - '0');
    if (value > static_cast<int64_t>(kMaxValueBytes)) return invalid("a format's width or precision is too large");
  }
  return value;
}

// Digits of the integer part in groups, from the right.
std::string grouped(const std::string& digits, char separator, size_t group) {
  std::string made;
  for (size_t index = 0; index < digits.size(); index++) {
    if (index > 0 && (digits.size() - index) % group == 0) made += separator;
    made += digits[index];
  }
  return made;
}

// Without its sign.
Result<std::string> integer_digits(uint64_t magnitude, const FormatSpec& spec, std::string& out_prefix) {
  switch (spec.type) {
    case 'b':
      out_prefix = spec.alternate ? "0b" : "";
      return fmt::format("{:b}", magnitude);
    case 'o':
      out_prefix = spec.alternate ? "0o" : "";
      return fmt::format("{:o}", magnitude);
    case 'x':
      out_prefix = spec.alternate ? "0x" : "";
      return fmt::format("{:x}", magnitude);
    case 'X':
      out_prefix = spec.alternate ? "0X" : "";
      return fmt::format("{:X}", magnitude);
    default:
      return fmt::format("{}", magnitude);
  }
}

// Without its sign; the point and what follows in out_tail.
std::string real_digits(double magnitude, const FormatSpec& spec, std::string& out_tail) {
  const auto precision = static_cast<int>(spec.precision < 0 ? 6 : spec.precision);
  std::string text;
  switch (spec.type) {
    case 'e':
      text = fmt::format("{:.{}e}", magnitude, precision);
      break;
    case 'E':
      text = fmt::format("{:.{}E}", magnitude, precision);
      break;
    case 'g':
      text = fmt::format("{:.{}g}", magnitude, precision);
      break;
    case 'G':
      text = fmt::format("{:.{}G}", magnitude, precision);
      break;
    case '%':
      text = fmt::format("{:.{}f}%", magnitude * 100, precision);
      break;
    case '\0': {
      text = spec.precision < 0 ? float_text(magnitude) : fmt::format("{:.{}g}", magnitude, precision);
      if (spec.precision >= 0 && std::isfinite(magnitude) && text.find_first_of(".e") == std::string::npos)
        text += ".0";
      break;
    }
    default:
      text = fmt::format("{:.{}f}", magnitude, precision);
  }
  size_t end = 0;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') end++;
  out_tail = text.substr(end);
  text.resize(end);
  return text;
}

Status append_number(Runtime& runtime, TextBuilder& out_text, const Value& value, const FormatSpec& spec) {
  std::string prefix, digits, tail;
  bool negative = false;
  size_t group = 3;
  const bool as_real = value.is(Kind::kFloat) || std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
  if (as_real && spec.type != '\0' && std::string_view("bcdoxX").find(spec.type) != std::string_view::npos) {
    return invalid("the format '{}' does not fit a float", spec.type);
  }
  if (as_real || (value.is(Kind::kFloat) && spec.type == '\0')) {
    const double number = value.as_real();
    negative = std::signbit(number) && !std::isnan(number);
    digits = real_digits(std::abs(number), spec, tail);
  } else {
    const int64_t number = value.as_integer();
    negative = number < 0;
    if (spec.precision >= 0) return invalid("a precision does not fit an integer");
    const uint64_t magnitude = negative ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    if (spec.type == 'b' || spec.type == 'o' || spec.type == 'x' || spec.type == 'X') group = 4;
    INGOT_ASSIGN(digits, integer_digits(magnitude, spec, prefix));
  }
  std::string sign = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  const bool pads_inside = spec.align == '=' && spec.fill == "0";
  if (spec.grouping != '\0') {
    if (spec.width > kMaxPrecision) return invalid("a format with groups and a width above {}", kMaxPrecision);
    // Zeros in front are grouped as well.
    const auto others = static_cast<int64_t>(sign.size() + prefix.size() + tail.size());
    while (pads_inside &&
           static_cast<int64_t>(grouped("0" + digits, spec.grouping, group).size()) <= spec.width - others) {
      INGOT_TRY(runtime.step());
      digits.insert(0, "0");
    }
    digits = grouped(digits, spec.grouping, group);
  }
  const auto n_bytes = static_cast<int64_t>(sign.size() + prefix.size() + digits.size() + tail.size());
  if (spec.align == '=' && n_bytes < spec.width) {
    INGOT_TRY(runtime.step(spec.width));
    out_text.append(sign + prefix);
    for (int64_t n = n_bytes; n < spec.width; n++) out_text.append(spec.fill);
    out_text.append(digits + tail);
    return runtime.step();
  }
  const std::string whole = sign + prefix + digits + tail;
  return append_aligned(runtime, out_text, StringObject{.bytes = whole}, spec, '>');
}

}  // namespace

Result<FormatSpec> parse_format_spec(std::string_view text) {
  FormatSpec spec;
  size_t at = 0;
  const size_t first = text.empty() ? 0 : character_bytes(text, 0);
  if (first != 0 && first < text.size() && is_align(text[first])) {
    spec.fill = text.substr(0, first);
    spec.align = text[first];
    at = first + 1;
  } else if (!text.empty() && is_align(text[0])) {
    spec.align = text[0];
    at = 1;
  }
  const auto peek = [&] { return at < text.size() ? text[at] : '\0'; };
  if (peek() == '+' || peek() == '-' || peek() == ' ') spec.sign = text[at++];
  if (peek() == '#') {
    spec.alternate = true;
    at++;
  }
  if (peek() == '0') {
    at++;
    if (spec.align == '\0') {
      spec.align = '=';
      spec.fill = "0";
    }
  }
  INGOT_ASSIGN(spec.width, read_number(text, at));
  if (peek() == ',' || peek() == '_') spec.grouping = text[at++];
  if (peek() == '.') {
    at++;
    const size_t digits_at = at;
    INGOT_ASSIGN(spec.precision, read_number(text, at));
    if (at == digits_at) return invalid("a format has no precision behind its point");
  }
  if (at < text.size()) spec.type = text[at++];
  if (at < text.size() ||
      (spec.type != '\0' && std::string_view("bcdeEfFgGnosxX%").find(spec.type) == std::string_view::npos)) {
    return invalid("'{}' is no format", printable(text, 40));
  }
  if (spec.type == 'n' || spec.type == 'c') return invalid("the format '{}' is not supported", spec.type);
  return spec;
}

Status append_aligned(Runtime& runtime, TextBuilder& out_text, const StringObject& text, const FormatSpec& spec,
                      char usual_align) {
  const char align = spec.align == '\0' ? usual_align : spec.align;
  const int64_t missing = std::max<int64_t>(spec.width - static_cast<int64_t>(count_characters(text.bytes)), 0);
  INGOT_TRY(runtime.step(missing));
  const int64_t left = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  for (int64_t n = 0; n < left; n++) out_text.append(spec.fill);
  out_text.append(text);
  for (int64_t n = left; n < missing; n++) out_text.append(spec.fill);
  return runtime.step();
}

Status append_formatted(Runtime& runtime, TextBuilder& out_text, const Value& value, const FormatSpec& spec) {
  if (spec.precision > kMaxPrecision && !value.is_string())
    return invalid("a format's precision is above {}", kMaxPrecision);
  const bool plain_bool = value.is(Kind::kBool) && (spec.type == '\0' || spec.type == 's');
  if (value.is_number() && !plain_bool) {
    if (spec.type == 's') return invalid("the format 's' does not fit a number");
    return append_number(runtime, out_text, value, spec);
  }
  if (spec.type != '\0' && spec.type != 's')
    return invalid("the format '{}' does not fit {}", spec.type, type_name(value));
  if (!value.is_string() && !plain_bool && (spec.width > 0 || spec.precision >= 0)) {
    return invalid("a format with a width does not fit {}", type_name(value));
  }
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  const StringObject* shown = text.string;
  if (spec.precision >= 0) {
    const size_t end = byte_of_character(*shown, static_cast<size_t>(spec.precision));
    shown = runtime.substring(*shown, 0, end).string;
  }
  if (spec.align == '=') return invalid("the alignment '=' does not fit a string");
  return append_aligned(runtime, out_text, *shown, spec, '<');
}

}  // namespace ingot::core::jinja
