#include "chat/jinja/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/utf8.h"

namespace ingot::core::jinja {
namespace {

struct SpecialCasing {
  uint32_t character;
  std::array<uint32_t, 3> mapped;  // zeros at its end
};
#include "chat/jinja/special_casing.inc"

utf8proc_category_t category(uint32_t character) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(character));
}

// Short needles: the library's search is fast, and its worst case is bounded by the needle.
constexpr size_t kShortNeedle = 16;

// Knuth, Morris and Pratt.
size_t find_long(std::string_view text, std::string_view needle) {
  std::vector<uint32_t> border(needle.size(), 0);
  for (size_t at = 1, length = 0; at < needle.size(); at++) {
    while (length > 0 && needle[at] != needle[length]) length = border[length - 1];
    if (needle[at] == needle[length]) length++;
    border[at] = static_cast<uint32_t>(length);
  }
  for (size_t at = 0, length = 0; at < text.size(); at++) {
    while (length > 0 && text[at] != needle[length]) length = border[length - 1];
    if (text[at] == needle[length]) length++;
    if (length == needle.size()) return at + 1 - length;
  }
  return std::string_view::npos;
}

template <size_t n>
const SpecialCasing* special(const std::array<SpecialCasing, n>& table, uint32_t character) {
  const auto row =
      std::lower_bound(table.begin(), table.end(), character,
                       [](const SpecialCasing& entry, uint32_t wanted) { return entry.character < wanted; });
  return row != table.end() && row->character == character ? &*row : nullptr;
}

}  // namespace

uint32_t code_point(std::string_view text, size_t at) {
  const auto byte = [&](size_t index) { return static_cast<uint32_t>(static_cast<uint8_t>(text[at + index])); };
  switch (character_bytes(text, at)) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1Fu) << 6 | (byte(1) & 0x3Fu);
    case 3:
      return (byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    default:
      return (byte(0) & 0x07u) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu);
  }
}

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (static_cast<uint8_t>(byte) & 0xC0u) != 0x80u; }));
}

size_t byte_of_character(const StringObject& text, size_t index) {
  if (text.ascii) return std::min(index, text.bytes.size());
  size_t at = 0;
  for (; index > 0 && at < text.bytes.size(); index--) at += character_bytes(text.bytes, at);
  return at;
}

size_t find_bytes(std::string_view text, std::string_view needle, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (needle.size() <= kShortNeedle) return text.find(needle, from);
  const size_t found = find_long(text.substr(from), needle);
  return found == std::string_view::npos ? found : found + from;
}

size_t find_last_bytes(std::string_view text, std::string_view needle) {
  if (needle.size() <= kShortNeedle) return text.rfind(needle);
  // The last of the forward matches would need all of them; reversed copies are as linear and simpler.
  const std::string reversed_text(text.rbegin(), text.rend()), reversed_needle(needle.rbegin(), needle.rend());
  const size_t found = find_long(reversed_text, reversed_needle);
  return found == std::string_view::npos ? found : text.size() - found - needle.size();
}

bool is_space(uint32_t character) {
  if (character <= 0x20) return character == 0x20 || (character >= 0x09 && character <= 0x0D) || character >= 0x1C;
  if (character < 0x85) return false;
  return character == 0x85 || category(character) == UTF8PROC_CATEGORY_ZS || character == 0x2028 || character == 0x2029;
}

bool is_line_break(uint32_t character) {
  return (character >= 0x0A && character <= 0x0D) || (character >= 0x1C && character <= 0x1E) || character == 0x85 ||
         character == 0x2028 || character == 0x2029;
}

