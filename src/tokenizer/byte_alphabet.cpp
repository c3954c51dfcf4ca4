#include "tokenizer/byte_alphabet.h"

#include "tokenizer/utf8_character.h"

namespace ingot::core {

ByteAlphabet::ByteAlphabet() {
  bytes_.fill(-1);
  uint32_t next_code = 0x100;
  for (uint32_t byte = 0; byte < 256; byte++) {
    const bool printable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    const uint32_t code = printable ? byte : next_code++;
    bytes_[code] = static_cast<int16_t>(byte);
    std::string& text = characters_[byte];
    if (code < 0x80) {
      text.push_back(static_cast<char>(code));
    } else {
      text.push_back(static_cast<char>(0xC0 | (code >> 6)));
      text.push_back(static_cast<char>(0x80 | (code & 0x3F)));
    }
  }
}

const ByteAlphabet& ByteAlphabet::instance() {
  static const ByteAlphabet alphabet;
  return alphabet;
}

void ByteAlphabet::append_characters(std::string_view bytes, std::string& out_text) const {
  for (const char byte : bytes) out_text += characters_[static_cast<uint8_t>(byte)];
}

void ByteAlphabet::append_bytes(std::string_view text, std::string& out_bytes) const {
  for (size_t position = 0; position < text.size();) {
    const Utf8Character character = utf8_character(text, position);
    if (character.code < bytes_.size() && bytes_[character.code] >= 0) {
      out_bytes.push_back(static_cast<char>(bytes_[character.code]));
    } else {
      out_bytes.append(text, position, character.n_bytes);
    }
    position += character.n_bytes;
  }
}

}  // namespace ingot::core
