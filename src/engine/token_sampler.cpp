#include "engine/token_sampler.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/text_matcher.h"

namespace ingot::core {

// What has been generated so far, as far as it may be the beginning of a banned text.
class TokenSampler::BannedTexts {
 public:
  BannedTexts(const std::vector<std::string>& texts, const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
    for (const std::string& text : texts) matchers_.emplace_back(text);
  }

  bool completed_by(int32_t token) const {
    if (token >= tokenizer_.n_tokens()) return false;
    const std::string text = tokenizer_.piece(token);
    return std::any_of(matchers_.begin(), matchers_.end(), [&text](TextMatcher matcher) {
      return std::any_of(text.begin(), text.end(), [&matcher](char byte) { return matcher.step(byte); });
    });
  }
  void read(int32_t token) {
    if (token >= tokenizer_.n_tokens()) return;
    const std::string text = tokenizer_.piece(token);
    for (TextMatcher& matcher : matchers_) {
      for (const char byte : text) matcher.step(byte);
    }
  }

 private:
  const Tokenizer& tokenizer_;
  std::vector<TextMatcher> matchers_;
};

namespace {

Result<ChainParams> chain_params(const SamplingOptions& options) {
  ChainParams params;
  params.logit_bias = options.logit_bias;
  params.banned = options.banned_tokens;
  if (auto order = parse_sampler_order(options.samplers)) {
    params.order = *std::move(order);
  } else {
    return tl::unexpected(order.error().context("samplers"));
  }
  params.penalties = {.repeat = options.repeat_penalty,
                      .frequency = options.frequency_penalty,
                      .presence = options.presence_penalty,
                      .last_n = options.penalty_last_n};
  params.dry = {.multiplier = options.dry_multiplier,
                .base = options.dry_base,
                .allowed_length = options.dry_allowed_length,
                .last_n = options.dry_last_n,
                .breakers = options.dry_sequence_breakers};
  params.top_n_sigma = options.top_n_sigma;
  params.top_k = options.top_k;
  params.typical_p = options.typical_p;
  params.top_p = options.top_p;
  params.min_p = options.min_p;
  params.xtc = {.probability = options.xtc_probability, .threshold = options.xtc_threshold};
  params.temperature = options.temperature;
  params.dynatemp_range = options.dynatemp_range;
  params.dynatemp_exponent = options.dynatemp_exponent;
  params.mirostat = {.version = options.mirostat, .tau = options.mirostat_tau, .eta = options.mirostat_eta};
  // 32 bits are enough to draw from and short enough to type again.
  params.seed = options.seed ? *options.seed : std::random_device{}();
  return params;
}

}  // namespace

Result<TokenSampler> TokenSampler::create(const GenerateOptions& options, const Tokenizer& tokenizer, int64_t n_vocab) {
  constexpr int kMostProbs = 1 << 20;
  if (options.n_probs < -1 || options.n_probs > kMostProbs) {
    return invalid("{} best tokens to list with their probabilities, expected -1 to {}", options.n_probs, kMostProbs);
  }
  INGOT_ASSIGN(ChainParams params, chain_params(options.sampling));
  params.min_tokens = options.min_tokens;
  if (!options.ignore_end) {
    for (int32_t id = 0; id < tokenizer.n_tokens() && options.min_tokens > 0; ++id) {
      if (tokenizer.is_end(id) && id < n_vocab) params.end_tokens.push_back(id);
    }
  }
  params.dry.token_text = [&tokenizer](int32_t id) {
    return id < tokenizer.n_tokens() ? tokenizer.piece(id, /*show_control=*/true) : std::string();
  };

  std::shared_ptr<BannedTexts> banned;
  const std::vector<std::string>& texts = options.sampling.banned_texts;
  if (std::any_of(texts.begin(), texts.end(), [](const std::string& text) { return text.empty(); })) {
    return invalid("a banned text is empty");
  }
  if (!texts.empty()) {
    banned = std::make_shared<BannedTexts>(texts, tokenizer);
    // Those that hold a banned text by themselves need not be drawn to be refused.
    for (int32_t id = 0; id < tokenizer.n_tokens() && id < n_vocab; ++id) {
      if (banned->completed_by(id)) params.banned.push_back(id);
    }
    params.refuses = [banned](int32_t id) { return banned->completed_by(id); };
  }
  const uint64_t seed = params.seed;
  INGOT_ASSIGN(SamplingChain chain, SamplingChain::create(std::move(params), n_vocab));
  return TokenSampler(std::move(chain), std::move(banned), seed, options.n_probs);
}

void TokenSampler::accept(int32_t token) {
  if (banned_texts_) banned_texts_->read(token);
}

Result<TokenProbs> TokenSampler::probs(std::span<const float> logits, int32_t token) {
  INGOT_TRY(log_probs_.load(logits));
  TokenProbs probs{.token = token, .logprob = log_probs_.of(token), .top = {}};
  for (const Candidate& best : log_probs_.best(static_cast<size_t>(n_probs_))) {
    probs.top.push_back({best.id, log_probs_.of(best.id)});
  }
  return probs;
}

}  // namespace ingot::core
