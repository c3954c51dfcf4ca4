// Characters of UTF-8 texts as Python's str sees them. All texts here are well-formed: template and data are checked
// where they come in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/jinja/value.h"

namespace ingot::core::jinja {

inline size_t character_bytes(std::string_view text, size_t at) {
  const auto lead = static_cast<uint8_t>(text[at]);
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}
// The character that ends before position end. Precondition: end > 0.
inline size_t previous_character(std::string_view text, size_t end) {
  do {
    end--;
  } while ((static_cast<uint8_t>(text[end]) & 0xC0u) == 0x80u && end > 0);
  return end;
}
uint32_t code_point(std::string_view text, size_t at);

size_t count_characters(std::string_view text);
inline size_t count_characters(const StringObject& text) {
  return text.ascii ? text.bytes.size() : count_characters(text.bytes);
}
// The byte at which a character begins; the text's end where there are fewer.
size_t byte_of_character(const StringObject& text, size_t index);

// The first place of needle at or after from, else npos; linear in time whatever the two look like.
size_t find_bytes(std::string_view text, std::string_view needle, size_t from = 0);
// The last place that ends at or before end.
size_t find_last_bytes(std::string_view text, std::string_view needle);

// str.isspace, what strip() strips and split() splits at.
bool is_space(uint32_t character);
// What splitlines() splits at.
bool is_line_break(uint32_t character);
bool is_printable(uint32_t character);  // repr() shows it as it is
bool is_alphabetic(uint32_t character);
bool is_decimal(uint32_t character);
bool is_digit(uint32_t character);
bool is_numeric(uint32_t character);
bool is_upper(uint32_t character);
bool is_lower(uint32_t character);
bool is_title(uint32_t character);
bool is_word(uint32_t character);  // \w of regular expressions
bool is_cased(uint32_t character);

enum class Case : uint8_t { kUpper, kLower, kTitle, kFold };
// Full mappings: one character may become up to three.
void append_mapped(std::string& out_text, uint32_t character, Case to);
// A capital sigma at the end of a word becomes a final one in lower case. at: of the sigma.
bool is_final_sigma(std::string_view text, size_t at);

}  // namespace ingot::core::jinja
