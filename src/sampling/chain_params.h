// What the sampling chain is told, and the ranges that its parameters have.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sampling/dry.h"
#include "sampling/mirostat.h"
#include "sampling/sampler_order.h"
#include "sampling/samplers.h"

namespace ingot::core {

struct XtcParams {
  float probability = 0.0f;  // 0 = off
  float threshold = 0.1f;    // above 0.5 = off
  bool active() const { return probability > 0.0f && threshold <= 0.5f; }
};

// Samplers that are not in the order do not apply.
struct ChainParams {
  std::vector<std::pair<int32_t, float>> logit_bias = {};  // added; -infinity forbids a token
  std::vector<int32_t> banned = {};                        // never drawn
  // True for a token that must not come after what has been drawn so far: it is forbidden, and another drawn.
  std::function<bool(int32_t id)> refuses = {};
  std::vector<int32_t> end_tokens = {};  // forbidden for the first min_tokens draws
  int64_t min_tokens = 0;
  std::vector<SamplerKind> order = *parse_sampler_order(kDefaultSamplers);
  PenaltyParams penalties = {};
  DryParams dry = {};
  float top_n_sigma = 0.0f;  // 0 or less = off
  int top_k = 40;            // 0 = off
  float typical_p = 1.0f;    // 1 = off
  float top_p = 0.95f;       // 1 = off
  float min_p = 0.05f;       // 0 = off
  XtcParams xtc = {};
  float temperature = 0.8f;     // 0 = the best token; only bias, bans, penalties and DRY apply then
  float dynatemp_range = 0.0f;  // 0 = off
  float dynatemp_exponent = 1.0f;
  MirostatParams mirostat = {};  // on: in place of all samplers but penalties, DRY and temperature
  uint64_t seed = 0;
};

// Errors name the parameter that is out of its range (NaN is), and the range. n_vocab: length of the logits.
Status check_chain_params(const ChainParams& params, int64_t n_vocab);

}  // namespace ingot::core
