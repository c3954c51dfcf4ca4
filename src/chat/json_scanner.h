// Is this still the beginning of a JSON text? Answered byte by byte, so that arguments can be handed on while the model
// writes them and the first byte that does not fit is known.
//
// Strict RFC 8259: well-formed UTF-8, no lone surrogate among the escapes, nothing after the value. Constant memory:
// one bit for each open bracket, at most kMaxDepth of them.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>

namespace ingot::core {

class JsonScanner {
 public:
  static constexpr size_t kMaxDepth = 256;

  // What the next byte may be.
  enum class State : uint8_t {
    kValue,      // the first byte of a value
    kFirstItem,  // the first value of an array, or its end
    kFirstKey,   // the first key of an object, or its end
    kKey,
    kColon,
    kNext,  // a comma or the end of what is open
    kString,
    kEscape,
    kHex,
    kLiteral,
    kMinus,
    kZero,
    kInteger,
    kPoint,
    kFraction,
    kExponent,
    kExponentSign,
    kExponentDigits,
    kDone,  // nothing but space
    kBad,   // a byte did not fit: for good
  };

  // False from the first byte on with which the text can no longer become JSON.
  bool push(char byte);

  State state() const { return state_; }
  bool done() const { return state_ == State::kDone; }
  size_t depth() const { return depth_; }  // open brackets
  bool in_key() const { return is_key_; }  // the string that is or was last open is a key
  bool in_object() const { return depth_ > 0 && is_object_[depth_ - 1]; }

 private:
  State after(uint8_t byte);
  State begin_value(uint8_t byte);
  State open(bool is_object);
  State close(bool is_object);
  State end_value() const { return depth_ == 0 ? State::kDone : State::kNext; }
  State in_string(uint8_t byte);
  State in_escape(uint8_t byte);
  State in_hex(uint8_t byte);
  State in_number(uint8_t byte);

  State state_ = State::kValue;
  bool is_key_ = false;
  std::bitset<kMaxDepth> is_object_;
  size_t depth_ = 0;
  const char* literal_ = nullptr;  // the rest of true, false or null
  uint8_t n_continuation_ = 0;     // bytes that the UTF-8 character lacks, and the range of the next one
  uint8_t lowest_ = 0x80;
  uint8_t highest_ = 0xBF;
  uint8_t n_hex_ = 0;
  uint16_t hex_ = 0;
  bool needs_low_surrogate_ = false;
};

}  // namespace ingot::core
