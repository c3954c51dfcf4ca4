// DRY, "don't repeat yourself" (p-e-w 2024, text-generation-webui's pull request 5677): a token that would prolong a
// repetition of length n is penalised by multiplier * base^(n - allowed_length), n being the length so far.
//
// The repetition is the longest end of the text that also stands right before an earlier occurrence of the token. A
// sequence breaker ends it: nothing up to the token in which a breaker is complete counts. Breakers are texts and are
// looked for in the bytes that the tokens spell, so it does not matter how tokens cut them; a token that would complete
// one is never penalised (llama.cpp approximates both by sequences of tokens).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/text_matcher.h"
#include "sampling/candidates.h"

namespace ingot::core {

struct DryParams {
  float multiplier = 0.0f;  // 0 = off
  float base = 1.75f;
  int allowed_length = 2;  // repetitions shorter than this cost nothing
  int last_n = -1;         // tokens looked at; 0 = none, -1 = all
  std::vector<std::string> breakers = {"\n", ":", "\"", "*"};
  // The bytes of a token of the history; empty for what has none. Without it there are no breakers.
  std::function<std::string(int32_t id)> token_text = {};
  bool active() const { return last_n != 0 && multiplier != 0.0f; }
};

class Dry {
 public:
  // Preconditions: base >= 1, no breaker is empty.
  explicit Dry(DryParams params);

  // history continues that of the call before, or is shorter and starts anew. A negative id is no token and ends a
  // repetition as a breaker does.
  void apply(std::span<const int32_t> history, Candidates& candidates);

 private:
  void read(std::span<const int32_t> history);
  bool completes_breaker(int32_t id) const;
  void measure_repetitions(std::span<const int32_t> history);

  DryParams params_;
  std::vector<TextMatcher> matchers_;  // one a breaker, after the text of history[0:n_read_]
  size_t n_read_ = 0;
  size_t after_breaker_ = 0;  // history[after_breaker_:] is free of breakers
  // lengths_[back]: how many tokens the end of the history and the text that ends back tokens earlier share.
  std::vector<size_t> lengths_;
};

}  // namespace ingot::core
