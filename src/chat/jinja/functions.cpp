#include "chat/jinja/functions.h"

#include <vector>

#include "base/utf8.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/print.h"

namespace ingot::core::jinja {
namespace {

Result<Value> range(Runtime& runtime, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("range", args, {"start", "stop", "step"}, 1));
  if (!args.named.empty()) return invalid("range takes no named arguments");
  int64_t start = 0, stop = 0, step = 1;
  for (size_t index = 0; index < args.positional.size(); index++) {
    if (bound[index].is_undefined()) return undefined_error(bound[index]);
  }
  if (bound.has(1)) {
    INGOT_ASSIGN(start, bound.integer(0, 0));
    INGOT_ASSIGN(stop, bound.integer(1, 0));
    INGOT_ASSIGN(step, bound.integer(2, 1));
  } else {
    INGOT_ASSIGN(stop, bound.integer(0, 0));
  }
  if (step == 0) return invalid("range: the step must not be zero");
  // In unsigned numbers, which hold every distance of two integers.
  const bool empty = step > 0 ? start >= stop : start <= stop;
  const uint64_t distance = empty      ? 0
                            : step > 0 ? static_cast<uint64_t>(stop) - static_cast<uint64_t>(start)
                                       : static_cast<uint64_t>(start) - static_cast<uint64_t>(stop);
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  const uint64_t n = distance / stride + (distance % stride != 0 ? 1 : 0);
  if (n > static_cast<uint64_t>(kMaxRange)) return invalid("range: {} numbers, at most {} are possible", n, kMaxRange);
  INGOT_TRY(runtime.step(static_cast<int64_t>(n / 4)));
  ListBuilder numbers(runtime);
  for (uint64_t index = 0; index < n; index++) {
    numbers.add(Value::of(static_cast<int64_t>(static_cast<uint64_t>(start) + index * static_cast<uint64_t>(step))));
  }
  INGOT_TRY(runtime.step());
  const Value made = numbers.finish(SequenceKind::kRange);
  made.sequence->start = start;
  made.sequence->stop = stop;
  made.sequence->step = step;
  return made;
}

// dict(mapping or pairs, name=value, ...)
Result<Value> dict(Runtime& runtime, const Args& args) {
  if (args.positional.size() > 1) return invalid("dict takes at most one unnamed argument");
  DictBuilder made(runtime);
  if (!args.positional.empty()) {
    const Value& source = args.positional[0];
    if (source.is_dict()) {
      for (size_t index = 0; index < source.dict->n_entries; index++) {
        INGOT_TRY(made.set(source.dict->entries[index].key, source.dict->entries[index].value));
      }
    } else {
      INGOT_ASSIGN(const auto pairs, items_of(runtime, source));
      for (const Value& pair : pairs) {
        INGOT_ASSIGN(const auto both, items_of(runtime, pair));
        if (both.size() != 2) return invalid("dict: an item has {} values instead of a key and a value", both.size());
        INGOT_TRY(made.set(both[0], both[1]));
      }
    }
  }
  for (const NamedValue& named : args.named) INGOT_TRY(made.set(runtime.copied_string(named.name), named.value));
  INGOT_TRY(runtime.step());
  return made.finish();
}

Result<Value> make_namespace(Runtime& runtime, const Args& args) {
  INGOT_ASSIGN(const Value values, dict(runtime, args));
  auto* names = runtime.make(NamespaceObject{});
  for (size_t index = 0; index < values.dict->n_entries; index++) {
    const DictEntry& source = values.dict->entries[index];
    if (!source.key.is_string()) return invalid("namespace: names must be strings");
    auto* entry = runtime.make(NamespaceEntry{source.key.string->bytes, source.value});
    (names->last == nullptr ? names->first : names->last->next) = entry;
    names->last = entry;
  }
  Value made = Value::of_kind(Kind::kNamespace);
  made.names = names;
  return made;
}

Result<Value> cycler(Runtime& runtime, const Args& args) {
  if (args.positional.empty() || !args.named.empty()) return invalid("cycler needs unnamed values");
  const Value items = runtime.sequence(args.positional);
  INGOT_TRY(runtime.step());
  Value made = Value::of_kind(Kind::kCycler);
  made.cycler = runtime.make(CyclerObject{items.sequence->items, items.sequence->n_items});
  return made;
}

Result<Value> joiner(Runtime& runtime, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("joiner", args, {"sep"}));
  Value made = Value::of_kind(Kind::kJoiner);
  made.joiner = runtime.make(JoinerObject{bound.get(0, runtime.string(", "))});
  return made;
}

Result<Value> raise(Runtime& runtime, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("raise_exception", args, {"message"}, 1));
  INGOT_ASSIGN(const Value message, to_string(runtime, bound[0]));
  return invalid("the template refuses this conversation: {}", printable(message.string->bytes, 1000));
}

Result<Value> strftime_now(Runtime& runtime, const Args& args, const LocalTime& now) {
  INGOT_ASSIGN(const BoundArgs bound, bind("strftime_now", args, {"format"}, 1));
  INGOT_ASSIGN(const StringObject* format, bound.string(0));
  if (format->bytes.size() > 10000) return invalid("strftime_now: a format of more than 10000 bytes");
  INGOT_ASSIGN(const std::string text, format_time(now, format->bytes));
  return runtime.copied_string(text);
}

}  // namespace

Result<Value> call_function(Runtime& runtime, Function function, const Args& args, const LocalTime& now) {
  switch (function) {
    case Function::kRange:
      return range(runtime, args);
    case Function::kDict:
      return dict(runtime, args);
    case Function::kNamespace:
      return make_namespace(runtime, args);
    case Function::kCycler:
      return cycler(runtime, args);
    case Function::kJoiner:
      return joiner(runtime, args);
    case Function::kRaiseException:
      return raise(runtime, args);
    case Function::kStrftimeNow:
      return strftime_now(runtime, args, now);
    case Function::kLipsum:
      break;
  }
  return invalid("lipsum() is not supported: its text is random");
}

}  // namespace ingot::core::jinja
