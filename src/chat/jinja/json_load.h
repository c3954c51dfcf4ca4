// JSON text to values of which every text is marked as the user's.
#pragma once

#include <string_view>

#include "base/result.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

// Errors: text that is no JSON, with the place; nested deeper than kMaxValueDepth; too large.
Result<Value> load_json(Runtime& runtime, std::string_view text);

// A text as the user's.
Value user_string(Runtime& runtime, std::string_view text);

}  // namespace ingot::core::jinja
