// Log-probabilities as JSON, with the names of llama.cpp's server and OpenAI's interface.
#pragma once

#include "cli/json_text.h"
#include "ingot/sampling.h"
#include "ingot/tokenizer.h"

namespace ingot::cli {

// {"id", "token", "bytes", "logprob", "top_logprobs": [{"id", "token", "bytes", "logprob"}]}. bytes: for tokens that
// are no whole characters. A logarithm of 0 is null.
Json probs_json(const TokenProbs& probs, const Tokenizer& tokenizer);

}  // namespace ingot::cli
