// Tokens to text while they arrive: never shows half a character.
#pragma once

#include <cstdint>
#include <string>

#include "tokenizer/tokenizer.h"

namespace ingot::core {

class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}

  // The text that has become complete with this token: whole UTF-8 characters only. Bytes that can never become a
  // character are given out as they are. Precondition: id in range.
  std::string push(int32_t id);
  // What is left at the end, as it is.
  std::string flush();

 private:
  const Tokenizer* tokenizer_;
  std::string pending_;
  bool at_start_ = true;
};

}  // namespace ingot::core
