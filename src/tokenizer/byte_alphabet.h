// GPT-2's alphabet: each of the 256 bytes as one printable character, in which byte-level vocabularies are written.
// Printable Latin-1 stands for itself; the other 68 bytes are U+0100 and on, in rising order.
// Source: openai/gpt-2, src/encoder.py, bytes_to_unicode.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ingot::core {

class ByteAlphabet {
 public:
  static const ByteAlphabet& instance();

  // Appends the characters of these bytes, one or two bytes of UTF-8 each.
  void append_characters(std::string_view bytes, std::string& out_text) const;
  // Appends the bytes that these characters stand for; a character outside the alphabet stands for itself.
  void append_bytes(std::string_view text, std::string& out_bytes) const;
  // One byte's character as UTF-8.
  const std::string& character(uint8_t byte) const { return characters_[byte]; }

 private:
  ByteAlphabet();

  std::array<std::string, 256> characters_;
  std::array<int16_t, 0x144> bytes_;  // by code point; -1: no character of the alphabet
};

}  // namespace ingot::core
