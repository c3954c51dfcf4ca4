// A sequence that follows a conversation: of each prompt it reads only what it has not read yet.
//
// A conversation is rendered as a whole for each answer, and mostly begins as the last one ended. So the sequence is
// kept with the text it stands for, at the end of each prompt and of each answer; where a new prompt begins with such a
// text, its tokens are kept and the rest is read. It works by text and not by tokens, since an answer that was
// generated is rarely cut into the same tokens again; and by copies rather than by going back, so that it works for
// recurrent states too. Copies share their pages of keys and values.
//
// What an answer left is kept as it was generated: in the modes where prompts and generated tokens are computed
// differently, it is not read again as a prompt would be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/token_sequence.h"
#include "ingot/sequence.h"

namespace ingot::core {

struct PromptText {
  std::string_view text;
  // The tokens of text[first:], with nothing put in front.
  std::function<Result<std::vector<int32_t>>(size_t first)> tokens_from;
};

class ChatSequence {
 public:
  explicit ChatSequence(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}

  // As generate() on a new sequence, but that n_cached_tokens of the prompt's are not computed. The answer's text is
  // part of what has been read, control tokens as they are spelled. Errors leave all as it was.
  Result<GenerateResult> generate(const PromptText& prompt, const GenerateOptions& options);

  // The sequence after the last answer; null before the first.
  const TokenSequence* sequence() const { return places_.empty() ? nullptr : &places_.back().sequence; }
  std::string_view text() const { return places_.empty() ? std::string_view() : places_.back().text; }
  // Goes on from a sequence that stands for this text.
  void set(std::string text, TokenSequence sequence);
  void clear() { places_.clear(); }

 private:
  struct Place {
    std::string text;
    TokenSequence sequence;
  };

  const Place* longest_beginning_of(const PromptText& prompt) const;
  size_t most_places() const;

  std::shared_ptr<Engine> engine_;
  std::vector<Place> places_;  // each a beginning of the next
};

}  // namespace ingot::core
