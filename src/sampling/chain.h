// From logits to a token: bias, bans, then the samplers in their order, then the draw.
//
// Deterministic: the same logits, history and seed give the same tokens on every machine. Ties go to the lower id.
// Random numbers are taken in this order for each token: one by XTC if it is on (in its place of the order, whether it
// excludes anything or not), one by the draw, mirostat's too. A temperature of 0 takes none. A token that is refused
// costs another round of the whole chain, with its numbers.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sampling/chain_params.h"
#include "sampling/rng.h"

namespace ingot::core {

class SamplingChain {
 public:
  // Errors: those of check_chain_params.
  static Result<SamplingChain> create(ChainParams params, int64_t n_vocab);

  // The next token. logits: (n_vocab). history: every token so far, newest last; it continues that of the call before.
  // allowed: a bit for each token, t % 64 of word t / 64; others are never drawn; empty allows all.
  // Errors: a NaN or +infinity among the logits, a damaged model; no token that is allowed; a mask of another length.
  Result<int32_t> sample(std::span<const float> logits, std::span<const int32_t> history,
                         std::span<const uint64_t> allowed = {});

  // What the last token was drawn from, with the logits that the samplers left. Precondition: one was drawn, by a
  // temperature above 0, and its logits are still there.
  std::span<const Candidate> last_candidates();

 private:
  SamplingChain(ChainParams params, int64_t n_vocab);

  struct Drawn {
    int32_t id;
    double probability;  // with which it was drawn
  };

  bool must_go_on() const { return n_drawn_ < params_.min_tokens; }
  Status start(std::span<const float> logits, std::span<const uint64_t> allowed);
  void apply(SamplerKind kind, std::span<const int32_t> history);
  void truncate(SamplerKind kind);
  void temper();
  Drawn draw();
  void refuse(int32_t id);

  ChainParams params_;
  size_t n_vocab_;
  Rng rng_;
  Dry dry_;
  Mirostat mirostat_;
  int64_t n_drawn_ = 0;
  std::vector<int32_t> refused_;  // in this step
  LogitTable table_;
  Candidates candidates_;
};

}  // namespace ingot::core
