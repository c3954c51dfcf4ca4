// Python's operators on values. Errors say what does not go together, without a line: the interpreter adds it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

enum class Op : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower,
  kNegate,
  kPlus,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
};
std::string_view op_text(Op op);

Result<Value> arithmetic(Runtime& runtime, Op op, const Value& left, const Value& right);
Result<Value> negate_or_plus(Op op, const Value& operand);
// Any of the comparing operators.
Result<bool> compare(Runtime& runtime, Op op, const Value& left, const Value& right);
Result<bool> equals(Runtime& runtime, const Value& left, const Value& right, uint32_t depth = 0);
Result<bool> less(Runtime& runtime, const Value& left, const Value& right, uint32_t depth = 0);
Result<bool> contains(Runtime& runtime, const Value& container, const Value& item);

// Equal values have equal hashes. Errors: lists and dictionaries, as in Python.
Result<uint64_t> hash_of(Runtime& runtime, const Value& value, uint32_t depth = 0);
uint64_t hash_bytes(std::string_view bytes);

// container[index]; the undefined value where there is no such item, as the template language has it.
Result<Value> subscript(Runtime& runtime, const Value& container, const Value& index);
// container[start:stop:step]; bounds are integers or none.
Result<Value> slice(Runtime& runtime, const Value& container, const Value& start, const Value& stop, const Value& step);

// The error of who uses an undefined value.
tl::unexpected<Error> undefined_error(const Value& value);

}  // namespace ingot::core::jinja
