// Which operations of a layer become one: decided here, from what the file brings, and nowhere else.
#pragma once

#include "model/model_spec.h"
#include "model/weights.h"

namespace ingot::core {

// Q, K and V as one product over their three matrices; a file may also have them joined in one.
inline bool fuses_qkv(const LinearWeights& joined) {
  return joined.empty();
}
// gate, up and activation in one, where the two matrices are apart.
inline bool fuses_gate_up(const LinearWeights& gate, const LinearWeights& joined) {
  return !gate.empty() && joined.empty();
}
// The residual is added where a projection's result is stored, unless a norm comes between.
inline bool fuses_residual(const VectorWeights& post_norm) {
  return post_norm.empty();
}

}  // namespace ingot::core
