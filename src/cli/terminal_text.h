// UTF-8 and wide characters (UCS-4), and how many columns of a terminal a character takes.
#pragma once

#include <string>
#include <string_view>

namespace ingot::cli {

// Bytes that are no UTF-8 become U+FFFD.
std::wstring to_wide(std::string_view text);
std::string to_utf8(std::wstring_view text);

// 0 for marks that join the character before, 2 for wide ones (East Asian, emoji), else 1; controls take 0.
int column_width(wchar_t character);
int column_width(std::string_view text);
// The text itself where it takes no more than width columns, else its beginning and "...".
std::string cut_to_columns(std::string_view text, int width);

}  // namespace ingot::cli
