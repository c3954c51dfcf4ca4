#include "chat/jinja/operators.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include <xxhash.h>

#include "base/utf8.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/percent_format.h"
#include "chat/jinja/print.h"
#include "chat/jinja/unicode.h"

namespace ingot::core::jinja {
namespace {

tl::unexpected<Error> no_such_operator(Op op, const Value& left, const Value& right) {
  if (left.is_undefined()) return undefined_error(left);
  if (right.is_undefined()) return undefined_error(right);
  return invalid("'{}' does not work between {} and {}", op_text(op), type_name(left), type_name(right));
}

tl::unexpected<Error> too_large() {
  return invalid("the result is an integer beyond 64 bits, which is not supported");
}

Result<Value> integer_arithmetic(Op op, int64_t left, int64_t right) {
  int64_t result = 0;
  switch (op) {
    case Op::kAdd:
      if (__builtin_add_overflow(left, right, &result)) return too_large();
      return Value::of(result);
    case Op::kSubtract:
      if (__builtin_sub_overflow(left, right, &result)) return too_large();
      return Value::of(result);
    case Op::kMultiply:
      if (__builtin_mul_overflow(left, right, &result)) return too_large();
      return Value::of(result);
    case Op::kDivide:
      if (right == 0) return invalid("division by zero");
      return Value::of(static_cast<double>(left) / static_cast<double>(right));
    case Op::kFloorDivide:
    case Op::kModulo: {
      if (right == 0) return invalid("integer division or modulo by zero");
      if (right == -1) return op == Op::kModulo ? Value::of(int64_t{0}) : integer_arithmetic(Op::kSubtract, 0, left);
      int64_t quotient = left / right, remainder = left % right;
      if (remainder != 0 && (remainder < 0) != (right < 0)) {
        quotient--;
        remainder += right;
      }
      return Value::of(op == Op::kModulo ? remainder : quotient);
    }
    default:
      break;
  }
  // Power.
  if (right < 0) {
    if (left == 0) return invalid("0 cannot be raised to a negative power");
    return Value::of(std::pow(static_cast<double>(left), static_cast<double>(right)));
  }
  if (left == 0 || left == 1) return Value::of(right == 0 ? int64_t{1} : left);
  if (left == -1) return Value::of(int64_t{right % 2 == 0 ? 1 : -1});
  result = 1;
  for (int64_t done = 0; done < right; done++) {  // at most 63 times
    if (__builtin_mul_overflow(result, left, &result)) return too_large();
  }
  return Value::of(result);
}

Result<Value> real_arithmetic(Op op, double left, double right) {
  switch (op) {
    case Op::kAdd:
      return Value::of(left + right);
    case Op::kSubtract:
      return Value::of(left - right);
    case Op::kMultiply:
      return Value::of(left * right);
    case Op::kDivide:
      if (right == 0) return invalid("float division by zero");
      return Value::of(left / right);
    case Op::kFloorDivide:
    case Op::kModulo: {
      if (right == 0) return invalid("float floor division or modulo by zero");
      double remainder = std::fmod(left, right);
      double quotient = (left - remainder) / right;
      if (remainder != 0) {
        if ((right < 0) != (remainder < 0)) {
          remainder += right;
          quotient -= 1;
        }
      } else {
        remainder = std::copysign(0.0, right);
      }
      if (op == Op::kModulo) return Value::of(remainder);
      if (quotient == 0) return Value::of(std::copysign(0.0, left / right));
      double floored = std::floor(quotient);
      if (quotient - floored > 0.5) floored += 1;
      return Value::of(floored);
    }
    default:
      break;
  }
  if (left == 0 && right < 0) return invalid("0.0 cannot be raised to a negative power");
  if (left < 0 && std::floor(right) != right && std::isfinite(right)) {
    return invalid("a negative number to a fractional power is a complex number, which is not supported");
  }
  const double power = std::pow(left, right);
  if (std::isinf(power) && std::isfinite(left) && std::isfinite(right)) return invalid("the power is too large");
  return Value::of(power);
}

Result<Value> repeat(Runtime& runtime, const Value& value, int64_t n_times) {
  const size_t n = value.is_string() ? value.string->bytes.size() : value.sequence->n_items;
  const size_t n_bytes_each = value.is_string() ? 1 : sizeof(Value);
  const auto times = static_cast<size_t>(std::max<int64_t>(n_times, 0));
  if (n != 0 && times > kMaxValueBytes / n_bytes_each / n) {
    runtime.charge(kMaxValueBytes + 1);
    return tl::unexpected(runtime.step().error());
  }
  INGOT_TRY(runtime.step_bytes(n * times * n_bytes_each));
  if (value.is_string()) {
    TextBuilder text(runtime);
    text.reserve(n * times);
    if (n == 0) return value;
    for (size_t done = 0; done < times; done++) text.append(*value.string);
    INGOT_TRY(runtime.step());
    return text.finish();
  }
  ListBuilder list(runtime);
  if (n == 0) return list.finish(value.sequence->kind);
  for (size_t done = 0; done < times; done++) {
    for (const Value& item : value.items()) list.add(item);
  }
  INGOT_TRY(runtime.step());
  return list.finish(value.sequence->kind);
}

bool can_repeat(const Value& value) {
  return value.is_string() || value.is_list() || value.is_tuple();
}

Result<Value> concatenate(Runtime& runtime, const Value& left, const Value& right) {
  if (left.is_string()) {
    INGOT_TRY(runtime.step_bytes(left.string->bytes.size() + right.string->bytes.size()));
    TextBuilder text(runtime);
    const bool safe = left.string->safe || right.string->safe;
    for (const Value& part : {left, right}) {
      if (safe && !part.string->safe) {
        append_escaped(text, *part.string);
      } else {
        text.append(*part.string);
      }
    }
    INGOT_TRY(runtime.step());
    Value made = text.finish();
    if (safe) made = marked_safe(runtime, made);
    return made;
  }
  ListBuilder list(runtime);
  INGOT_TRY(runtime.step_bytes((left.sequence->n_items + right.sequence->n_items) * sizeof(Value)));
  for (const Value& item : left.items()) list.add(item);
  for (const Value& item : right.items()) list.add(item);
  INGOT_TRY(runtime.step());
  return list.finish(left.sequence->kind);
}

// Orders two numbers without losing digits of large integers.
int compare_numbers(const Value& left, const Value& right) {
  if (left.is_integral() && right.is_integral()) {
    return left.as_integer() < right.as_integer() ? -1 : left.as_integer() > right.as_integer() ? 1 : 0;
  }
  const double a = left.as_real(), b = right.as_real();
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2;  // 2: one is not a number, all comparisons are false
}

bool are_numbers(const Value& left, const Value& right) {
  return left.is_number() && right.is_number();
}

bool same_sequence_type(const Value& left, const Value& right) {
  return left.kind == Kind::kSequence && right.kind == Kind::kSequence && left.sequence->kind == right.sequence->kind &&
         (left.is_list() || left.is_tuple());
}

Result<bool> equal_dicts(Runtime& runtime, const DictObject& left, const DictObject& right, uint32_t depth) {
  if (left.n_entries != right.n_entries) return false;
  for (size_t index = 0; index < left.n_entries; index++) {
    INGOT_ASSIGN(const Value* other, find(runtime, right, left.entries[index].key));
    if (other == nullptr) return false;
    INGOT_ASSIGN(const bool same, equals(runtime, left.entries[index].value, *other, depth + 1));
    if (!same) return false;
  }
  return true;
}

}  // namespace

std::string_view op_text(Op op) {
  constexpr std::array<std::string_view, 17> kTexts{"+",  "-",  "*", "/",  "//", "%",  "**", "-",     "+",
                                                    "==", "!=", "<", "<=", ">",  ">=", "in", "not in"};
  return kTexts[static_cast<size_t>(op)];
}

tl::unexpected<Error> undefined_error(const Value& value) {
  const UndefinedObject* why = value.undefined;
  if (why == nullptr) return invalid("an undefined value is used");
  if (why->owner.empty()) return invalid("'{}' is undefined", printable(why->name));
  return invalid("the {} has no '{}'", why->owner, printable(why->name));
}

Result<Value> arithmetic(Runtime& runtime, Op op, const Value& left, const Value& right) {
  if (op == Op::kModulo && left.is_string()) return percent_format(runtime, *left.string, right);
  if (left.is_integral() && right.is_integral()) {
    return integer_arithmetic(op, left.as_integer(), right.as_integer());
  }
  if (are_numbers(left, right)) return real_arithmetic(op, left.as_real(), right.as_real());
  if (left.is(Kind::kBigInt) || right.is(Kind::kBigInt)) {
    return invalid("'{}' on an integer beyond 64 bits is not supported", op_text(op));
  }
  if (op == Op::kAdd && ((left.is_string() && right.is_string()) || same_sequence_type(left, right))) {
    return concatenate(runtime, left, right);
  }
  if (op == Op::kMultiply && can_repeat(left) && right.is_integral()) {
    return repeat(runtime, left, right.as_integer());
  }
  if (op == Op::kMultiply && can_repeat(right) && left.is_integral()) {
    return repeat(runtime, right, left.as_integer());
  }
  return no_such_operator(op, left, right);
}

Result<Value> negate_or_plus(Op op, const Value& operand) {
  if (operand.is_undefined()) return undefined_error(operand);
  if (!operand.is_number()) return invalid("unary '{}' does not work on {}", op_text(op), type_name(operand));
  if (operand.is(Kind::kFloat)) return Value::of(op == Op::kNegate ? -operand.real : operand.real);
  if (op == Op::kPlus) return Value::of(operand.as_integer());
  return integer_arithmetic(Op::kSubtract, 0, operand.as_integer());
}

Result<bool> equals(Runtime& runtime, const Value& left, const Value& right, uint32_t depth) {
  INGOT_TRY(runtime.step());
  if (depth > kMaxValueDepth) return invalid("values nested deeper than {} cannot be compared", kMaxValueDepth);
  if (are_numbers(left, right)) return compare_numbers(left, right) == 0;
  if (left.kind != right.kind) return false;
  switch (left.kind) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
    case Kind::kBigInt:
      INGOT_TRY(runtime.step_bytes(std::min(left.string->bytes.size(), right.string->bytes.size())));
      return left.string->bytes == right.string->bytes;
    case Kind::kDict:
      if (left.dict == right.dict) return true;
      return equal_dicts(runtime, *left.dict, *right.dict, depth);
    case Kind::kSequence: {
      if (left.sequence == right.sequence) return true;
      const bool both_ranges = left.is_sequence(SequenceKind::kRange) && right.is_sequence(SequenceKind::kRange);
      if (!same_sequence_type(left, right) && !both_ranges) return false;
      if (left.sequence->n_items != right.sequence->n_items) return false;
      for (size_t index = 0; index < left.sequence->n_items; index++) {
        INGOT_ASSIGN(const bool same, equals(runtime, left.items()[index], right.items()[index], depth + 1));
        if (!same) return false;
      }
      return true;
    }
    case Kind::kFunction:
      return left.function == right.function;
    case Kind::kMethod:
      return left.method->name == right.method->name && left.method->receiver.string == right.method->receiver.string;
    default:
      return left.names == right.names;  // the same object
  }
}

