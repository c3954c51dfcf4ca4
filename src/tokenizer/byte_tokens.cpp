#include "tokenizer/byte_tokens.h"

#include <algorithm>

namespace ingot::core {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::optional<uint8_t> parse_hex_byte(std::string_view digits) {
  if (digits.size() != 2) return std::nullopt;
  const int high = hex_value(digits[0]);
  const int low = hex_value(digits[1]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<uint8_t>(high * 16 + low);
}

std::optional<uint8_t> parse_byte_token(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  return parse_hex_byte(text.substr(3, 2));
}

Result<ByteTokens> ByteTokens::collect(const Vocabulary& vocabulary, std::vector<TokenType>& out_types) {
  ByteTokens bytes;
  for (size_t id = 0; id < out_types.size(); id++) {
    const bool is_byte = out_types[id] == TokenType::kByte;
    if (!is_byte && !vocabulary.token_type.empty()) continue;
    const std::string_view text = vocabulary.tokens[id];
    const std::optional<uint8_t> byte = parse_byte_token(text);
    if (!byte && is_byte) {
      return invalid("tokenizer.ggml.tokens[{}]: {:?} has the type byte, but is none of <0x00> to <0xFF>", id,
                     text.substr(0, 64));
    }
    if (!byte) continue;
    out_types[id] = TokenType::kByte;
    if (bytes.ids_[*byte] < 0) bytes.ids_[*byte] = static_cast<int32_t>(id);
  }
  bytes.complete_ = std::all_of(bytes.ids_.begin(), bytes.ids_.end(), [](int32_t id) { return id >= 0; });
  return bytes;
}

Status ByteTokens::append(std::string_view bytes, int32_t unknown, bool& was_unknown,
                          std::vector<int32_t>& out_ids) const {
  const size_t n_before = out_ids.size();
  for (const char byte : bytes) {
    const int32_t id = ids_[static_cast<uint8_t>(byte)];
    if (id < 0) break;
    out_ids.push_back(id);
  }
  if (out_ids.size() - n_before == bytes.size()) {
    was_unknown = false;
    return {};
  }
  out_ids.resize(n_before);
  if (unknown < 0) {
    return invalid("the vocabulary cannot express {:?}: it has no token for it, no byte tokens and no unknown token",
                   bytes.substr(0, 16));
  }
  if (!was_unknown) out_ids.push_back(unknown);
  was_unknown = true;
  return {};
}

}  // namespace ingot::core
