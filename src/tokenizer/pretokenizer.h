// Cuts a text into the words that merges may not cross.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/pretokenizer_table.h"

namespace ingot::core {

class Pretokenizer {
 public:
  // Compiles the patterns. spec must outlive the result.
  static Result<Pretokenizer> create(const PretokenizerSpec& spec);
  Pretokenizer(Pretokenizer&&) noexcept;
  Pretokenizer& operator=(Pretokenizer&&) noexcept;
  ~Pretokenizer();

  // Where each word of the text ends, in rising order; the last one is text.size(). Empty for an empty text.
  // A byte that is no part of a UTF-8 character is treated as a control character. Time is linear in the text.
  // Errors: the matcher ran out of memory.
  Result<std::vector<uint32_t>> split(std::string_view text) const;

 private:
  struct Pattern;  // a compiled one
  explicit Pretokenizer(const PretokenizerSpec& spec);

  const PretokenizerSpec* spec_;
  std::vector<std::unique_ptr<Pattern>> patterns_;  // one a step; null where the step is no pattern
};

}  // namespace ingot::core
