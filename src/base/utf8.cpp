#include "base/utf8.h"

#include <fmt/format.h>

namespace ingot::core {
namespace {

uint8_t byte_at(std::string_view text, size_t index) {
  return static_cast<uint8_t>(text[index]);
}

bool is_continuation(uint8_t byte) {
  return (byte & 0xC0u) == 0x80u;
}

// Bytes of the well-formed character at the start of text, 0 if there is none. Precondition: text is not empty.
size_t character_bytes(std::string_view text) {
  const uint8_t lead = byte_at(text, 0);
  if (lead < 0x80) return 1;
  const size_t n_bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < n_bytes) return 0;
  for (size_t index = 1; index < n_bytes; ++index) {
    if (!is_continuation(byte_at(text, index))) return 0;
  }
  // The second byte carries what the lead byte alone cannot exclude.
  const uint8_t second = byte_at(text, 1);
  if (lead == 0xE0 && second < 0xA0) return 0;  // overlong
  if (lead == 0xED && second > 0x9F) return 0;  // surrogate
  if (lead == 0xF0 && second < 0x90) return 0;  // overlong
  if (lead == 0xF4 && second > 0x8F) return 0;  // above U+10FFFF
  return n_bytes;
}

// C0, DEL and the C1 controls, which some terminals obey as well.
bool is_control(std::string_view character) {
  const uint8_t first = byte_at(character, 0);
  if (character.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && byte_at(character, 1) < 0xA0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t n_bytes = character_bytes(text);
    if (n_bytes == 0) return false;
    text.remove_prefix(n_bytes);
  }
  return true;
}

std::string well_formed(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  while (!text.empty()) {
    const size_t n_bytes = character_bytes(text);
    repaired += n_bytes == 0 ? "\xEF\xBF\xBD" : text.substr(0, n_bytes);
    text.remove_prefix(n_bytes == 0 ? 1 : n_bytes);
  }
  return repaired;
}

void append_utf8(uint32_t code_point, std::string& out_text) {
  const auto push = [&out_text](uint32_t byte) { out_text.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) return push(code_point);
  if (code_point < 0x800) {
    push(0xC0 | code_point >> 6);
  } else if (code_point < 0x10000) {
    push(0xE0 | code_point >> 12);
    push(0x80 | (code_point >> 6 & 0x3F));
  } else {
    push(0xF0 | code_point >> 18);
    push(0x80 | (code_point >> 12 & 0x3F));
    push(0x80 | (code_point >> 6 & 0x3F));
  }
  push(0x80 | (code_point & 0x3F));
}

std::string printable(std::string_view text, size_t max_bytes) {
  std::string shown;
  size_t position = 0;
  while (position < text.size()) {
    const size_t n_bytes = character_bytes(text.substr(position));
    const std::string_view character = text.substr(position, n_bytes == 0 ? 1 : n_bytes);
    if (position + character.size() > max_bytes) return shown + "...";
    position += character.size();
    if (n_bytes == 0 || is_control(character)) {
      for (const char byte : character) shown += fmt::format("\\x{:02x}", static_cast<uint8_t>(byte));
    } else if (character == "\\") {
      shown += "\\\\";
    } else {
      shown += character;
    }
  }
  return shown;
}

}  // namespace ingot::core
