// Filters that compare: sort, dictsort, groupby, unique, min, max.
#include <array>
#include <numeric>

#include "chat/jinja/attributes.h"
#include "chat/jinja/filters.h"
#include "chat/jinja/iterate.h"
#include "chat/jinja/operators.h"
#include "chat/jinja/string_methods.h"

namespace ingot::core::jinja {
namespace {

// Strings compare by their lower case unless case counts.
Result<Value> without_case(Runtime& runtime, const Value& value, bool case_sensitive) {
  if (case_sensitive || !value.is_string()) return value;
  return map_case(runtime, *value.string, Case::kLower);
}

struct KeyRule {
  const Value* attribute = nullptr;  // null: the item itself
  bool case_sensitive = false;
  Value fallback = Value::none();  // for undefined attributes
};

Result<Value> key_of(Runtime& runtime, const Value& item, const KeyRule& rule) {
  Value key = item;
  if (rule.attribute != nullptr) {
    INGOT_ASSIGN(key, path_of(runtime, item, *rule.attribute));
    if (key.is_undefined() && !rule.fallback.is_none()) key = rule.fallback;
  }
  return without_case(runtime, key, rule.case_sensitive);
}

// sort's attribute may be several, with commas between them.
Result<Value> sort_key(Runtime& runtime, const Value& item, const KeyRule& rule) {
  if (rule.attribute == nullptr || !rule.attribute->is_string() ||
      rule.attribute->string->bytes.find(',') == std::string_view::npos) {
    return key_of(runtime, item, rule);
  }
  ListBuilder keys(runtime);
  std::string_view rest = rule.attribute->string->bytes;
  while (true) {
    const size_t comma = rest.find(',');
    const Value attribute = runtime.string(rest.substr(0, comma));
    INGOT_ASSIGN(const Value key,
                 key_of(runtime, item, {.attribute = &attribute, .case_sensitive = rule.case_sensitive}));
    keys.add(key);
    if (comma == std::string_view::npos) return keys.finish();
    rest.remove_prefix(comma + 1);
  }
}

// A stable merge sort, since comparisons may fail and need not be consistent. Gives the order of the keys.
Result<std::vector<uint32_t>> sorted_order(Runtime& runtime, const std::vector<Value>& keys, bool reverse) {
  std::vector<uint32_t> order(keys.size()), merged(keys.size());
  std::iota(order.begin(), order.end(), 0U);
  for (size_t width = 1; width < keys.size(); width *= 2) {
    for (size_t begin = 0; begin < keys.size(); begin += 2 * width) {
      const size_t middle = std::min(begin + width, keys.size()), end = std::min(begin + 2 * width, keys.size());
      size_t left = begin, right = middle;
      for (size_t out = begin; out < end; out++) {
        bool take_right = left == middle;
        if (!take_right && right < end) {
          const Value &a = keys[order[right]], &b = keys[order[left]];
          INGOT_ASSIGN(take_right, reverse ? less(runtime, b, a) : less(runtime, a, b));
        }
        merged[out] = order[take_right ? right++ : left++];
      }
    }
    order.swap(merged);
  }
  return order;
}

Result<std::vector<Value>> sorted(Runtime& runtime, std::span<const Value> items, const std::vector<Value>& keys,
                                  bool reverse) {
  if (!runtime.charge(items.size() * 2 * sizeof(Value))) return tl::unexpected(runtime.step().error());
  INGOT_ASSIGN(const auto order, sorted_order(runtime, keys, reverse));
  std::vector<Value> made;
  made.reserve(items.size());
  for (const uint32_t index : order) made.push_back(items[index]);
  return made;
}

template <typename Key>
Result<std::vector<Value>> keys_of(Runtime& runtime, std::span<const Value> items, Key key) {
  std::vector<Value> keys;
  for (const Value& item : items) {
    INGOT_TRY(runtime.step());
    INGOT_ASSIGN(const Value made, key(item));
    keys.push_back(made);
  }
  return keys;
}

Result<Value> sort(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("sort", args, {"reverse", "case_sensitive", "attribute"}));
  const KeyRule rule{.attribute = bound.given(2) ? &bound[2] : nullptr, .case_sensitive = bound.flag(1)};
  INGOT_ASSIGN(const auto items, items_of(runtime, value));
  INGOT_ASSIGN(const auto keys,
               keys_of(runtime, items, [&](const Value& item) { return sort_key(runtime, item, rule); }));
  INGOT_ASSIGN(const auto made, sorted(runtime, items, keys, bound.flag(0)));
  return runtime.sequence(made);
}

Result<Value> dictsort(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("dictsort", args, {"case_sensitive", "by", "reverse"}));
  if (value.is_undefined()) return undefined_error(value);
  if (!value.is_dict()) return invalid("dictsort needs a dict, not {}", type_name(value));
  size_t part = 0;
  if (bound.has(1)) {
    INGOT_ASSIGN(const StringObject* by, bound.string(1));
    if (by->bytes != "key" && by->bytes != "value") return invalid("dictsort: by must be 'key' or 'value'");
    part = by->bytes == "value" ? 1 : 0;
  }
  ListBuilder pairs(runtime);
  for (size_t index = 0; index < value.dict->n_entries; index++) {
    const DictEntry& entry = value.dict->entries[index];
    pairs.add(runtime.sequence({entry.key, entry.value}, SequenceKind::kTuple));
    INGOT_TRY(runtime.step());
  }
  INGOT_ASSIGN(const auto keys, keys_of(runtime, pairs.items(), [&](const Value& pair) {
                 return without_case(runtime, pair.items()[part], bound.flag(0));
               }));
  INGOT_ASSIGN(const auto made, sorted(runtime, pairs.items(), keys, bound.flag(2)));
  return runtime.sequence(made);
}

