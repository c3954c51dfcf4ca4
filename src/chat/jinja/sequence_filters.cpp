// Filters of lists and what else can be iterated.
#include <algorithm>
#include <array>

#include "chat/jinja/attributes.h"
#include "chat/jinja/filters.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/methods.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/string_methods.h"

namespace ingot::core::jinja {
namespace {

Result<Value> length(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("length", args, {}));
  if (value.is_string()) INGOT_TRY(runtime.step_bytes(value.string->bytes.size()));
  INGOT_ASSIGN(const int64_t n, length_of(value));
  return Value::of(n);
}

Result<Value> first(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("first", args, {}));
  if (value.is_string() && !value.string->bytes.empty()) {
    return runtime.substring(*value.string, 0, character_bytes(value.string->bytes, 0));
  }
  INGOT_ASSIGN(const auto items, items_of(runtime, value));
  return items.empty() ? runtime.undefined("first item", "empty sequence") : items.front();
}

Result<Value> last(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("last", args, {}));
  if (value.is_sequence(SequenceKind::kGenerator))
    return invalid("last does not work on a generator; |list makes a list");
  if (value.is_string() && !value.string->bytes.empty()) {
    const size_t n = value.string->bytes.size();
    return runtime.substring(*value.string, previous_character(value.string->bytes, n), n);
  }
  INGOT_ASSIGN(const auto items, items_of(runtime, value));
  return items.empty() ? runtime.undefined("last item", "empty sequence") : items.back();
}

Result<Value> join_filter(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("join", args, {"d", "attribute"}));
  INGOT_ASSIGN(const Value separator, to_string(runtime, bound.get(0, runtime.string(""))));
  INGOT_ASSIGN(const auto items, items_of(runtime, value));
  ListBuilder parts(runtime);
  for (Value item : items) {
    if (bound.given(1)) {
      INGOT_ASSIGN(item, path_of(runtime, item, bound[1]));
    }
    INGOT_ASSIGN(const Value text, to_string(runtime, item));
    parts.add(text);
    INGOT_TRY(runtime.step());
  }
  return join(runtime, *separator.string, parts.items());
}

Result<Value> list(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("list", args, {}));
  INGOT_ASSIGN(const auto items, items_of(runtime, value));
  INGOT_TRY(runtime.step(static_cast<int64_t>(items.size() / 4)));
  ListBuilder made(runtime);
  for (const Value& item : items) made.add(item);
  INGOT_TRY(runtime.step());
  return made.finish();
}

Result<Value> reverse(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("reverse", args, {}));
  if (value.is_string()) {
    return slice(runtime, value, Value::none(), Value::none(), Value::of(int64_t{-1}));
  }
  INGOT_ASSIGN(const auto items, items_of(runtime, value));
  INGOT_TRY(runtime.step(static_cast<int64_t>(items.size() / 4)));
  ListBuilder made(runtime);
  for (size_t left = items.size(); left > 0; left--) made.add(items[left - 1]);
  INGOT_TRY(runtime.step());
  return made.finish(SequenceKind::kGenerator);
}

Result<Value> items(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_TRY(bind("items", args, {}));
  if (value.is_undefined()) return runtime.sequence({}, SequenceKind::kGenerator);
  if (!value.is_dict()) return invalid("items needs a dict, not {}", type_name(value));
  INGOT_ASSIGN(const Value pairs, call_method(runtime, MethodObject{value, "items"}, {}));
  pairs.sequence->kind = SequenceKind::kGenerator;
  return pairs;
}

Result<Value> batch(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("batch", args, {"linecount", "fill_with"}, 1));
  INGOT_ASSIGN(const int64_t n, bound.integer(0, 1));
  INGOT_ASSIGN(const auto all, items_of(runtime, value));
  ListBuilder batches(runtime);
  std::vector<Value> part;
  for (const Value& item : all) {
    if (static_cast<int64_t>(part.size()) == n) {
      batches.add(runtime.sequence(part));
      part.clear();
    }
    part.push_back(item);
    INGOT_TRY(runtime.step());
  }
  if (!part.empty()) {
    if (bound.given(1) && static_cast<int64_t>(part.size()) < n) {
      const uint64_t n_missing = static_cast<uint64_t>(n) - part.size();
      if (n_missing > kMaxValueBytes || !runtime.charge(n_missing * sizeof(Value))) {
        return invalid("batch: a part of {} values is too large", n);
      }
      part.resize(static_cast<size_t>(n), bound[1]);
    }
    batches.add(runtime.sequence(part));
  }
  INGOT_TRY(runtime.step(static_cast<int64_t>(part.size())));
  return batches.finish(SequenceKind::kGenerator);
}

Result<Value> slices(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("slice", args, {"slices", "fill_with"}, 1));
  INGOT_ASSIGN(const int64_t n, bound.integer(0, 1));
  INGOT_ASSIGN(const auto all, items_of(runtime, value));
  if (n == 0) return invalid("slice: into zero parts");
  ListBuilder parts(runtime);
  const auto total = static_cast<int64_t>(all.size());
  size_t begin = 0;
  for (int64_t index = 0; index < n; index++) {
    const bool longer = index < total % n;
    const auto end = begin + static_cast<size_t>(total / n + (longer ? 1 : 0));
    std::vector<Value> part(all.begin() + static_cast<std::ptrdiff_t>(begin),
                            all.begin() + static_cast<std::ptrdiff_t>(end));
    if (bound.given(1) && !longer) part.push_back(bound[1]);
    parts.add(runtime.sequence(part));
    begin = end;
    INGOT_TRY(runtime.step());
  }
  return parts.finish(SequenceKind::kGenerator);
}

Result<Value> sum(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("sum", args, {"attribute", "start"}));
  INGOT_ASSIGN(const auto all, items_of(runtime, value));
  Value total = bound.get(1, Value::of(int64_t{0}));
  if (total.is_string()) return invalid("sum does not add strings; |join does");
  for (Value item : all) {
    if (bound.given(0)) {
      INGOT_ASSIGN(item, path_of(runtime, item, bound[0]));
    }
    INGOT_TRY(runtime.step());
    INGOT_ASSIGN(total, arithmetic(runtime, Op::kAdd, total, item));
  }
  return total;
}

Result<Value> fallback(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("default", args, {"default_value", "boolean"}));
  if (value.is_undefined() || (bound.flag(1) && !truth(value))) return bound.get(0, runtime.string(""));
  return value;
}

Result<Value> attribute(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("attr", args, {"name"}, 1));
  INGOT_ASSIGN(const Value name, to_string(runtime, bound[0]));
  if (value.is_undefined()) return undefined_error(value);
  return pure_attribute_of(runtime, value, name.string->bytes);
}

}  // namespace

std::span<const FilterEntry> sequence_filters() {
  static constexpr std::array<FilterEntry, 14> kFilters{{{"length", length},
                                                         {"count", length},
                                                         {"first", first},
                                                         {"last", last},
                                                         {"join", join_filter},
                                                         {"list", list},
                                                         {"reverse", reverse},
                                                         {"items", items},
                                                         {"batch", batch},
                                                         {"slice", slices},
                                                         {"sum", sum},
                                                         {"default", fallback},
                                                         {"d", fallback},
                                                         {"attr", attribute}}};
  return kFilters;
}

}  // namespace ingot::core::jinja
