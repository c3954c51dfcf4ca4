// Tokens to text while they arrive: never shows half a character.
#pragma once

#include <cstdint>
#include <string>

#include "tokenizer/tokenizer.h"

namespace ingot::core {

class StreamDecoder {
 public:
  // at_start: the tokens begin a text, so that the space which encoding put in front is taken away, as decode() does.
  // Tokens that continue a prompt keep it.
  explicit StreamDecoder(const Tokenizer& tokenizer, bool at_start = false, bool show_control = false)
      : tokenizer_(&tokenizer), at_start_(at_start && tokenizer.strips_first_space()), show_control_(show_control) {}

  // The text that has become complete with this token: whole UTF-8 characters only. Bytes that can never become a
  // character are given out as they are. Precondition: id in range.
  std::string push(int32_t id);
  // What is left at the end, as it is.
  std::string flush();

 private:
  const Tokenizer* tokenizer_;
  std::string pending_;  // at most 3 bytes: the start of a character
  bool at_start_;
  bool show_control_;
};

}  // namespace ingot::core
