// Sampling as a request asks for it: the chain of sampling/, with what it needs to know of the vocabulary.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "ingot/sequence.h"
#include "sampling/chain.h"
#include "sampling/log_probs.h"
#include "tokenizer/tokenizer.h"

namespace ingot::core {

class TokenSampler {
 public:
  // Errors name the option that is wrong and its range. n_vocab: length of the logits. The tokenizer must outlive this.
  static Result<TokenSampler> create(const GenerateOptions& options, const Tokenizer& tokenizer, int64_t n_vocab);

  uint64_t seed() const { return seed_; }
  // See SamplingChain::sample.
  Result<int32_t> sample(std::span<const float> logits, std::span<const int32_t> history,
                         std::span<const uint64_t> allowed = {}) {
    return chain_.sample(logits, history, allowed);
  }
  // The token becomes part of the text, in which banned texts are looked for.
  void accept(int32_t token);

  bool wants_probs() const { return n_probs_ >= 0; }
  // Of a token of these logits. Precondition: wants_probs().
  Result<TokenProbs> probs(std::span<const float> logits, int32_t token);

 private:
  class BannedTexts;

  TokenSampler(SamplingChain chain, std::shared_ptr<BannedTexts> banned_texts, uint64_t seed, int n_probs)
      : chain_(std::move(chain)), banned_texts_(std::move(banned_texts)), seed_(seed), n_probs_(n_probs) {}

  SamplingChain chain_;
  std::shared_ptr<BannedTexts> banned_texts_;  // the chain's question whether a token is refused holds it too
  uint64_t seed_;
  int n_probs_;
  LogProbs log_probs_;
};

}  // namespace ingot::core
