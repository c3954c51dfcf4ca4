// Byte fallback: the tokens <0x00> to <0xFF>, by which SentencePiece vocabularies spell what they have no piece for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/vocabulary.h"

namespace ingot::core {

// The byte that two hexadecimal digits name, in either case.
std::optional<uint8_t> parse_hex_byte(std::string_view digits);
// The byte that the text <0xNN> names.
std::optional<uint8_t> parse_byte_token(std::string_view text);

class ByteTokens {
 public:
  ByteTokens() { ids_.fill(-1); }

  // Collects the tokens of type byte. In a vocabulary without types, tokens that look like bytes become bytes in
  // out_types. Errors: a token of type byte whose text names none.
  static Result<ByteTokens> collect(const Vocabulary& vocabulary, std::vector<TokenType>& out_types);

  bool complete() const { return complete_; }

  // Appends bytes that no piece covers: their byte tokens; where one is missing, unknown (an id or -1) instead, once
  // for a run of such stretches. was_unknown tells, and is told, whether the ids end with such a stretch.
  // Errors: neither byte token nor unknown token.
  Status append(std::string_view bytes, int32_t unknown, bool& was_unknown, std::vector<int32_t>& out_ids) const;

 private:
  std::array<int32_t, 256> ids_;  // -1: no such token
  bool complete_ = false;
};

}  // namespace ingot::core
