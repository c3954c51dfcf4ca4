// map, select, reject, selectattr, rejectattr: filters that apply a filter or a test to each item.
#include <array>

#include "base/utf8.h"
#include "chat/jinja/attributes.h"
#include "chat/jinja/filters.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/tests.h"

namespace ingot::core::jinja {
namespace {

// The arguments behind the first n.
Args rest_of(const Args& args, size_t n) {
  Args rest;
  rest.positional.assign(args.positional.begin() + static_cast<std::ptrdiff_t>(n), args.positional.end());
  rest.named = args.named;
  return rest;
}

Result<Value> map_attribute(Runtime& runtime, std::span<const Value> items, const Args& args) {
  Value attribute, fallback = Value::none();
  for (const NamedValue& named : args.named) {
    if (named.name == "attribute") {
      attribute = named.value;
    } else if (named.name == "default") {
      fallback = named.value;
    } else {
      return invalid("map has no argument '{}'", printable(named.name));
    }
  }
  ListBuilder made(runtime);
  for (const Value& item : items) {
    INGOT_TRY(runtime.step());
    INGOT_ASSIGN(Value value, path_of(runtime, item, attribute));
    if (value.is_undefined() && !fallback.is_none()) value = fallback;
    made.add(value);
  }
  return made.finish(SequenceKind::kGenerator);
}

Result<Value> map(Runtime& runtime, const Value& value, const Args& args) {
  // Jinja looks at nothing, not even the type, where there is nothing to go over.
  if (!truth(value)) return runtime.sequence({}, SequenceKind::kGenerator);
  INGOT_ASSIGN(const auto items, items_of(runtime, value));
  const bool by_attribute =
      args.positional.empty() && !args.named.empty() && (args.named[0].name == "attribute" || args.named.size() == 2);
  if (by_attribute) return map_attribute(runtime, items, args);
  if (args.positional.empty() || !args.positional[0].is_string())
    return invalid("map needs a filter's name or attribute=");
  const FilterEntry* filter = find_filter(args.positional[0].string->bytes);
  if (filter == nullptr) return invalid("there is no filter '{}'", printable(args.positional[0].string->bytes));
  // A filter that calls filters would recurse as deep as its arguments say.
  if (filter->apply == map) return invalid("map('map') is not supported");
  const Args rest = rest_of(args, 1);
  ListBuilder made(runtime);
  for (const Value& item : items) {
    INGOT_TRY(runtime.step());
    INGOT_ASSIGN(const Value result, filter->apply(runtime, item, rest));
    made.add(result);
  }
  return made.finish(SequenceKind::kGenerator);
}

// Keeps the items, or with an attribute those whose attribute, for which the test holds, or does not hold.
template <bool keeps, bool by_attribute>
Result<Value> select(Runtime& runtime, const Value& value, const Args& args) {
  if (!truth(value)) return runtime.sequence({}, SequenceKind::kGenerator);
  constexpr size_t kTestAt = by_attribute ? 1 : 0;
  if (by_attribute && args.positional.empty()) return invalid("selectattr, rejectattr: an attribute is needed");
  const TestEntry* test = nullptr;
  if (args.positional.size() > kTestAt) {
    const Value& name = args.positional[kTestAt];
    if (name.is_string()) test = find_test(name.string->bytes);
    if (test == nullptr) {
      return invalid("there is no test '{}'",
                     name.is_string() ? printable(name.string->bytes) : std::string(type_name(name)));
    }
  }
  const Args rest = test != nullptr ? rest_of(args, kTestAt + 1) : Args();
  INGOT_ASSIGN(const auto items, items_of(runtime, value));
  ListBuilder made(runtime);
  for (const Value& item : items) {
    INGOT_TRY(runtime.step());
    Value tested = item;
    if constexpr (by_attribute) {
      INGOT_ASSIGN(tested, path_of(runtime, item, args.positional[0]));
    }
    bool holds = truth(tested);
    if (test != nullptr) {
      INGOT_ASSIGN(holds, test->holds(runtime, tested, rest));
    }
    if (holds == keeps) made.add(item);
  }
  INGOT_TRY(runtime.step());
  return made.finish(SequenceKind::kGenerator);
}

}  // namespace

std::span<const FilterEntry> select_filters() {
  static constexpr std::array<FilterEntry, 5> kFilters{{{"map", map},
                                                        {"select", select<true, false>},
                                                        {"reject", select<false, false>},
                                                        {"selectattr", select<true, true>},
                                                        {"rejectattr", select<false, true>}}};
  return kFilters;
}

}  // namespace ingot::core::jinja