Result<Value> groupby(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("groupby", args, {"attribute", "default", "case_sensitive"}, 1));
  const KeyRule rule{.attribute = &bound[0], .case_sensitive = bound.flag(2), .fallback = bound.get(1, Value::none())};
  INGOT_ASSIGN(const auto items, items_of(runtime, value));
  const auto key = [&](const Value& item) { return key_of(runtime, item, rule); };
  INGOT_ASSIGN(const auto keys, keys_of(runtime, items, key));
  INGOT_ASSIGN(const auto all, sorted(runtime, items, keys, /*reverse=*/false));
  INGOT_ASSIGN(const auto all_keys, keys_of(runtime, all, key));
  KeyRule shown = rule;
  shown.case_sensitive = true;
  ListBuilder groups(runtime);
  for (size_t begin = 0; begin < all.size();) {
    size_t end = begin + 1;
    for (; end < all.size(); end++) {
      INGOT_ASSIGN(const bool same, equals(runtime, all_keys[begin], all_keys[end]));
      if (!same) break;
    }
    // The group shows the key as its first item has it.
    INGOT_ASSIGN(const Value grouper, key_of(runtime, all[begin], shown));
    const std::vector<Value> members(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                     all.begin() + static_cast<std::ptrdiff_t>(end));
    const Value group = runtime.sequence({grouper, runtime.sequence(members)}, SequenceKind::kTuple);
    INGOT_TRY(runtime.step());
    group.sequence->grouped = true;
    groups.add(group);
    begin = end;
  }
  INGOT_TRY(runtime.step());
  return groups.finish();
}

Result<Value> unique(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind("unique", args, {"case_sensitive", "attribute"}));
  const KeyRule rule{.attribute = bound.given(1) ? &bound[1] : nullptr, .case_sensitive = bound.flag(0)};
  INGOT_ASSIGN(const auto items, items_of(runtime, value));
  // A dictionary from each key to the first item that has it.
  DictBuilder seen(runtime);
  ListBuilder made(runtime);
  size_t n_seen = 0;
  for (const Value& item : items) {
    INGOT_TRY(runtime.step());
    INGOT_ASSIGN(const Value key, key_of(runtime, item, rule));
    INGOT_TRY(seen.set(key, Value::none()));
    if (seen.n_entries() == n_seen) continue;
    n_seen = seen.n_entries();
    made.add(item);
  }
  INGOT_TRY(runtime.step());
  return made.finish(SequenceKind::kGenerator);
}

template <bool largest>
Result<Value> extreme(Runtime& runtime, const Value& value, const Args& args) {
  INGOT_ASSIGN(const BoundArgs bound, bind(largest ? "max" : "min", args, {"case_sensitive", "attribute"}));
  const KeyRule rule{.attribute = bound.given(1) ? &bound[1] : nullptr, .case_sensitive = bound.flag(0)};
  INGOT_ASSIGN(const auto items, items_of(runtime, value));
  if (items.empty()) return runtime.undefined("item to choose", "empty sequence");
  INGOT_ASSIGN(Value best_key, key_of(runtime, items[0], rule));
  Value best = items[0];
  for (const Value& item : items.subspan(1)) {
    INGOT_ASSIGN(const Value key, key_of(runtime, item, rule));
    INGOT_ASSIGN(const bool better, largest ? less(runtime, best_key, key) : less(runtime, key, best_key));
    if (!better) continue;
    best = item;
    best_key = key;
  }
  return best;
}

}  // namespace

std::span<const FilterEntry> order_filters() {
  static constexpr std::array<FilterEntry, 6> kFilters{{{"sort", sort},
                                                        {"dictsort", dictsort},
                                                        {"groupby", groupby},
                                                        {"unique", unique},
                                                        {"min", extreme<false>},
                                                        {"max", extreme<true>}}};
  return kFilters;
}

}  // namespace ingot::core::jinja
