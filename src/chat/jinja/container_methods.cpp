// Methods of lists, tuples and dictionaries.
#include <array>

#include "chat/jinja/iterate.h"
#include "chat/jinja/methods.h"
#include "chat/jinja/operators.h"

namespace ingot::core::jinja {
namespace {

Result<Value> count_items(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("count", args, {"value"}, 1));
  int64_t n = 0;
  for (const Value& item : receiver.items()) {
    INGOT_ASSIGN(const bool same, equals(runtime, item, bound[0]));
    n += same ? 1 : 0;
  }
  return Value::of(n);
}

Result<Value> index_of_item(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("index", args, {"value", "start", "stop"}, 1));
  const auto n = static_cast<int64_t>(receiver.sequence->n_items);
  INGOT_ASSIGN(int64_t start, bound.integer(1, 0));
  INGOT_ASSIGN(int64_t stop, bound.integer(2, n));
  if (start < 0) start = std::max<int64_t>(start + n, 0);
  if (stop < 0) stop += n;
  for (int64_t index = start; index < std::min(stop, n); index++) {
    INGOT_ASSIGN(const bool same, equals(runtime, receiver.items()[static_cast<size_t>(index)], bound[0]));
    if (same) return Value::of(index);
  }
  return invalid("index(): the value is not in the list");
}

Result<Value> copy(Runtime&, const Value& receiver, const Args& args) {
  INGOT_TRY(bind("copy", args, {}));
  return receiver;  // nothing changes either of them
}

enum class Part : uint8_t { kKeys, kValues, kItems };

template <Part part>
Result<Value> view(Runtime& runtime, const Value& receiver, const Args& args) {
  constexpr const char* kName = part == Part::kKeys ? "keys" : part == Part::kValues ? "values" : "items";
  INGOT_TRY(bind(kName, args, {}));
  INGOT_TRY(runtime.step(static_cast<int64_t>(receiver.dict->n_entries)));
  ListBuilder list(runtime);
  for (size_t index = 0; index < receiver.dict->n_entries; index++) {
    const DictEntry& entry = receiver.dict->entries[index];
    list.add(part == Part::kKeys     ? entry.key
             : part == Part::kValues ? entry.value
                                     : runtime.sequence({entry.key, entry.value}, SequenceKind::kTuple));
  }
  INGOT_TRY(runtime.step());
  return list.finish(part == Part::kKeys     ? SequenceKind::kKeys
                     : part == Part::kValues ? SequenceKind::kValues
                                             : SequenceKind::kItems);
}

Result<Value> get(Runtime& runtime, const Value& receiver, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("get", args, {"key", "default"}, 1));
  INGOT_ASSIGN(const Value* found, find(runtime, *receiver.dict, bound[0]));
  return found != nullptr ? *found : bound.get(1, Value::none());
}

}  // namespace

std::span<const MethodEntry> list_methods() {
  static constexpr std::array<MethodEntry, 3> kMethods{
      {{"count", count_items}, {"index", index_of_item}, {"copy", copy}}};
  return kMethods;
}

std::span<const MethodEntry> dict_methods() {
  static constexpr std::array<MethodEntry, 5> kMethods{{{"items", view<Part::kItems>},
                                                        {"keys", view<Part::kKeys>},
                                                        {"values", view<Part::kValues>},
                                                        {"get", get},
                                                        {"copy", copy}}};
  return kMethods;
}

}  // namespace ingot::core::jinja
