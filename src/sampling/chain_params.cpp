#include "sampling/chain_params.h"

#include <limits>

namespace ingot::core {
namespace {

constexpr double kMaxFloat = std::numeric_limits<float>::max();
constexpr double kMaxInt = std::numeric_limits<int>::max();

// The comparison is false for a NaN, which is out of every range.
Status check_range(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return {};
  return invalid("{} is {}, expected {} to {}", name, value, low, high);
}

Status check_token(const char* what, int32_t id, int64_t n_vocab) {
  if (id >= 0 && id < n_vocab) return {};
  return invalid("{} token {}, expected 0 to {}", what, id, n_vocab - 1);
}

Status check_tokens(const ChainParams& params, int64_t n_vocab) {
  for (const auto& [id, bias] : params.logit_bias) {
    INGOT_TRY(check_token("logit bias for", id, n_vocab));
    if (bias != -std::numeric_limits<float>::infinity()) {
      INGOT_TRY(check_range("logit bias", bias, -kMaxFloat, kMaxFloat));
    }
  }
  for (const int32_t id : params.banned) INGOT_TRY(check_token("banned", id, n_vocab));
  return {};
}

Status check_repetition(const ChainParams& params) {
  INGOT_TRY(check_range("repeat penalty", params.penalties.repeat, 1e-3, 1e3));
  INGOT_TRY(check_range("frequency penalty", params.penalties.frequency, -100, 100));
  INGOT_TRY(check_range("presence penalty", params.penalties.presence, -100, 100));
  INGOT_TRY(check_range("number of recent tokens that are penalised", params.penalties.last_n, -1, kMaxInt));
  INGOT_TRY(check_range("DRY multiplier", params.dry.multiplier, 0, 1e6));
  INGOT_TRY(check_range("DRY base", params.dry.base, 1, 1e3));
  INGOT_TRY(check_range("DRY allowed length", params.dry.allowed_length, 0, kMaxInt));
  INGOT_TRY(check_range("number of recent tokens that DRY looks at", params.dry.last_n, -1, kMaxInt));
  for (const std::string& breaker : params.dry.breakers) {
    if (breaker.empty()) return invalid("a sequence breaker of DRY is empty");
  }
  return {};
}

}  // namespace

Status check_chain_params(const ChainParams& params, int64_t n_vocab) {
  INGOT_TRY(check_tokens(params, n_vocab));
  INGOT_TRY(check_range("minimum of tokens", static_cast<double>(params.min_tokens), 0, 0x1.0p53));
  INGOT_TRY(check_repetition(params));
  INGOT_TRY(check_range("top-n-sigma", params.top_n_sigma, -1, 1e6));
  INGOT_TRY(check_range("top-k", params.top_k, 0, kMaxInt));
  INGOT_TRY(check_range("typical p", params.typical_p, 0, 1));
  INGOT_TRY(check_range("top-p", params.top_p, 0, 1));
  INGOT_TRY(check_range("min-p", params.min_p, 0, 1));
  INGOT_TRY(check_range("XTC probability", params.xtc.probability, 0, 1));
  INGOT_TRY(check_range("XTC threshold", params.xtc.threshold, 0, 1));
  INGOT_TRY(check_range("temperature", params.temperature, 0, 1e6));
  INGOT_TRY(check_range("range of the dynamic temperature", params.dynatemp_range, 0, 1e6));
  INGOT_TRY(check_range("exponent of the dynamic temperature", params.dynatemp_exponent, 0, 1e3));
  INGOT_TRY(check_range("mirostat", params.mirostat.version, 0, 2));
  INGOT_TRY(check_range("mirostat's tau", params.mirostat.tau, 0, 1e3));
  INGOT_TRY(check_range("mirostat's eta", params.mirostat.eta, 0, 1e3));
  return {};
}

}  // namespace ingot::core
