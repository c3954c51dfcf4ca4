// |tojson as Hugging Face configures it: Python's json.dumps, characters as they are.
#pragma once

#include "base/result.h"
#include "chat/jinja/arguments.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

// Arguments: ensure_ascii, indent, separators, sort_keys. Errors: a value that JSON does not have.
Result<Value> tojson(Runtime& runtime, const Value& value, const Args& args);

}  // namespace ingot::core::jinja