Result<bool> less(Runtime& runtime, const Value& left, const Value& right, uint32_t depth) {
  INGOT_TRY(runtime.step());
  if (depth > kMaxValueDepth) return invalid("values nested deeper than {} cannot be compared", kMaxValueDepth);
  if (are_numbers(left, right)) return compare_numbers(left, right) == -1;
  if (left.is_string() && right.is_string()) {
    INGOT_TRY(runtime.step_bytes(std::min(left.string->bytes.size(), right.string->bytes.size())));
    return left.string->bytes < right.string->bytes;  // UTF-8 sorts as its code points do
  }
  if (!same_sequence_type(left, right)) return no_such_operator(Op::kLess, left, right);
  const size_t n_common = std::min(left.sequence->n_items, right.sequence->n_items);
  for (size_t index = 0; index < n_common; index++) {
    INGOT_ASSIGN(const bool same, equals(runtime, left.items()[index], right.items()[index], depth + 1));
    if (!same) return less(runtime, left.items()[index], right.items()[index], depth + 1);
  }
  return left.sequence->n_items < right.sequence->n_items;
}

Result<bool> compare(Runtime& runtime, Op op, const Value& left, const Value& right) {
  switch (op) {
    case Op::kEqual:
      return equals(runtime, left, right);
    case Op::kNotEqual:
      return equals(runtime, left, right).map([](bool same) { return !same; });
    case Op::kIn:
      return contains(runtime, right, left);
    case Op::kNotIn:
      return contains(runtime, right, left).map([](bool found) { return !found; });
    default:
      break;
  }
  if (are_numbers(left, right)) {
    const int order = compare_numbers(left, right);
    if (order == 2) return false;
    return op == Op::kLess        ? order < 0
           : op == Op::kLessEqual ? order <= 0
           : op == Op::kGreater   ? order > 0
                                  : order >= 0;
  }
  const bool swapped = op == Op::kGreater || op == Op::kGreaterEqual;
  const Value& first = swapped ? right : left;
  const Value& second = swapped ? left : right;
  auto is_less = less(runtime, first, second);
  if (!is_less) {
    if (!(left.is_string() && right.is_string()) && !same_sequence_type(left, right)) {
      return no_such_operator(op, left, right);
    }
    return is_less;
  }
  if (op == Op::kLess || op == Op::kGreater || *is_less) return is_less;
  return equals(runtime, first, second);
}

