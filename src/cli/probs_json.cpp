#include "cli/probs_json.h"

#include <cmath>
#include <string>
#include <vector>

namespace ingot::cli {
namespace {

Json token_json(Token token, double logprob, const Tokenizer& tokenizer) {
  // Tokens of the head that the vocabulary has no entry for have no text.
  const Expected<std::string> known = tokenizer.piece(token);
  const std::string piece = known ? *known : std::string();
  std::vector<int> bytes;
  for (const char byte : piece) bytes.push_back(static_cast<unsigned char>(byte));
  Json json{{"id", token}, {"token", piece}, {"bytes", bytes}, {"logprob", nullptr}};
  if (std::isfinite(logprob)) json["logprob"] = logprob;
  return json;
}

}  // namespace

Json probs_json(const TokenProbs& probs, const Tokenizer& tokenizer) {
  Json json = token_json(probs.token, probs.logprob, tokenizer);
  json["top_logprobs"] = Json::array();
  for (const TokenLogProb& best : probs.top) {
    json["top_logprobs"].push_back(token_json(best.token, best.logprob, tokenizer));
  }
  return json;
}

}  // namespace ingot::cli
