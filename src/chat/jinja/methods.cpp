#include "chat/jinja/methods.h"

#include <algorithm>
#include <array>

#include "chat/jinja/iterate.h"
#include "chat/jinja/operators.h"

namespace ingot::core::jinja {
namespace {

const MethodEntry* find_in(std::span<const MethodEntry> table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const MethodEntry& row) { return row.name == name; });
  return found == table.end() ? nullptr : &*found;
}

const MethodEntry* find_method(const Value& receiver, std::string_view name) {
  if (receiver.is_string()) {
    const MethodEntry* edit = find_in(string_edit_methods(), name);
    return edit != nullptr ? edit : find_in(string_search_methods(), name);
  }
  if (receiver.is_dict()) return find_in(dict_methods(), name);
  const bool counts = receiver.is_tuple() || receiver.is_sequence(SequenceKind::kRange);
  if (receiver.is_list() || (counts && name != "copy")) return find_in(list_methods(), name);
  return nullptr;
}

bool is_unsupported(const Value& receiver, std::string_view name) {
  constexpr std::array<std::string_view, 5> kOfStrings{"encode", "format_map", "isidentifier", "maketrans",
                                                       "translate"};
  constexpr std::array<std::string_view, 8> kOfNumbers{"bit_length", "bit_count", "to_bytes",  "as_integer_ratio",
                                                       "is_integer", "conjugate", "numerator", "denominator"};
  const auto in = [&](const auto& names) { return std::find(names.begin(), names.end(), name) != names.end(); };
  return (receiver.is_string() && in(kOfStrings)) || (receiver.is_number() && in(kOfNumbers));
}

Result<Value> loop_method(Runtime& runtime, LoopObject& loop, std::string_view name, const Args& args) {
  if (name == "cycle") {
    if (args.positional.empty()) return invalid("loop.cycle() needs something to choose from");
    return args.positional[loop.index % args.positional.size()];
  }
  const Value now = runtime.sequence(args.positional, SequenceKind::kTuple);
  if (loop.last_changed != nullptr) {
    INGOT_ASSIGN(const bool same, equals(runtime, *loop.last_changed, now));
    if (same) return Value::of(false);
  }
  loop.last_changed = runtime.make(now);
  return Value::of(true);
}

Result<Value> cycler_method(CyclerObject& cycler, std::string_view name) {
  if (name == "reset") {
    cycler.position = 0;
    return Value::none();
  }
  const Value current = cycler.items[cycler.position];
  cycler.position = (cycler.position + 1) % cycler.n_items;
  return current;
}

}  // namespace

bool has_method(const Value& receiver, std::string_view name) {
  return find_method(receiver, name) != nullptr || is_unsupported(receiver, name);
}

Result<Value> call_method(Runtime& runtime, const MethodObject& method, const Args& args) {
  const Value& receiver = method.receiver;
  if (receiver.is(Kind::kLoop)) return loop_method(runtime, *receiver.loop, method.name, args);
  if (receiver.is(Kind::kCycler)) return cycler_method(*receiver.cycler, method.name);
  const MethodEntry* entry = find_method(receiver, method.name);
  if (entry == nullptr) return invalid("{}.{}() is not supported", type_name(receiver), method.name);
  // Four times: the slowest search takes some nanoseconds a byte.
  if (receiver.is_string()) INGOT_TRY(runtime.step_bytes(receiver.string->bytes.size() * 4));
  return entry->call(runtime, receiver, args);
}

}  // namespace ingot::core::jinja
