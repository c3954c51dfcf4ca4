#include "chat/jinja/attributes.h"

#include <algorithm>
#include <charconv>

#include "chat/jinja/methods.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"
#include "chat/jinja/unicode.h"

namespace ingot::core::jinja {
namespace {

Value method(Runtime& runtime, const Value& receiver, std::string_view name) {
  Value made = Value::of_kind(Kind::kMethod);
  made.method = runtime.make(MethodObject{receiver, name});
  return made;
}

Value loop_attribute(Runtime& runtime, const Value& value, std::string_view name) {
  const LoopObject& loop = *value.loop;
  if (name == "index") return Value::of(loop.index + 1);
  if (name == "index0") return Value::of(loop.index);
  if (name == "revindex") return Value::of(loop.n_items - loop.index);
  if (name == "revindex0") return Value::of(loop.n_items - loop.index - 1);
  if (name == "first") return Value::of(loop.index == 0);
  if (name == "last") return Value::of(loop.index + 1 == loop.n_items);
  if (name == "length") return Value::of(loop.n_items);
  if (name == "depth") return Value::of(loop.depth + 1);
  if (name == "depth0") return Value::of(loop.depth);
  if (name == "previtem" && loop.index > 0) return loop.items[loop.index - 1];
  if (name == "nextitem" && loop.index + 1 < loop.n_items) return loop.items[loop.index + 1];
  if (name == "cycle" || name == "changed") return method(runtime, value, name);
  return runtime.undefined(name, "loop");
}

// An index from Python: negative ones count from the end. False: out of range.
bool resolve_index(int64_t& index, size_t n) {
  if (index < 0) index += static_cast<int64_t>(n);
  return index >= 0 && index < static_cast<int64_t>(n);
}

Value item_at(Runtime& runtime, const Value& value, int64_t index) {
  if (value.is_string()) {
    const StringObject& text = *value.string;
    if (resolve_index(index, count_characters(text))) {
      const size_t begin = byte_of_character(text, static_cast<size_t>(index));
      return runtime.substring(text, begin, begin + character_bytes(text.bytes, begin));
    }
  } else if (resolve_index(index, value.sequence->n_items)) {
    return value.items()[static_cast<size_t>(index)];
  }
  return runtime.undefined(runtime.keep(fmt::format("{}", index)), type_name(value));
}

bool has_items(const Value& value) {
  return value.is_string() || value.is_list() || value.is_tuple() || value.is_sequence(SequenceKind::kRange);
}

// Python's slice.indices(): where a slice of n items begins and how many it has.
struct SliceRange {
  int64_t start = 0;
  int64_t stop = 0;
  int64_t n = 0;
  int64_t step = 1;
};

Result<int64_t> slice_bound(const Value& value, int64_t fallback) {
  if (value.is_none()) return fallback;
  if (value.is_undefined()) return undefined_error(value);
  if (!value.is_integral()) return invalid("a slice's bounds must be integers or none, not {}", type_name(value));
  return value.as_integer();
}

Result<SliceRange> slice_range(size_t n_items, const Value& start, const Value& stop, const Value& step) {
  SliceRange range;
  const auto n = static_cast<int64_t>(n_items);
  INGOT_ASSIGN(range.step, slice_bound(step, 1));
  if (range.step == 0) return invalid("a slice's step must not be zero");
  range.step = std::clamp<int64_t>(range.step, -(int64_t{1} << 40), int64_t{1} << 40);
  const bool backwards = range.step < 0;
  const int64_t low = backwards ? -1 : 0, high = backwards ? n - 1 : n;
  const auto clamped = [&](int64_t bound) {
    if (bound < 0) bound = bound < -n ? low : bound + n;
    return std::clamp(bound, low, high);
  };
  INGOT_ASSIGN(const int64_t from, slice_bound(start, backwards ? n - 1 : 0));
  INGOT_ASSIGN(const int64_t to, slice_bound(stop, backwards ? -n - 1 : n));
  range.start = clamped(from);
  range.stop = clamped(to);
  const int64_t distance = backwards ? range.start - range.stop : range.stop - range.start;
  const int64_t stride = backwards ? -range.step : range.step;
  range.n = distance <= 0 ? 0 : (distance + stride - 1) / stride;
  return range;
}

Result<Value> slice_string(Runtime& runtime, const StringObject& text, const SliceRange& range) {
  if (range.n == 0) return runtime.substring(text, 0, 0);
  if (range.step == 1) {
    const size_t begin = byte_of_character(text, static_cast<size_t>(range.start));
    const size_t end = byte_of_character(text, static_cast<size_t>(range.start + range.n));
    return runtime.substring(text, begin, end);
  }
  INGOT_TRY(runtime.step(range.n));
  TextBuilder made(runtime);
  // Where each character begins, for texts that are not one byte a character.
  std::vector<uint32_t> begins;
  if (!text.ascii) {
    if (!runtime.charge(text.bytes.size() * sizeof(uint32_t))) return tl::unexpected(runtime.step().error());
    for (size_t at = 0; at < text.bytes.size(); at += character_bytes(text.bytes, at)) {
      begins.push_back(static_cast<uint32_t>(at));
    }
  }
  for (int64_t taken = 0, index = range.start; taken < range.n; taken++, index += range.step) {
    const size_t begin = text.ascii ? static_cast<size_t>(index) : begins[static_cast<size_t>(index)];
    made.append(text, begin, begin + character_bytes(text.bytes, begin));
  }
  INGOT_TRY(runtime.step());
  return made.finish();
}

}  // namespace

Result<Value> pure_attribute_of(Runtime& runtime, const Value& value, std::string_view name) {
  switch (value.kind) {
    case Kind::kUndefined:
      return undefined_error(value);
    case Kind::kLoop:
      return loop_attribute(runtime, value, name);
    case Kind::kNamespace:
      for (const NamespaceEntry* entry = value.names->first; entry != nullptr; entry = entry->next) {
        if (entry->name == name) return entry->value;
      }
      break;
    case Kind::kMacro:
      if (name == "name") return runtime.string(value.macro->name);
      break;
    case Kind::kCycler:
      if (name == "current") return value.cycler->items[value.cycler->position];
      if (name == "next" || name == "reset") return method(runtime, value, name);
      break;
    case Kind::kSequence:
      if (value.sequence->grouped && name == "grouper") return value.items()[0];
      if (value.sequence->grouped && name == "list") return value.items()[1];
      break;
    default:
      break;
  }
  if (has_method(value, name)) return method(runtime, value, name);
  return runtime.undefined(name, type_name(value));
}

Result<Value> attribute_of(Runtime& runtime, const Value& value, std::string_view name) {
  if (value.is_dict() && !has_method(value, name)) {
    const Value* item = find(*value.dict, name);
    return item != nullptr ? *item : runtime.undefined(name, "dict");
  }
  return pure_attribute_of(runtime, value, name);
}

Result<Value> subscript(Runtime& runtime, const Value& container, const Value& index) {
  if (container.is_undefined()) return undefined_error(container);
  if (container.is_dict()) {
    const auto item = find(runtime, *container.dict, index);
    if (item && *item != nullptr) return **item;
    INGOT_TRY(runtime.step());
  } else if (index.is_integral() && has_items(container)) {
    if (container.is_string())
      INGOT_TRY(runtime.step_bytes(container.string->ascii ? 0 : container.string->bytes.size()));
    return item_at(runtime, container, index.as_integer());
  }
  if (index.is_string()) return pure_attribute_of(runtime, container, index.string->bytes);
  return runtime.undefined("such item", type_name(container));
}

Result<Value> slice(Runtime& runtime, const Value& container, const Value& start, const Value& stop,
                    const Value& step) {
  if (container.is_undefined()) return undefined_error(container);
  if (!has_items(container)) return invalid("{} cannot be sliced", type_name(container));
  if (container.is_string()) {
    INGOT_TRY(runtime.step_bytes(container.string->ascii ? 0 : container.string->bytes.size()));
    INGOT_ASSIGN(const SliceRange range, slice_range(count_characters(*container.string), start, stop, step));
    return slice_string(runtime, *container.string, range);
  }
  INGOT_ASSIGN(const SliceRange range, slice_range(container.sequence->n_items, start, stop, step));
  INGOT_TRY(runtime.step(range.n / 4));
  ListBuilder items(runtime);
  for (int64_t taken = 0, index = range.start; taken < range.n; taken++, index += range.step) {
    items.add(container.items()[static_cast<size_t>(index)]);
  }
  INGOT_TRY(runtime.step());
  const Value made = items.finish(container.sequence->kind);
  if (container.is_sequence(SequenceKind::kRange)) {
    // At most 100000 numbers, which are 64 bits wide: what is printed may wrap around, what is in it does not.
    const auto at = [&](int64_t index) {
      return static_cast<int64_t>(static_cast<uint64_t>(container.sequence->start) +
                                  static_cast<uint64_t>(index) * static_cast<uint64_t>(container.sequence->step));
    };
    made.sequence->start = at(range.start);
    made.sequence->stop = at(range.stop);
    made.sequence->step =
        static_cast<int64_t>(static_cast<uint64_t>(container.sequence->step) * static_cast<uint64_t>(range.step));
  }
  return made;
}

Result<Value> path_of(Runtime& runtime, const Value& value, const Value& path) {
  if (!path.is_string()) return subscript(runtime, value, path);
  Value item = value;
  std::string_view rest = path.string->bytes;
  while (true) {
    const size_t point = rest.find('.');
    const std::string_view part = rest.substr(0, point);
    int64_t index = 0;
    const auto parsed = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool is_index =
        !part.empty() && part[0] != '-' && parsed.ec == std::errc() && parsed.ptr == part.data() + part.size();
    INGOT_ASSIGN(item, subscript(runtime, item, is_index ? Value::of(index) : runtime.string(part)));
    if (point == std::string_view::npos) return item;
    rest.remove_prefix(point + 1);
  }
}

}  // namespace ingot::core::jinja
