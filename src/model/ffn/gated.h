// The dense feed-forward part: activation(gate x) * (up x), or activation(up x) where there is no gate.
#pragma once

#include "model/step.h"

namespace ingot::core {

struct GatedWeights {
  const LinearWeights& gate;     // (ffn_dim, dim) or empty
  const LinearWeights& up;       // (ffn_dim, dim)
  const LinearWeights& gate_up;  // (2 * ffn_dim, dim) in place of both, or empty
  const LinearWeights& down;     // (dim, ffn_dim)
};

// (rows, ffn_dim) in step.hidden, for the down projection, which alone reads it.
LinearInput gated_ffn(Step& step, const GatedWeights& w, Activation activation, int64_t ffn_dim,
                      const LinearInput& input);

}  // namespace ingot::core
