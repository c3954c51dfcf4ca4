// UTF-8 from files: is it well-formed, and how to show it in a message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ingot::core {

// Well-formed as Unicode defines it (table 3-7): no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

// A foreign name as a message may carry it: one line, nothing that a terminal would obey, at most max_bytes of the
// original and "..." where it was longer. Control characters and stray bytes become \xNN, a backslash is doubled.
std::string printable(std::string_view text, size_t max_bytes = 100);

}  // namespace ingot::core
