// The samplers of the chain, one .cpp each. They are plain functions: what they need to know is in their arguments.
// Names and defaults are those that users of llama.cpp know. Two have a memory of their own: dry.h and mirostat.h.
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
// subtracted (as in OpenAI's interface). Ids outside the vocabulary are passed over.
void apply_penalties(const PenaltyParams& params, std::span<const int32_t> history, Candidates& candidates);

// Those whose logit is at most n standard deviations below the best one's; mean and deviation are of all candidates
// (Tang et al. 2024, "Top-nσ: not all logits are you need"). Precondition: n > 0.
void keep_top_n_sigma(float n, Candidates& candidates);

// The k best (Fan et al. 2018, "Hierarchical neural story generation"). Precondition: k > 0.
void keep_top_k(int k, Candidates& candidates);

// Those nearest to the expected information content, until their probabilities reach p (Meister et al. 2022, "Locally
// typical sampling"). They come sorted by logit.
void keep_typical(float p, Candidates& candidates);

// The best ones until their probabilities reach p (Holtzman et al. 2019, nucleus sampling).
void keep_top_p(float p, Candidates& candidates);

// Those at least p times as likely as the best one (Nguyen et al. 2024, "Turning up the heat").
void keep_min_p(float p, Candidates& candidates);

// Exclude top choices (p-e-w 2024, text-generation-webui's pull request 6335): of the tokens whose probability is at
// least threshold only the least likely stays, if there are two or more. With a threshold above 0.5 there never are.
void exclude_top_choices(float threshold, Candidates& candidates);

// Divides logits. Precondition: temperature > 0.
void apply_temperature(float temperature, Candidates& candidates);

// A temperature from the candidates' entropy (kalomaze 2024, as in llama.cpp):
// low + (high - low) * (entropy / log(number of candidates))^exponent, with low = max(0, temperature - range) and
// high = temperature + range. A single candidate stays as it is; of several, a temperature of 0 keeps the best.
// Preconditions: temperature > 0, range > 0, exponent >= 0.
void apply_dynamic_temperature(float temperature, float range, float exponent, Candidates& candidates);

}  // namespace ingot::core
