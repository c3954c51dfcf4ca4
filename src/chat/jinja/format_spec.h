// One value in the width, precision and notation that a format asks for: what % and str.format() share.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "chat/jinja/runtime.h"
#include "chat/jinja/value.h"

namespace ingot::core::jinja {

struct FormatSpec {
  std::string fill = " ";  // one character
  char align = '\0';       // '<', '>', '^', '=' or none
  char sign = '-';         // '+', ' ' or '-': what stands in front of a number that is not negative
  bool alternate = false;  // 0x, 0o, 0b in front
  char grouping = '\0';    // ',' or '_' between groups of digits
  int64_t width = 0;
  int64_t precision = -1;  // -1: none given
  char type = '\0';
};

// [[fill]align][sign][#][0][width][grouping][.precision][type]
Result<FormatSpec> parse_format_spec(std::string_view text);
// Errors: a notation that the value does not have.
Status append_formatted(Runtime& runtime, TextBuilder& out_text, const Value& value, const FormatSpec& spec);
// Text into its width.
Status append_aligned(Runtime& runtime, TextBuilder& out_text, const StringObject& text, const FormatSpec& spec,
                      char usual_align);

}  // namespace ingot::core::jinja
