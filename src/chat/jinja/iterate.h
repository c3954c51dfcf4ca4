// What a for loop, and everything that takes an iterable, goes over.
#pragma once

#include <span>

#include "base/result.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

// The items of a list, the characters of a string, the keys of a dictionary, nothing of an undefined value. A generator
// gives its items once. Errors: a value that cannot be iterated.
Result<std::span<const Value>> items_of(Runtime& runtime, const Value& value);
// len(). Errors: a value that has none.
Result<int64_t> length_of(const Value& value);

}  // namespace ingot::core::jinja
