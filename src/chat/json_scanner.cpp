#include "chat/json_scanner.h"

namespace ingot::core {

namespace {

bool is_json_space(uint8_t byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

bool is_digit(uint8_t byte) {
  return byte >= '0' && byte <= '9';
}

}  // namespace

bool JsonScanner::push(char byte) {
  if (state_ != State::kBad) state_ = after(static_cast<uint8_t>(byte));
  return state_ != State::kBad;
}

JsonScanner::State JsonScanner::after(uint8_t byte) {
  switch (state_) {
    case State::kString:
      return in_string(byte);
    case State::kEscape:
      return in_escape(byte);
    case State::kHex:
      return in_hex(byte);
    case State::kLiteral:
      if (byte != static_cast<uint8_t>(*literal_)) return State::kBad;
      return *++literal_ == '\0' ? end_value() : State::kLiteral;
    case State::kMinus:
    case State::kZero:
    case State::kInteger:
    case State::kPoint:
    case State::kFraction:
    case State::kExponent:
    case State::kExponentSign:
    case State::kExponentDigits:
      return in_number(byte);
    default:
      break;
  }
  if (is_json_space(byte)) return state_;
  switch (state_) {
    case State::kValue:
      return begin_value(byte);
    case State::kFirstItem:
      return byte == ']' ? close(/*is_object=*/false) : begin_value(byte);
    case State::kFirstKey:
      if (byte == '}') return close(/*is_object=*/true);
      [[fallthrough]];
    case State::kKey:
      if (byte != '"') return State::kBad;
      is_key_ = true;
      return State::kString;
    case State::kColon:
      return byte == ':' ? State::kValue : State::kBad;
    case State::kNext:
      if (byte == ',') return in_object() ? State::kKey : State::kValue;
      if (byte == '}') return close(/*is_object=*/true);
      if (byte == ']') return close(/*is_object=*/false);
      return State::kBad;
    default:
      return State::kBad;
  }
}

JsonScanner::State JsonScanner::begin_value(uint8_t byte) {
  switch (byte) {
    case '{':
      return open(/*is_object=*/true);
    case '[':
      return open(/*is_object=*/false);
    case '"':
      is_key_ = false;
      return State::kString;
    case 't':
      literal_ = "rue";
      return State::kLiteral;
    case 'f':
      literal_ = "alse";
      return State::kLiteral;
    case 'n':
      literal_ = "ull";
      return State::kLiteral;
    case '-':
      return State::kMinus;
    case '0':
      return State::kZero;
    default:
      return is_digit(byte) ? State::kInteger : State::kBad;
  }
}

JsonScanner::State JsonScanner::open(bool is_object) {
  if (depth_ == kMaxDepth) return State::kBad;
  is_object_[depth_++] = is_object;
  return is_object ? State::kFirstKey : State::kFirstItem;
}

JsonScanner::State JsonScanner::close(bool is_object) {
  if (depth_ == 0 || is_object_[depth_ - 1] != is_object) return State::kBad;
  --depth_;
  return end_value();
}

JsonScanner::State JsonScanner::in_string(uint8_t byte) {
  if (n_continuation_ > 0) {
    if (byte < lowest_ || byte > highest_) return State::kBad;
    lowest_ = 0x80;
    highest_ = 0xBF;
    --n_continuation_;
    return State::kString;
  }
  if (needs_low_surrogate_) return byte == '\\' ? State::kEscape : State::kBad;
  if (byte == '"') return is_key_ ? State::kColon : end_value();
  if (byte == '\\') return State::kEscape;
  if (byte < 0x20) return State::kBad;
  if (byte < 0x80) return State::kString;
  // Well-formed sequences as in the Unicode standard, table 3-7.
  if (byte < 0xC2 || byte > 0xF4) return State::kBad;
  n_continuation_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  if (byte == 0xE0) lowest_ = 0xA0;
  if (byte == 0xED) highest_ = 0x9F;
  if (byte == 0xF0) lowest_ = 0x90;
  if (byte == 0xF4) highest_ = 0x8F;
  return State::kString;
}

JsonScanner::State JsonScanner::in_escape(uint8_t byte) {
  if (byte == 'u') {
    n_hex_ = 0;
    hex_ = 0;
    return State::kHex;
  }
  if (needs_low_surrogate_) return State::kBad;
  switch (byte) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return State::kString;
    default:
      return State::kBad;
  }
}

JsonScanner::State JsonScanner::in_hex(uint8_t byte) {
  const uint8_t lower = byte | 0x20;
  if (!is_digit(byte) && (lower < 'a' || lower > 'f')) return State::kBad;
  hex_ = static_cast<uint16_t>(hex_ << 4 | (is_digit(byte) ? byte - '0' : lower - 'a' + 10));
  if (++n_hex_ < 4) return State::kHex;
  const bool is_low = hex_ >= 0xDC00 && hex_ <= 0xDFFF;
  if (is_low != needs_low_surrogate_) return State::kBad;
  needs_low_surrogate_ = hex_ >= 0xD800 && hex_ <= 0xDBFF;
  return State::kString;
}

// A number has no last byte of its own: the byte behind it ends it.
JsonScanner::State JsonScanner::in_number(uint8_t byte) {
  const bool digit = is_digit(byte);
  const bool exponent = byte == 'e' || byte == 'E';
  switch (state_) {
    case State::kMinus:
      if (!digit) return State::kBad;
      return byte == '0' ? State::kZero : State::kInteger;
    case State::kPoint:
      return digit ? State::kFraction : State::kBad;
    case State::kExponent:
      if (byte == '+' || byte == '-') return State::kExponentSign;
      [[fallthrough]];
    case State::kExponentSign:
      return digit ? State::kExponentDigits : State::kBad;
    case State::kZero:
    case State::kInteger:
      if (byte == '.') return State::kPoint;
      if (digit) return state_ == State::kInteger ? State::kInteger : State::kBad;
      if (exponent) return State::kExponent;
      break;
    case State::kFraction:
      if (digit) return State::kFraction;
      if (exponent) return State::kExponent;
      break;
    default:
      if (digit) return State::kExponentDigits;
      break;
  }
  state_ = end_value();
  return after(byte);
}

}  // namespace ingot::core