bool is_printable(uint32_t character) {
  if (character < 0x7F) return character >= 0x20;
  switch (category(character)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

bool is_alphabetic(uint32_t character) {
  const auto kind = category(character);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(uint32_t character) {
  return category(character) == UTF8PROC_CATEGORY_ND;
}

// Superscripts and circled digits are digits without being decimals.
bool is_digit(uint32_t character) {
  if (is_decimal(character)) return true;
  constexpr std::array<std::array<uint32_t, 2>, 21> kRanges{{{0xB2, 0xB3},       {0xB9, 0xB9},       {0x1369, 0x1371},
                                                             {0x19DA, 0x19DA},   {0x2070, 0x2070},   {0x2074, 0x2079},
                                                             {0x2080, 0x2089},   {0x2460, 0x2468},   {0x2474, 0x247C},
                                                             {0x2488, 0x2490},   {0x24EA, 0x24EA},   {0x24F5, 0x24FD},
                                                             {0x24FF, 0x24FF},   {0x2776, 0x277E},   {0x2780, 0x2788},
                                                             {0x278A, 0x2792},   {0x10A40, 0x10A43}, {0x10E60, 0x10E68},
                                                             {0x11052, 0x1105A}, {0x1F100, 0x1F10A}, {0, 0}}};
  return character != 0 && std::any_of(kRanges.begin(), kRanges.end(), [&](const auto& range) {
           return character >= range[0] && character <= range[1];
         });
}

bool is_numeric(uint32_t character) {
  const auto kind = category(character);
  return kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_NL || kind == UTF8PROC_CATEGORY_NO;
}

bool is_upper(uint32_t character) {
  return utf8proc_isupper(static_cast<utf8proc_int32_t>(character)) != 0;
}
bool is_lower(uint32_t character) {
  return utf8proc_islower(static_cast<utf8proc_int32_t>(character)) != 0;
}
bool is_title(uint32_t character) {
  return category(character) == UTF8PROC_CATEGORY_LT;
}
bool is_cased(uint32_t character) {
  return is_upper(character) || is_lower(character) || is_title(character);
}
bool is_word(uint32_t character) {
  return character == '_' || is_alphabetic(character) || is_numeric(character);
}

void append_mapped(std::string& out_text, uint32_t character, Case to) {
  const auto code = static_cast<utf8proc_int32_t>(character);
  if (character < 0x80) {
    const auto byte = static_cast<char>(character);
    const bool up = to == Case::kUpper || to == Case::kTitle;
    out_text += up && byte >= 'a' && byte <= 'z'    ? static_cast<char>(byte - 32)
                : !up && byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32)
                                                    : byte;
    return;
  }
  const SpecialCasing* row = to == Case::kUpper   ? special(kSpecialUpper, character)
                             : to == Case::kTitle ? special(kSpecialTitle, character)
                                                  : nullptr;
  if (row != nullptr) {
    for (const uint32_t mapped : row->mapped) {
      if (mapped != 0) append_utf8(mapped, out_text);
    }
    return;
  }
  switch (to) {
    case Case::kUpper:
      append_utf8(static_cast<uint32_t>(utf8proc_toupper(code)), out_text);
      return;
    case Case::kTitle:
      append_utf8(static_cast<uint32_t>(utf8proc_totitle(code)), out_text);
      return;
    case Case::kLower:
      if (character == 0x130) {  // dotted capital I keeps its dot
        out_text += "i\xCC\x87";
        return;
      }
      append_utf8(static_cast<uint32_t>(utf8proc_tolower(code)), out_text);
      return;
    case Case::kFold:
      break;
  }
  std::array<utf8proc_int32_t, 8> folded{};
  int boundary = 0;
  const auto n = utf8proc_decompose_char(code, folded.data(), static_cast<utf8proc_ssize_t>(folded.size()),
                                         UTF8PROC_CASEFOLD, &boundary);
  for (utf8proc_ssize_t index = 0; index < n && index < 8; index++) {
    append_utf8(static_cast<uint32_t>(folded[static_cast<size_t>(index)]), out_text);
  }
}

bool is_final_sigma(std::string_view text, size_t at) {
  // Case-ignorable characters between the letters do not count. Looked at on a short stretch only.
  constexpr int kReach = 64;
  const auto ignorable = [](uint32_t character) {
    const auto kind = category(character);
    return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_ME || kind == UTF8PROC_CATEGORY_CF ||
           kind == UTF8PROC_CATEGORY_LM || kind == UTF8PROC_CATEGORY_SK || character == '\'' || character == '.' ||
           character == ':' || character == 0xB7 || character == 0x2019;
  };
  bool cased_before = false;
  size_t position = at;
  for (int seen = 0; position > 0 && seen < kReach; seen++) {
    position = previous_character(text, position);
    const uint32_t character = code_point(text, position);
    if (ignorable(character)) continue;
    cased_before = is_cased(character);
    break;
  }
  if (!cased_before) return false;
  position = at + character_bytes(text, at);
  for (int seen = 0; position < text.size() && seen < kReach; seen++) {
    const uint32_t character = code_point(text, position);
    if (!ignorable(character)) return !is_cased(character);
    position += character_bytes(text, position);
  }
  return true;
}

}  // namespace ingot::core::jinja
