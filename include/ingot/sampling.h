// How the next token is drawn from the model's logits. Names and defaults are those that users of llama.cpp know.
//
// Random numbers: SplitMix64 (Steele, Lea, Flood 2014), started with the seed. Its stream is part of this interface: it
// is the same on every machine and stays the same in later versions. Each token takes one number for XTC, if that is
// on, then one for the draw, mirostat's too; at temperature 0 none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ingot/types.h"

namespace ingot {

// A value that switches a step off is named; values out of their range, NaN too, are errors that name the range. Bias
// and bans come first, then the steps in the order of samplers. A step sees what the steps before it have left, and
// probabilities are those among what is left.
struct SamplingOptions {
  std::vector<std::pair<Token, float>> logit_bias = {};  // added to the logit; -infinity forbids the token
  std::vector<Token> banned_tokens = {};                 // never drawn
  // No token is drawn that completes one of these in what is generated. Its beginning may stand there.
  std::vector<std::string> banned_texts = {};
  // What applies, in this order. Names between semicolons; what is missing does not apply.
  std::string samplers = "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature";
  // penalties: of tokens that occur among the last penalty_last_n
  float repeat_penalty = 1.0f;     // 0.001 to 1000, 1 = off: divides positive logits, multiplies negative
  float frequency_penalty = 0.0f;  // -100 to 100, 0 = off: subtracted, times the number of occurrences
  float presence_penalty = 0.0f;   // -100 to 100, 0 = off: subtracted
  int penalty_last_n = 64;         // 0 = none, -1 = all
  // dry: a token that would prolong a repetition of n >= allowed_length tokens loses multiplier * base^(n -
  // allowed_length). A repetition ends where a breaker stands.
  float dry_multiplier = 0.0f;  // 0 to 1e6, 0 = off
  float dry_base = 1.75f;       // 1 to 1000
  int dry_allowed_length = 2;   // 0 or more
  int dry_last_n = -1;          // 0 = none, -1 = all
  std::vector<std::string> dry_sequence_breakers = {"\n", ":", "\"", "*"};
  // top_n_sigma: logits at most so many standard deviations below the best
  float top_n_sigma = 0.0f;  // -1 to 1e6, 0 and less = off
  // top_k: the best ones
  int top_k = 40;  // 0 = off
  // typ_p: those of the most expected surprise that make up this probability
  float typical_p = 1.0f;  // 0 to 1, 1 = off
  // top_p: the best ones that make up this probability
  float top_p = 0.95f;  // 0 to 1, 1 = off
  // min_p: those at least so many times as likely as the best
  float min_p = 0.05f;  // 0 to 1, 0 = off
  // xtc: with this probability, of the tokens at or above the threshold only the least likely is kept
  float xtc_probability = 0.0f;  // 0 to 1, 0 = off
  float xtc_threshold = 0.1f;    // 0 to 1, above 0.5 = off
  // temperature: divides logits. 0 takes the best token always; of the steps only penalties and dry apply then.
  float temperature = 0.8f;  // 0 to 1e6
  // The temperature moves in temperature - range ... temperature + range with the entropy of what is left, as
  // (entropy / greatest entropy)^exponent.
  float dynatemp_range = 0.0f;     // 0 to 1e6, 0 = off
  float dynatemp_exponent = 1.0f;  // 0 to 1000
  // Mirostat 1 or 2, after the steps; of these only penalties, dry and temperature apply then.
  int mirostat = 0;                   // 0 = off
  float mirostat_tau = 5.0f;          // 0 to 1000: the surprise to hold, in bits
  float mirostat_eta = 0.1f;          // 0 to 1000: how fast it is approached
  std::optional<uint64_t> seed = {};  // absent: a random one, named in the result
};

// Natural logarithms of probabilities that the model gave, before bias, bans and samplers. -infinity: it excluded them.
struct TokenLogProb {
  Token token = 0;
  double logprob = 0;
};
struct TokenProbs {
  Token token = 0;  // that was drawn
  double logprob = 0;
  std::vector<TokenLogProb> top;  // the best, best first; the drawn token need not be among them
};

}  // namespace ingot
