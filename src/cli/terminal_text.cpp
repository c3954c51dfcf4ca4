#include "cli/terminal_text.h"

#include <utf8proc.h>

#include <array>

namespace ingot::cli {

static_assert(sizeof(wchar_t) == 4, "wide characters are code points on every system that ingot runs on");

std::wstring to_wide(std::string_view text) {
  std::wstring wide;
  while (!text.empty()) {
    utf8proc_int32_t code_point = 0;
    const auto n_bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                          static_cast<utf8proc_ssize_t>(text.size()), &code_point);
    wide += n_bytes > 0 ? static_cast<wchar_t>(code_point) : L'\uFFFD';
    text.remove_prefix(n_bytes > 0 ? static_cast<size_t>(n_bytes) : 1);
  }
  return wide;
}

std::string to_utf8(std::wstring_view text) {
  std::string bytes;
  std::array<utf8proc_uint8_t, 4> encoded{};
  for (const wchar_t character : text) {
    const auto code_point = static_cast<utf8proc_int32_t>(static_cast<char32_t>(character));
    const bool valid = utf8proc_codepoint_valid(code_point);
    const auto n_bytes = utf8proc_encode_char(valid ? code_point : 0xFFFD, encoded.data());
    bytes.append(reinterpret_cast<const char*>(encoded.data()), static_cast<size_t>(n_bytes));
  }
  return bytes;
}

int column_width(wchar_t character) {
  return utf8proc_charwidth(static_cast<utf8proc_int32_t>(static_cast<char32_t>(character)));
}

int column_width(std::string_view text) {
  int width = 0;
  for (const wchar_t character : to_wide(text)) width += column_width(character);
  return width;
}

std::string cut_to_columns(std::string_view text, int width) {
  if (column_width(text) <= width) return std::string(text);
  constexpr std::string_view kEnd = "...";
  std::wstring cut;
  int used = static_cast<int>(kEnd.size());
  for (const wchar_t character : to_wide(text)) {
    used += column_width(character);
    if (used > width) break;
    cut += character;
  }
  return to_utf8(cut).append(kEnd);
}

}  // namespace ingot::cli
