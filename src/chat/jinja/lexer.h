// Template text to tokens, with white space taken away as trim_blocks and lstrip_blocks say and as `-` and `+` in tags
// override: Hugging Face's settings, which are fixed here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ingot::core::jinja {

enum class TokenKind : uint8_t {
  kData,  // text outside of tags
  kVariableBegin,
  kVariableEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,  // with its quotes
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint32_t line = 0;
  std::string_view text;  // a part of the source
};

// Line ends as "\n", and the last one gone: what the lexer works on and tokens refer to.
std::string normalized_source(std::string_view source);

// Errors, with their line: an unclosed comment or raw block, an unclosed string, brackets that do not match, a
// character that is none of the language's.
Result<std::vector<Token>> tokenize(std::string_view normalized);

}  // namespace ingot::core::jinja
