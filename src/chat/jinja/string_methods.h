// What filters and methods of strings share.
#pragma once

#include <optional>

#include "base/result.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/unicode.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

Result<Value> map_case(Runtime& runtime, const StringObject& text, Case to);
// The first character as in a title, the others in lower case.
Result<Value> capitalize(Runtime& runtime, const StringObject& text);
// chars: the characters that go; null for white space.
Result<Value> strip(Runtime& runtime, const StringObject& text, const StringObject* chars, bool left, bool right);
// limit < 0: all.
Result<Value> replace(Runtime& runtime, const StringObject& text, const StringObject& from, const StringObject& to,
                      int64_t limit);
Result<Value> join(Runtime& runtime, const StringObject& separator, std::span<const Value> parts);
enum class Side : uint8_t { kLeft, kRight, kCenter };
// The text in width characters; side: where it stands.
Result<Value> padded(Runtime& runtime, const StringObject& text, int64_t width, std::string_view fill, Side side);
Result<Value> split_lines(Runtime& runtime, const StringObject& text, bool keep_ends);
// From the right, at most limit times.
Result<Value> split_right(Runtime& runtime, const StringObject& text, const StringObject& separator, int64_t limit);

}  // namespace ingot::core::jinja
