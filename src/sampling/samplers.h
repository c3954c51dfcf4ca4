// The samplers of the chain, one .cpp each. They are plain functions: what they need to know is in their arguments.
#pragma once

#include <cstdint>
#include <span>

#include "sampling/candidates.h"

namespace ingot::core {

struct PenaltyParams {
  float repeat = 1.0f;     // 1 = off
  float frequency = 0.0f;  // 0 = off
  float presence = 0.0f;   // 0 = off
  int last_n = 64;         // 0 = none, -1 = all
  bool active() const { return last_n != 0 && (repeat != 1.0f || frequency != 0.0f || presence != 0.0f); }
};

// For every token that occurs count > 0 times among the last_n of history: a positive logit is divided by repeat,
// any other multiplied (Keskar et al. 2019, CTRL, as all engines apply it), then count * frequency + presence is
// subtracted. Ids outside the vocabulary are passed over. logits: (n_vocab).
void apply_penalties(const PenaltyParams& params, std::span<const int32_t> history, std::span<float> logits);

// The k best. Precondition: k > 0.
void keep_top_k(int k, Candidates& candidates);

// Those nearest to the expected information content, until their probabilities reach p (Meister et al. 2022, "Locally
// typical sampling"). They keep their order by logit.
void keep_typical(float p, Candidates& candidates);

// The best ones until their probabilities reach p (Holtzman et al. 2019, nucleus sampling).
void keep_top_p(float p, Candidates& candidates);

// Those at least p times as likely as the best one.
void keep_min_p(float p, Candidates& candidates);

// Divides logits. Precondition: temperature > 0.
void apply_temperature(float temperature, Candidates& candidates);

}  // namespace ingot::core
