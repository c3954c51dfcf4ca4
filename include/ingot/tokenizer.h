// Text to tokens and back.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/expected.h"
#include "ingot/types.h"

namespace ingot {

struct TokenizeOptions {
  bool parse_special = false;  // special tokens written in the text become their ids; else they stay text
  bool add_special = true;     // BOS, EOS, CLS, SEP as the vocabulary says
  bool continues = false;      // other tokens come before: vocabularies that put a space before a text do not
  // With parse_special: bytes that a user wrote (sorted, apart). No token that steers the model takes one of them, so
  // that what a user writes stays text, also where it borders on more of the prompt.
  std::span<const ByteRange> user_ranges = {};
};

struct RenderedPrompt;

// A cheap handle; copies share one vocabulary. Any number of threads may use it at once.
class Tokenizer {
 public:
  // Of any GGUF file that carries a vocabulary, files without weights too.
  static Expected<Tokenizer> open(const std::string& path);

  // Any bytes are accepted; time is linear in their number.
  Expected<std::vector<Token>> tokenize(std::string_view text, TokenizeOptions options = {}) const;
  // A prompt that a ChatTemplate made: special tokens that the template wrote become tokens, what the user wrote stays
  // text, and BOS is added where the vocabulary says so and the template has not written it.
  Expected<std::vector<Token>> tokenize(const RenderedPrompt& prompt) const;
  // The bytes of the tokens as a text of its own. Control tokens give nothing unless show_control.
  Expected<std::string> detokenize(std::span<const Token> tokens, bool show_control = false) const;
  // The bytes of one token in the middle of a text, control tokens spelled out.
  Expected<std::string> piece(Token token) const;

  Token n_tokens() const;
  Token bos() const;  // -1 where there is none
  Token eos() const;  // -1 where there is none
  bool adds_bos() const;
  bool is_end(Token token) const;      // ends a generation
  bool is_control(Token token) const;  // steers the model and is no text

 private:
  friend class Model;
  struct Impl;
  explicit Tokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace ingot
