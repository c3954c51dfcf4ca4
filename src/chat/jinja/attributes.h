// value.name, value[index] and value[a:b].
#pragma once

#include <string_view>

#include "base/result.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

// value.name: a method or attribute first, then a dictionary's item, else undefined.
// Errors: an attribute of an undefined value.
Result<Value> attribute_of(Runtime& runtime, const Value& value, std::string_view name);
// The method or attribute alone, undefined where there is none: what |attr gives.
Result<Value> pure_attribute_of(Runtime& runtime, const Value& value, std::string_view name);
// What filters take as attribute=: names and numbers with points between them, each as value[part].
Result<Value> path_of(Runtime& runtime, const Value& value, const Value& path);

}  // namespace ingot::core::jinja
