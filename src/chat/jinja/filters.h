// value|name(...)
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

struct FilterEntry {
  std::string_view name;
  Result<Value> (*apply)(Runtime& runtime, const Value& value, const Args& args);
};

// Null where there is no such filter. Jinja's filters that ingot does not have are there, and refuse by name.
const FilterEntry* find_filter(std::string_view name);

// By file.
std::span<const FilterEntry> string_filters();
std::span<const FilterEntry> markup_filters();
std::span<const FilterEntry> number_filters();
std::span<const FilterEntry> sequence_filters();
std::span<const FilterEntry> order_filters();
std::span<const FilterEntry> select_filters();

}  // namespace ingot::core::jinja
