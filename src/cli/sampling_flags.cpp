#include "cli/sampling_flags.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <string_view>
#include <utility>

#include "sampling/sampler_order.h"

namespace ingot::cli {
namespace {

// "123=-5", "123=-inf".
std::optional<std::pair<Token, float>> parse_bias(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return std::nullopt;
  Token token = 0;
  float bias = 0;
  const char* middle = text.data() + equals;
  const char* end = text.data() + text.size();
  const auto token_parsed = std::from_chars(text.data(), middle, token);
  const auto bias_parsed = std::from_chars(middle + 1, end, bias);
  if (token_parsed.ec != std::errc() || token_parsed.ptr != middle) return std::nullopt;
  if (bias_parsed.ec != std::errc() || bias_parsed.ptr != end) return std::nullopt;
  return std::pair(token, bias);
}

std::string check_bias(const std::string& text) {
  return parse_bias(text) ? std::string() : fmt::format("{} is no bias, expected TOKEN=NUMBER", text);
}

// CLI11 takes -1 and 2^64 for 2^64 - 1.
std::string check_seed(const std::string& text) {
  uint64_t seed = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return {};
  return fmt::format("{} is no seed, expected 0 to {}", text, std::numeric_limits<uint64_t>::max());
}

// One byte more for each of those that a shell makes hard to type: \n, \t, \r, \", \', \\; what follows any other
// backslash stays, and the backslash too.
std::string unescape(const std::string& text) {
  constexpr std::string_view kNames = "ntr\"'\\";
  constexpr std::string_view kBytes = "\n\t\r\"'\\";
  std::string result;
  for (size_t at = 0; at < text.size(); ++at) {
    const size_t known = text[at] == '\\' && at + 1 < text.size() ? kNames.find(text[at + 1]) : std::string_view::npos;
    result += known == std::string_view::npos ? text[at] : kBytes[known];
    if (known != std::string_view::npos) ++at;
  }
  return result;
}

std::string check_samplers(const std::string& text) {
  const auto order = core::parse_sampler_order(text);
  return order ? std::string() : order.error().message;
}

constexpr int kMostTokens = 1 << 30;

void add_truncation_flags(CommandLine app, SamplingOptions& options) {
  app.add_value("--top-k", options.top_k, "Draw from the K best tokens; 0 = all").check(in_range(0, kMostTokens));
  app.add_value("--top-p", options.top_p, "Draw from the best tokens that make up this probability; 1 = all")
      .check(in_range(0.0, 1.0));
  app.add_value("--min-p", options.min_p, "Drop tokens this much less likely than the best; 0 = none")
      .check(in_range(0.0, 1.0));
  app.add_value("--typical", options.typical_p, "Draw from the most typical tokens of this probability; 1 = all")
      .check(in_range(0.0, 1.0));
  app.add_value("--top-nsigma", options.top_n_sigma,
                "Drop tokens whose logit is this many standard deviations below the best; 0 or less = none")
      .check(in_range(-1.0, 1e6));
  app.add_value("--xtc-probability", options.xtc_probability,
                "How often the most likely tokens are excluded, but for the least likely of them; 0 = never")
      .check(in_range(0.0, 1.0));
  app.add_value("--xtc-threshold", options.xtc_threshold,
                "Tokens of at least this probability are such; above 0.5 none are")
      .check(in_range(0.0, 1.0));
}

void add_repetition_flags(CommandLine app, SamplingFlags& flags) {
  SamplingOptions& options = flags.options;
  app.add_value("--repeat-penalty", options.repeat_penalty, "Make recent tokens less likely; 1 = off")
      .check(in_range(0.001, 1000.0));
  app.add_value("--repeat-last-n", options.penalty_last_n, "How many tokens are recent; -1 = all, 0 = none")
      .check(in_range(-1, kMostTokens));
  app.add_value("--presence-penalty", options.presence_penalty, "Subtracted from recent tokens; 0 = off")
      .check(in_range(-100.0, 100.0));
  app.add_value("--frequency-penalty", options.frequency_penalty, "The same, times their number; 0 = off")
      .check(in_range(-100.0, 100.0));
  app.add_value("--dry-multiplier", options.dry_multiplier,
                "DRY: a token that prolongs a repetition loses this times base^(length - allowed length); 0 = off")
      .check(in_range(0.0, 1e6));
  app.add_value("--dry-base", options.dry_base, "DRY's base").check(in_range(1.0, 1000.0));
  app.add_value("--dry-allowed-length", options.dry_allowed_length, "DRY lets shorter repetitions pass")
      .check(in_range(0, kMostTokens));
  app.add_value("--dry-penalty-last-n", options.dry_last_n, "How many tokens DRY looks at; -1 = all, 0 = none")
      .check(in_range(-1, kMostTokens));
  app.add_optional("--dry-sequence-breaker", flags.dry_breakers,
                   R"(A text where DRY's repetitions end, in place of \n : " and *; several times for )"
                   R"(several, "none" for none; \n is a line's end)")
      .one_value_each()
      .check(not_empty);
}

void add_temperature_flags(CommandLine app, SamplingOptions& options) {
  app.add_value("--temp", options.temperature, "Temperature; 0 takes the best token always").check(in_range(0.0, 1e6));
  app.add_value("--dynatemp-range", options.dynatemp_range,
                "The temperature moves so far up and down with the entropy; 0 = off")
      .check(in_range(0.0, 1e6));
  app.add_value("--dynatemp-exp", options.dynatemp_exponent, "Exponent of the entropy in it")
      .check(in_range(0.0, 1000.0));
  app.add_value("--mirostat", options.mirostat, "Mirostat 1 or 2 in place of top-k, top-p and the like; 0 = off")
      .check(in_range(0, 2));
  app.add_value("--mirostat-ent", options.mirostat_tau, "Mirostat's tau: the surprise to hold, in bits")
      .check(in_range(0.0, 1000.0));
  app.add_value("--mirostat-lr", options.mirostat_eta, "Mirostat's eta: how fast it is approached")
      .check(in_range(0.0, 1000.0));
}

}  // namespace

SamplingOptions SamplingFlags::sampling() const {
  SamplingOptions all = options;
  all.seed = seed;
  for (const std::string& text : logit_bias) all.logit_bias.push_back(*parse_bias(text));
  if (!dry_breakers.empty()) all.dry_sequence_breakers.clear();
  for (const std::string& text : dry_breakers) {
    if (text != "none") all.dry_sequence_breakers.push_back(unescape(text));
  }
  return all;
}

void add_sampling_flags(CommandLine app, SamplingFlags& flags) {
  SamplingOptions& options = flags.options;
  app.add_value("--samplers", options.samplers, "What applies, in this order").check(check_samplers);
  add_temperature_flags(app, options);
  add_truncation_flags(app, options);
  add_repetition_flags(app, flags);
  app.add_optional("--logit-bias", flags.logit_bias, "TOKEN=NUMBER, added to that token; -inf forbids it")
      .one_value_each()
      .check(check_bias);
  app.add_optional("--ban", options.banned_tokens, "Never draw this token; may be given several times")
      .one_value_each()
      .check(in_range(0, std::numeric_limits<int>::max()));
  app.add_optional("--ban-text", options.banned_texts,
                   "Never draw a token that completes this text; may be given several times")
      .one_value_each()
      .check(not_empty);
  app.add_optional("--seed", flags.seed, "For the same text again; without it random, and printed").check(check_seed);
}

}  // namespace ingot::cli
