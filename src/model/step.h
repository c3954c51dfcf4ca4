// What the parts of a forward pass share: the rows of the step, its buffers, and the few ways to apply weights.
#pragma once

#include <optional>
#include <span>

#include "model/forward.h"

namespace ingot::core {

// Rows are those of all slices, one after another.
struct Step {
  const Model& model;
  Ops& ops;
  std::span<const SequenceSlice> slices;
  ForwardScratch& scratch;
  StepRows rows = {};                       // less in the last layer's feed-forward part than before it
  std::span<const int32_t> positions = {};  // (rows)
  // Rows between the end of the (only) state and this step, which the same pass writes without counting them yet.
  int64_t n_ahead = 0;

  int32_t layer = -1;  // for labels; -1 before and after the layers

  TensorView x = {};        // (rows, dim): the residual stream
  TensorView inner = {};    // (rows, dim): x after a norm
  TensorView branch = {};   // (rows, dim): what a part adds to x
  TensorView qkv = {};      // (rows, widest query + key + value)
  TensorView mixed = {};    // (rows, widest n_heads * value_dim)
  TensorView hidden = {};   // (rows, widest 2 * ffn_dim): gate and up
  TensorView router = {};   // (rows, n_experts)
  TensorView shared = {};   // (rows, dim): what the shared expert adds, where there is one
  TensorView rank = {};     // (rows, all ranks of a layer): between the two factors of products
  TensorView first_v = {};  // (rows, time-mix width): the values of the first layer
  TensorView final = {};    // (output rows, dim): after the final norm

  // Where in its sequence a slice begins.
  int64_t first_position(const SequenceSlice& slice) const { return slice.state->length() + n_ahead; }

  // What the next operations are for, in the words of profiles.
  void label(const char* name) { ops.set_label({.layer = layer, .name = name}); }
};

// The sequences of the step, each with where `layer_idx` keeps the part of its recurrent state that begins after
// n_floats. Valid until the next call.
std::span<const RecurrentRows> recurrent_rows(Step& step, int64_t layer_idx, int64_t n_floats);

// The first n_cols columns' worth of a buffer, as a matrix without gaps of as many rows as the step has now.
TensorView fit(const Step& step, TensorView buffer, int64_t n_cols);

// out = W x + b.
void project(Step& step, const char* label, const LinearWeights& w, const LinearInput& x, TensorView out);

// One product of several with the same rows; without an out where the operation has its own.
inline LinearTarget target(const LinearWeights& w, TensorView out = {}) {
  return {.w = &w.matrix, .epilogue = {.bias = w.bias, .scale = w.scale}, .out = out};
}

// The norm of the residual stream as products read it that normalise on the way; without one where the architecture has
// none.
LinearInput normalized_input(Step& step, const char* label, const VectorWeights& w);

// How the model normalises with these weights, in groups of their length; nothing where there are none.
std::optional<NormParams> norm_params(const Step& step, const VectorWeights& w);

// The norm of x, (rows, n), in groups of the weight's length; x itself where the architecture has no such norm.
TensorView normalize(Step& step, const char* label, const VectorWeights& w, TensorView x, TensorView out);

// step.x += residual_scale * norm(W inner + b), the norm only where there is one.
void add_projection(Step& step, const char* label, const LinearWeights& w, const LinearInput& inner,
                    const VectorWeights& post_norm);

// step.x += residual_scale * norm(branch); branch is overwritten.
void add_branch(Step& step, TensorView branch, const VectorWeights& post_norm);

}  // namespace ingot::core