Result<bool> contains(Runtime& runtime, const Value& container, const Value& item) {
  switch (container.kind) {
    case Kind::kUndefined:
      return false;
    case Kind::kString:
      if (!item.is_string()) {
        if (item.is_undefined()) return undefined_error(item);
        return invalid("'in' a string needs a string on its left, not {}", type_name(item));
      }
      INGOT_TRY(runtime.step_bytes(container.string->bytes.size() * 4));
      return find_bytes(container.string->bytes, item.string->bytes) != std::string_view::npos;
    case Kind::kDict: {
      INGOT_ASSIGN(const Value* found, find(runtime, *container.dict, item));
      return found != nullptr;
    }
    default:
      break;
  }
  auto items = items_of(runtime, container);
  if (!items) return invalid("'in' does not work on {}", type_name(container));
  for (const Value& other : *items) {
    INGOT_ASSIGN(const bool same, equals(runtime, item, other));
    if (same) return true;
  }
  return false;
}

uint64_t hash_bytes(std::string_view bytes) {
  // Seeded anew in each process: nobody can choose keys that fall into one slot. No order depends on it.
  static const uint64_t seed = std::random_device{}();
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

Result<uint64_t> hash_of(Runtime& runtime, const Value& value, uint32_t depth) {
  INGOT_TRY(runtime.step());
  if (depth > kMaxValueDepth) return invalid("a tuple nested deeper than {} cannot be a key", kMaxValueDepth);
  switch (value.kind) {
    case Kind::kBool:
    case Kind::kInt: {
      const int64_t integer = value.as_integer();
      return hash_bytes({reinterpret_cast<const char*>(&integer), sizeof integer});
    }
    case Kind::kFloat:
      if (std::abs(value.real) < 9e18 && std::floor(value.real) == value.real) {
        return hash_of(runtime, Value::of(static_cast<int64_t>(value.real)));
      }
      return hash_bytes({reinterpret_cast<const char*>(&value.real), sizeof value.real});
    case Kind::kString:
    case Kind::kBigInt:
      INGOT_TRY(runtime.step_bytes(value.string->bytes.size()));
      return hash_bytes(value.string->bytes);
    case Kind::kSequence:
      if (value.is_tuple()) {
        uint64_t hash = 0;
        for (const Value& item : value.items()) {
          INGOT_ASSIGN(const uint64_t part, hash_of(runtime, item, depth + 1));
          const std::array<uint64_t, 2> both{hash, part};
          hash = hash_bytes({reinterpret_cast<const char*>(both.data()), sizeof both});
        }
        return hash;
      }
      if (!value.is_list()) return static_cast<uint64_t>(value.kind);
      break;
    case Kind::kDict:
      break;
    default:
      return static_cast<uint64_t>(value.kind);
  }
  return invalid("{} cannot be a key", type_name(value));
}

}  // namespace ingot::core::jinja
