// str() and repr() as Python writes them, and the marks of what came from the user.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

// Appends str(value): what {{ value }} prints.
Status append_str(Runtime& runtime, TextBuilder& out_text, const Value& value);
Status append_repr(Runtime& runtime, TextBuilder& out_text, const Value& value, uint32_t depth = 0);
// str(value) as a string.
Result<Value> to_string(Runtime& runtime, const Value& value);

// The shortest digits that give the number back, in Python's notation.
std::string float_text(double value);

// &, <, >, ' and " as HTML entities.
void append_escaped(TextBuilder& out_text, const StringObject& text);
// The same text as Python's Markup, or as plain text.
Value marked_safe(Runtime& runtime, const Value& text, bool safe = true);

}  // namespace ingot::core::jinja
