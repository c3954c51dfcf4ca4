// From logits to a token: bias, penalties, top-k, typical, top-p, min-p, temperature, draw; in this order.
//
// Deterministic: the same logits, history and seed give the same tokens on every machine. Ties go to the lower id.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sampling/rng.h"
#include "sampling/samplers.h"

namespace ingot::core {

struct ChainParams {
  std::vector<std::pair<int32_t, float>> logit_bias = {};  // added; -infinity forbids a token
  PenaltyParams penalties = {};
  int top_k = 40;            // 0 = off
  float typical_p = 1.0f;    // 1 = off
  float top_p = 0.95f;       // 1 = off
  float min_p = 0.05f;       // 0 = off
  float temperature = 0.8f;  // 0 = the best token; only bias and penalties apply then
  uint64_t seed = 0;
};

class SamplingChain {
 public:
  // Errors name the parameter that is out of its range (NaN is), and the range. n_vocab: length of the logits.
  static Result<SamplingChain> create(ChainParams params, int64_t n_vocab);

  // The next token. history: every token so far, newest last. logits: (n_vocab).
  // Errors: a NaN or +infinity among the logits, or no token that is allowed: a damaged model.
  Result<int32_t> sample(std::span<const float> logits, std::span<const int32_t> history);

 private:
  explicit SamplingChain(ChainParams params) : params_(std::move(params)), rng_(params_.seed) {}

  Status collect(std::span<const float> logits, std::span<const int32_t> history);

  ChainParams params_;
  Rng rng_;
  std::vector<float> adjusted_;  // (n_vocab), bias and penalties in it
  Candidates candidates_;
};

// The index of the greatest logit, of equal ones the first. Errors as for sample().
Result<int32_t> greedy(std::span<const float> logits);

}  // namespace ingot::core
