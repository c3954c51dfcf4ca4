#include "sampling/chain.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "sampling/exp_weight.h"

namespace ingot::core {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

}  // namespace

SamplingChain::SamplingChain(ChainParams params, int64_t n_vocab)
    : params_(std::move(params)),
      n_vocab_(static_cast<size_t>(n_vocab)),
      rng_(params_.seed),
      dry_(params_.dry),
      mirostat_(params_.mirostat, n_vocab) {}

Result<SamplingChain> SamplingChain::create(ChainParams params, int64_t n_vocab) {
  INGOT_TRY(check_chain_params(params, n_vocab));
  return SamplingChain(std::move(params), n_vocab);
}

Status SamplingChain::start(std::span<const float> logits, std::span<const uint64_t> allowed) {
  INGOT_CHECK(logits.size() == n_vocab_, "the chain was made for another vocabulary");
  INGOT_TRY(table_.load(logits));
  for (const auto& [id, bias] : params_.logit_bias) {
    if (bias == kForbidden) {
      table_.forbid(id);
    } else {
      table_.set(id, table_.get(id) + bias);
    }
  }
  for (const int32_t id : params_.banned) table_.forbid(id);
  for (const int32_t id : refused_) table_.forbid(id);
  if (must_go_on()) {
    for (const int32_t id : params_.end_tokens) table_.forbid(id);
  }
  if (!allowed.empty()) {
    const size_t n_words = (n_vocab_ + 63) / 64;
    if (allowed.size() != n_words) {
      return invalid("the mask of allowed tokens has {} words, expected {}", allowed.size(), n_words);
    }
    table_.allow_only(allowed);
  }
  if (table_.best() == kForbidden) {
    return invalid("every token of the vocabulary is forbidden{}",
                   must_go_on() && !params_.end_tokens.empty()
                       ? fmt::format(" (end tokens are until there are {} tokens)", params_.min_tokens)
                       : "");
  }
  candidates_.start(table_);
  return {};
}

Result<int32_t> SamplingChain::sample(std::span<const float> logits, std::span<const int32_t> history,
                                      std::span<const uint64_t> allowed) {
  refused_.clear();
  while (true) {
    INGOT_TRY(start(logits, allowed));
    for (const SamplerKind kind : params_.order) apply(kind, history);
    const bool greedy = params_.temperature == 0.0f;
    const Drawn drawn = greedy ? Drawn{table_.best_id(), 1.0} : draw();
    if (params_.refuses && params_.refuses(drawn.id)) {
      refuse(drawn.id);
      continue;
    }
    ++n_drawn_;
    if (!greedy && params_.mirostat.version != 0) mirostat_.observe(drawn.probability);
    return drawn.id;
  }
}

void SamplingChain::refuse(int32_t id) {
  refused_.push_back(id);
  // Nearly always the next draw is accepted. Where it is not, one pass over the vocabulary ends the trying.
  constexpr size_t kMostTried = 32;
  if (refused_.size() != kMostTried) return;
  refused_.clear();
  for (int32_t any = 0; static_cast<size_t>(any) < n_vocab_; ++any) {
    if (params_.refuses(any)) refused_.push_back(any);
  }
}

void SamplingChain::apply(SamplerKind kind, std::span<const int32_t> history) {
  if (kind == SamplerKind::kPenalties) {
    apply_penalties(params_.penalties, history, candidates_);
  } else if (kind == SamplerKind::kDry) {
    dry_.apply(history, candidates_);
  } else if (params_.temperature == 0.0f) {
    return;
  } else if (kind == SamplerKind::kTemperature) {
    temper();
  } else if (params_.mirostat.version == 0) {
    truncate(kind);
  }
}

void SamplingChain::truncate(SamplerKind kind) {
  switch (kind) {
    case SamplerKind::kTopNSigma:
      if (params_.top_n_sigma > 0.0f) keep_top_n_sigma(params_.top_n_sigma, candidates_);
      return;
    case SamplerKind::kTopK:
      if (params_.top_k > 0) keep_top_k(params_.top_k, candidates_);
      return;
    case SamplerKind::kTypical:
      if (params_.typical_p < 1.0f) keep_typical(params_.typical_p, candidates_);
      return;
    case SamplerKind::kTopP:
      if (params_.top_p < 1.0f) keep_top_p(params_.top_p, candidates_);
      return;
    case SamplerKind::kMinP:
      if (params_.min_p > 0.0f) keep_min_p(params_.min_p, candidates_);
      return;
    case SamplerKind::kXtc:
      if (params_.xtc.active() && rng_.next_unit() < params_.xtc.probability) {
        exclude_top_choices(params_.xtc.threshold, candidates_);
      }
      return;
    case SamplerKind::kPenalties:
    case SamplerKind::kDry:
    case SamplerKind::kTemperature:
      return;  // apply() has done them
  }
}

void SamplingChain::temper() {
  if (params_.dynatemp_range > 0.0f) {
    apply_dynamic_temperature(params_.temperature, params_.dynatemp_range, params_.dynatemp_exponent, candidates_);
  } else if (params_.temperature != 1.0f) {
    apply_temperature(params_.temperature, candidates_);
  }
}

SamplingChain::Drawn SamplingChain::draw() {
  if (params_.mirostat.version != 0) mirostat_.truncate(candidates_);
  const double random = rng_.next_unit();
  if (candidates_.table != nullptr) {
    const double sum = table_.weigh(candidates_.scale, candidates_.least);
    const LogitTable::Drawn drawn = table_.token_at(random * sum);
    return {drawn.id, drawn.weight / sum};
  }
  const float best = candidates_.best_logit();
  const double sum = sum_weights(candidates_.items, best);
  double left = random * sum;
  // Rounding can leave a remainder; it belongs to the last one that has a probability at all.
  Drawn drawn{0, 0.0};
  for (const Candidate& item : candidates_.items) {
    const double weight = exp_weight(item.logit - best);
    if (weight == 0.0) continue;
    drawn = {item.id, weight / sum};
    left -= weight;
    if (left < 0.0) break;
  }
  return drawn;
}

std::span<const Candidate> SamplingChain::last_candidates() {
  candidates_.list();
  return candidates_.items;
}

}  // namespace ingot::core
