// How fast an answer came, as every command states it.
#pragma once

#include <cstdint>

#include "ingot/sequence.h"

namespace ingot::cli {

// Tokens of the prompt that were read; the rest was known.
inline int64_t n_read(const GenerateResult& result) {
  return result.n_prompt_tokens - result.n_cached_tokens;
}

// Tokens per second; 0 where none were read.
inline double prefill_speed(const GenerateResult& result) {
  return result.prefill_ms > 0 ? static_cast<double>(n_read(result)) * 1000.0 / result.prefill_ms : 0.0;
}

// Tokens per second after the first one, whose time is the prompt's; 0 where there are none.
inline double decode_speed(const GenerateResult& result) {
  const auto n_tokens = static_cast<double>(result.tokens.size());
  return n_tokens > 1 && result.decode_ms > 0 ? (n_tokens - 1) * 1000.0 / result.decode_ms : 0.0;
}

}  // namespace ingot::cli
