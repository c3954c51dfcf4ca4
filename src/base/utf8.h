// UTF-8: is it well-formed, how to write it, and how to show it in a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ingot::core {

// Well-formed as Unicode defines it (table 3-7): no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text);

// The text with U+FFFD for each byte that belongs to no well-formed character.
std::string well_formed(std::string_view text);

// Precondition: a Unicode scalar value, so no surrogate and nothing above U+10FFFF.
void append_utf8(uint32_t code_point, std::string& out_text);

// A foreign name as a message may carry it: one line, nothing that a terminal would obey, at most max_bytes of the
// original and "..." where it was longer. Control characters and stray bytes become \xNN, a backslash is doubled.
std::string printable(std::string_view text, size_t max_bytes = 100);

}  // namespace ingot::core
