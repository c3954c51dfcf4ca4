// Mirostat (Basu et al. 2021, "Mirostat: a neural text decoding algorithm that directly controls perplexity"): cuts the
// tail of the distribution so that the surprise of the drawn tokens, in bits, stays near tau.
//
// Version 1 estimates Zipf's exponent from the 100 best and turns the allowed surprise mu into a number of tokens;
// version 2 drops the tokens whose surprise is above mu. After each draw mu moves by -eta * (surprise - tau); it begins
// at 2 * tau. As in llama.cpp, that surprise is the token's among those that were left, not among all as in the paper.
#pragma once

#include <cstdint>
#include <vector>

#include "sampling/candidates.h"

namespace ingot::core {

struct MirostatParams {
  int version = 0;  // 0 = off, 1, 2
  float tau = 5.0f;
  float eta = 0.1f;
};

class Mirostat {
 public:
  Mirostat(MirostatParams params, int64_t n_vocab)
      : params_(params), n_vocab_(static_cast<double>(n_vocab)), mu_(2.0 * params.tau) {}

  // Leaves the best ones, at least one; they keep their order. Sorting them would cost most where most are left.
  void truncate(Candidates& candidates);
  // p: the probability with which the token was drawn.
  void observe(double p);
  double mu() const { return mu_; }

 private:
  size_t count_by_zipf(const Candidates& candidates);

  MirostatParams params_;
  double n_vocab_;
  double mu_;  // bits
  Candidates best_;
  std::vector<Candidate> ranks_;
};

}  // namespace ingot::core
