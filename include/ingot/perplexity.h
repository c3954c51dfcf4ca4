// How well a model predicts a text, and how far a mode's distributions are from reference arithmetic.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "ingot/prefill.h"
#include "ingot/types.h"

namespace ingot {

// The text is cut into windows of exactly `window` tokens, a shorter last one is dropped; where the vocabulary adds
// BOS, it replaces the first token of each window. The second half of each window is scored: logits at positions window
// / 2 ... window - 2 against tokens window / 2 + 1 ... window - 1.
struct PerplexityOptions {
  int64_t window = 512;
  int64_t n_windows = 0;         // 0: all
  bool kl = false;               // also compare with reference arithmetic, on the same positions
  Chunking chunk = 512;          // tokens computed together; makes no difference to the result
  bool decode = false;           // token by token, as generated text is computed, whatever chunk says
  std::string save_logits = {};  // a file for the scored logits: NumPy's format, float32, (scored, vocab_size)
  CancelToken cancel = {};
  std::function<void(int64_t n_done, int64_t n_total, double perplexity)> on_window = {};
};

struct PerplexityResult {
  double perplexity = 0;
  double standard_error = 0;
  int64_t n_tokens = 0;  // scored
  int64_t n_windows = 0;
  Mode mode = Mode::kExact;
  struct Divergence {
    double mean = 0;  // KL(reference || mode), natural logarithm
    double max = 0;
    double same_top = 0;  // share of positions where both put the same token first
  };
  std::optional<Divergence> kl;
};

}  // namespace ingot
