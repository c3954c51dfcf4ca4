#include "chat/jinja/string_escapes.h"

#include <charconv>

#include "base/utf8.h"
#include "chat/jinja/unicode.h"

namespace ingot::core::jinja {
namespace {

// \xNN, \uNNNN, \UNNNNNNNN. at: behind the letter; is moved behind the digits.
Status append_numbered(std::string_view literal, size_t& at, size_t n_digits, std::string& out_text) {
  const std::string_view digits = literal.substr(at, n_digits);
  uint32_t character = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), character, 16);
  if (digits.size() < n_digits || parsed.ptr != digits.data() + digits.size()) {
    return invalid("an escape in a string needs {} hexadecimal digits", n_digits);
  }
  if (character > 0x10FFFF || (character >= 0xD800 && character < 0xE000)) {
    return invalid("an escape in a string stands for {:#x}, which is no character", character);
  }
  append_utf8(character, out_text);
  at += n_digits;
  return {};
}

void append_octal(std::string_view literal, size_t& at, std::string& out_text) {
  uint32_t character = 0;
  for (int n = 0; n < 3 && at < literal.size() && literal[at] >= '0' && literal[at] <= '7'; n++, at++) {
    character = character * 8 + static_cast<uint32_t>(literal[at] - '0');
  }
  append_utf8(character, out_text);
}

}  // namespace

Status append_unescaped(std::string_view literal, std::string& out_text) {
  constexpr std::string_view kLetters = "abfnrtv\\'\"";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"";
  size_t at = 0;
  while (at < literal.size()) {
    if (literal[at] != '\\' || at + 1 == literal.size()) {
      out_text += literal[at++];
      continue;
    }
    const char letter = literal[at + 1];
    at += 2;
    if (const size_t known = kLetters.find(letter); known != std::string_view::npos) {
      out_text += kMeanings[known];
    } else if (letter >= '0' && letter <= '7') {
      at--;
      append_octal(literal, at, out_text);
    } else if (letter == 'x' || letter == 'u' || letter == 'U') {
      INGOT_TRY(append_numbered(literal, at, letter == 'x' ? 2 : letter == 'u' ? 4 : 8, out_text));
    } else if (letter == 'N') {
      return invalid("\\N in a string is not supported");
    } else if (static_cast<uint8_t>(letter) >= 0x80) {
      // Jinja writes such a character as an escape first, whose backslash then is the escaped one.
      const uint32_t character = code_point(literal, at - 1);
      out_text += character < 0x100     ? fmt::format("\\x{:02x}", character)
                  : character < 0x10000 ? fmt::format("\\u{:04x}", character)
                                        : fmt::format("\\U{:08x}", character);
      at += character_bytes(literal, at - 1) - 1;
    } else if (letter != '\n') {
      out_text += '\\';
      out_text += letter;
    }
  }
  return {};
}

}  // namespace ingot::core::jinja
