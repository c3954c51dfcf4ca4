// How well a model predicts a text; see ingot/perplexity.h for what is scored. Memory is bounded: logits exist for a
// few rows at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "ingot/perplexity.h"

namespace ingot::core {

// The windows of a tokenised text and which of their positions are scored.
struct PerplexityWindows {
  int64_t window = 0;
  int64_t n_windows = 0;
  int64_t first_scored = 0;  // position whose logits score the next token
  int64_t n_scored = 0;      // of each window

  // Errors: a window that is too small, too large for the context, or larger than the text (both numbers).
  static Result<PerplexityWindows> plan(int64_t n_tokens, int64_t context, const PerplexityOptions& options);
};

// -log softmax(logits)[token], summed in double precision.
double negative_log_likelihood(std::span<const float> logits, int32_t token);

// KL(reference || other), natural logarithm. Both: (n_vocab).
double kl_divergence(std::span<const float> reference, std::span<const float> other);

Result<PerplexityResult> measure_perplexity(const std::shared_ptr<Engine>& engine, std::string_view text,
                                            const PerplexityOptions& options);

}  // namespace ingot::core
