#include "chat/jinja/tests.h"

#include <algorithm>
#include <array>

#include "chat/jinja/filters.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/unicode.h"

namespace ingot::core::jinja {
namespace {

// A test of the value alone.
template <bool (*is)(const Value&)>
Result<bool> plain(Runtime&, const Value& value, const Args& args) {
  INGOT_TRY(bind("this test", args, {}));
  return is(value);
}

bool is_defined(const Value& value) {
  return !value.is_undefined();
}
bool is_undefined(const Value& value) {
  return value.is_undefined();
}
bool is_none(const Value& value) {
  return value.is_none();
}
bool is_boolean(const Value& value) {
  return value.is(Kind::kBool);
}
bool is_true(const Value& value) {
  return value.is(Kind::kBool) && value.boolean;
}
bool is_false(const Value& value) {
  return value.is(Kind::kBool) && !value.boolean;
}
bool is_integer(const Value& value) {
  return value.is(Kind::kInt) || value.is(Kind::kBigInt);
}
bool is_float(const Value& value) {
  return value.is(Kind::kFloat);
}
bool is_number(const Value& value) {
  return value.is_number() || value.is(Kind::kBigInt);
}
bool is_string(const Value& value) {
  return value.is_string();
}
bool is_mapping(const Value& value) {
  return value.is_dict();
}
bool is_escaped(const Value& value) {
  return value.is_string() && value.string->safe;
}
// What has a length and can be indexed; Jinja's undefined has both, so it counts.
bool is_sequence(const Value& value) {
  return value.is_string() || value.is_dict() || value.is_undefined() || value.is_list() || value.is_tuple() ||
         value.is_sequence(SequenceKind::kRange);
}
bool is_iterable(const Value& value) {
  return value.is_string() || value.is_dict() || value.is_undefined() || value.is(Kind::kSequence) ||
         value.is(Kind::kLoop);
}
bool is_callable(const Value& value) {
  return value.is(Kind::kFunction) || value.is(Kind::kMethod) || value.is(Kind::kMacro) || value.is(Kind::kLoop) ||
         value.is(Kind::kJoiner) || value.is_undefined();
}

template <Op op>
Result<bool> compared(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("this test", args, {"other"}, 1));
  return compare(runtime, op, value, bound[0]);
}

Result<bool> divisible(Runtime& runtime, const Value& value, const Value& by, int64_t rest) {
  INGOT_ASSIGN(const Value remainder, arithmetic(runtime, Op::kModulo, value, by));
  return equals(runtime, remainder, Value::of(rest));
}

template <int64_t rest>
Result<bool> parity(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("this test", args, {}));
  return divisible(runtime, value, Value::of(int64_t{2}), rest);
}

Result<bool> divisibleby(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("divisibleby", args, {"num"}, 1));
  return divisible(runtime, value, bound[0], 0);
}

Result<bool> is_in(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("in", args, {"seq"}, 1));
  return contains(runtime, bound[0], value);
}

// The same object: for what is no object here, the same type and value.
Result<bool> sameas(Runtime&, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("sameas", args, {"other"}, 1));
  const Value& other = bound[0];
  if (value.kind != other.kind) return false;
  switch (value.kind) {
    case Kind::kUndefined:
      return value.undefined == other.undefined;
    case Kind::kNone:
      return true;
    case Kind::kBool:
      return value.boolean == other.boolean;
    case Kind::kInt:
      return value.integer == other.integer;
    case Kind::kFloat:
      return value.real == other.real;
    case Kind::kString:
      return value.string->bytes == other.string->bytes;
    case Kind::kFunction:
      return value.function == other.function;
    default:
      return value.sequence == other.sequence;
  }
}

template <bool upper>
Result<bool> is_case(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind(upper ? "upper" : "lower", args, {}));
  INGOT_ASSIGN(const Value text, to_string(runtime, value));
  INGOT_TRY(runtime.step_bytes(text.string->bytes.size()));
  const std::string_view bytes = text.string->bytes;
  bool found = false;
  for (size_t at = 0; at < bytes.size(); at += character_bytes(bytes, at)) {
    const uint32_t character = code_point(bytes, at);
    if (!is_cased(character)) continue;
    found = true;
    if (!(upper ? is_upper(character) : is_lower(character))) return false;
  }
  return found;
}

template <bool filter>
Result<bool> is_known(Runtime&, const Value& value, const Args& args) {
  INGOT_TRY(bind(filter ? "filter" : "test", args, {}));
  if (!value.is_string()) return false;
  return filter ? find_filter(value.string->bytes) != nullptr : find_test(value.string->bytes) != nullptr;
}

constexpr std::array<TestEntry, 39> kTests{{{"defined", plain<is_defined>},
                                            {"undefined", plain<is_undefined>},
                                            {"none", plain<is_none>},
                                            {"boolean", plain<is_boolean>},
                                            {"true", plain<is_true>},
                                            {"false", plain<is_false>},
                                            {"integer", plain<is_integer>},
                                            {"float", plain<is_float>},
                                            {"number", plain<is_number>},
                                            {"string", plain<is_string>},
                                            {"mapping", plain<is_mapping>},
                                            {"sequence", plain<is_sequence>},
                                            {"iterable", plain<is_iterable>},
                                            {"callable", plain<is_callable>},
                                            {"escaped", plain<is_escaped>},
                                            {"odd", parity<1>},
                                            {"even", parity<0>},
                                            {"divisibleby", divisibleby},
                                            {"lower", is_case<false>},
                                            {"upper", is_case<true>},
                                            {"sameas", sameas},
                                            {"in", is_in},
                                            {"filter", is_known<true>},
                                            {"test", is_known<false>},
                                            {"==", compared<Op::kEqual>},
                                            {"eq", compared<Op::kEqual>},
                                            {"equalto", compared<Op::kEqual>},
                                            {"!=", compared<Op::kNotEqual>},
                                            {"ne", compared<Op::kNotEqual>},
                                            {">", compared<Op::kGreater>},
                                            {"gt", compared<Op::kGreater>},
                                            {"greaterthan", compared<Op::kGreater>},
                                            {">=", compared<Op::kGreaterEqual>},
                                            {"ge", compared<Op::kGreaterEqual>},
                                            {"<", compared<Op::kLess>},
                                            {"lt", compared<Op::kLess>},
                                            {"lessthan", compared<Op::kLess>},
                                            {"<=", compared<Op::kLessEqual>},
                                            {"le", compared<Op::kLessEqual>}}};

}  // namespace

const TestEntry* find_test(std::string_view name) {
  const auto* found =
      std::find_if(kTests.begin(), kTests.end(), [&](const TestEntry& row) { return row.name == name; });
  return found == kTests.end() ? nullptr : found;
}

}  // namespace ingot::core::jinja
