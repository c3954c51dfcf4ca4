// value is name(...)
#pragma once

#include <string_view>

#include "base/result.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

struct TestEntry {
  std::string_view name;
  Result<bool> (*holds)(Runtime& runtime, const Value& value, const Args& args);
};

// Null where there is no such test.
const TestEntry* find_test(std::string_view name);

}  // namespace ingot::core::jinja
