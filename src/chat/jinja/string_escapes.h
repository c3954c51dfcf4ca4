// Backslash escapes of string literals.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ingot::core::jinja {

// Appends what stands between the quotes, escapes resolved as in Python. Errors: an escape that is cut off, half a
// surrogate pair, a character beyond Unicode, \N{...}.
Status append_unescaped(std::string_view literal, std::string& out_text);

}  // namespace ingot::core::jinja
