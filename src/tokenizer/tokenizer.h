// Text to token ids and back, for every vocabulary kind that GGUF carries.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tokenizer/vocabulary.h"

namespace ingot::core {

struct EncodeOptions {
  bool parse_special = false;  // special tokens written in the text become their ids; else they stay text
  bool add_special = true;     // BOS, EOS, CLS, SEP as the vocabulary says
};

// Immutable after creation: any number of threads may encode and decode at once.
class Tokenizer {
 public:
  // Errors name the key and the entry that is wrong, or the unknown model or pre-tokenizer with the list of known ones.
  static Result<std::unique_ptr<Tokenizer>> create(std::shared_ptr<const Vocabulary> vocabulary);
  virtual ~Tokenizer() = default;

  // Any bytes are accepted; time is linear (at most n log n) in their number.
  // Errors: a text that the vocabulary cannot express (no unknown token and no byte fallback).
  Result<std::vector<int32_t>> encode(std::string_view text, EncodeOptions options) const;

  // The bytes of a sequence of tokens. Control tokens give nothing unless show_control. Ids out of range are an error.
  Result<std::string> decode(const std::vector<int32_t>& ids, bool show_control = false) const;
  // The bytes that one token adds in the middle of a text (no space stripped). Precondition: id in range.
  virtual std::string piece(int32_t id, bool show_control = false) const = 0;

  const Vocabulary& vocabulary() const { return *vocabulary_; }
  int32_t n_tokens() const { return static_cast<int32_t>(vocabulary_->tokens.size()); }
  // True for every id that ends a generation: eos, eot, eom, and the known end-of-turn texts.
  bool is_end(int32_t id) const;
  bool is_control(int32_t id) const;
  bool adds_bos() const { return add_bos_; }
  int32_t bos() const { return bos_; }  // -1 where there is none

 protected:
  explicit Tokenizer(std::shared_ptr<const Vocabulary> vocabulary) : vocabulary_(std::move(vocabulary)) {}

  std::shared_ptr<const Vocabulary> vocabulary_;
  bool add_bos_ = false;
  bool add_eos_ = false;
  int32_t bos_ = -1;
  int32_t eos_ = -1;
};

}  // namespace ingot::core
