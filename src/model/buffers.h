// The buffers of a step: one place that knows how large they are, for the step and for whoever plans it.
#pragma once

#include <cstdint>

#include "model/model_spec.h"

namespace ingot::core {

// How many rows a step has, by what they are kept for.
struct StepSize {
  int64_t n_rows = 0;   // computed together
  int64_t n_held = 0;   // of the residual stream: n_rows, or, layer by layer, all of the prompt
  int64_t n_final = 0;  // after the final norm, where no caller gives memory for them
};

// r, w, k, v, a, g and how far v moves: what RWKV-7's recurrence reads.
inline constexpr int64_t kTimeMixInputs = 7;

// Columns of each buffer: the widest that any layer asks for.
struct BufferWidths {
  int64_t dim = 0;
  int64_t qkv = 0;      // query + key + value
  int64_t mixed = 0;    // n_heads * value_dim
  int64_t hidden = 0;   // gate and up
  int64_t router = 0;   // n_experts
  int64_t shared = 0;   // dim where a layer has a shared expert
  int64_t rank = 0;     // between the factors of RWKV-7's products, all together
  int64_t first_v = 0;  // width of RWKV-7's mixer: the first layer's values, held for all layers
  int64_t n_used = 0;   // experts of a row: an id and a weight each

  explicit BufferWidths(const ModelSpec& spec);
  int64_t n_floats(const StepSize& size) const;
  // All that a ForwardScratch takes: the floats, positions, and the experts chosen.
  int64_t n_bytes(const StepSize& size) const;
};

}  // namespace ingot::core
