// The weights of a model, as forward() reads them. Matrices keep the file's type and pages; vectors are float32.
//
// An empty member means that the architecture, or this file, has no such tensor; which ones may be missing is said
// in arch/, and checked once, at load.
#pragma once

#include <array>
#include <vector>

#include "tensor/weight_matrix.h"

namespace ingot::core {

// y = scale * W x + bias. NVFP4 files carry such a scale in a tensor of its own; everywhere else it is 1.
struct LinearWeights {
  WeightMatrix matrix;
  std::vector<float> bias;  // (matrix.rows) or empty; divided by scale, so that one factor serves product and bias
  float scale = 1.0f;
  bool empty() const { return matrix.empty(); }
};

// A norm's weight and bias, or any other pair of vectors.
struct VectorWeights {
  std::vector<float> weight;
  std::vector<float> bias;
  bool empty() const { return weight.empty(); }
};

// Of RWKV-7's mixer, beside its output projection (LayerWeights::wo). width = n_heads * head_size.
struct TimeMixWeights {
  VectorWeights shift;       // (n_shifted, dim): how far each of r, w, k, v, a, g moves to the token before
  LinearWeights receptance;  // (width, dim): r
  LinearWeights key;         // (width, dim)
  LinearWeights value;       // (width, dim)
  // Two factors each, the second with a bias: w0 + w2 tanh(w1 x), a0 + a2 a1 x, v0 + v2 v1 x, g2 sigmoid(g1 x).
  LinearWeights w1;  // (decay_rank, dim)
  LinearWeights w2;  // (width, decay_rank)
  LinearWeights a1;  // (rate_rank, dim)
  LinearWeights a2;  // (width, rate_rank)
  LinearWeights v1;  // (value_rank, dim); empty in the first layer
  LinearWeights v2;  // (width, value_rank)
  LinearWeights g1;  // (gate_rank, dim), or empty
  LinearWeights g2;  // (width, gate_rank)
  VectorWeights w0;  // (width), as the next ones; moved into the biases of w2, a2 and v2 once all is loaded
  VectorWeights a0;
  VectorWeights v0;
  VectorWeights k_k;
  VectorWeights k_a;
  VectorWeights r_k;
  VectorWeights norm;  // (width) on each head by itself, or empty
};

inline std::array<const LinearWeights*, 11> matrices_of(const TimeMixWeights& w) {
  return {&w.receptance, &w.key, &w.value, &w.w1, &w.w2, &w.a1, &w.a2, &w.v1, &w.v2, &w.g1, &w.g2};
}

struct LayerWeights {
  VectorWeights mixer_norm;       // (dim), before the mixer
  LinearWeights wq;               // (n_heads * key_dim, dim)
  LinearWeights wk;               // (n_kv_heads * key_dim, dim)
  LinearWeights wv;               // (n_kv_heads * value_dim, dim)
  LinearWeights wqkv;             // the three above, one after another
  VectorWeights q_norm;           // (key_dim) for each head by itself, or (n_heads * key_dim) for all together
  VectorWeights k_norm;           // (key_dim) or (n_kv_heads * key_dim)
  LinearWeights wo;               // (dim, n_heads * value_dim)
  VectorWeights mixer_post_norm;  // (dim), on what the mixer adds
  VectorWeights mixer_out_norm;   // (dim), on the residual stream once the mixer has added to it
  TimeMixWeights time_mix;        // in place of the matrices of attention

  VectorWeights ffn_norm;       // (dim), before the feed-forward part
  VectorWeights channel_shift;  // (dim): how far the channel mix moves to the token before
  LinearWeights gate;           // (ffn_dim, dim)
  LinearWeights up;             // (ffn_dim, dim)
  LinearWeights gate_up;        // (2 * ffn_dim, dim): gate, then up
  LinearWeights down;           // (dim, ffn_dim)
  VectorWeights ffn_post_norm;  // (dim), on what the feed-forward part adds
  VectorWeights ffn_out_norm;   // (dim), on the residual stream once the feed-forward part has added to it

  LinearWeights router;         // (n_experts, dim)
  LinearWeights gate_experts;   // (n_experts, expert_ffn_dim, dim)
  LinearWeights up_experts;     // (n_experts, expert_ffn_dim, dim)
  LinearWeights down_experts;   // (n_experts, dim, expert_ffn_dim)
  LinearWeights shared_gate;    // (shared_ffn_dim, dim)
  LinearWeights shared_up;      // (shared_ffn_dim, dim)
  LinearWeights shared_down;    // (dim, shared_ffn_dim)
  LinearWeights shared_router;  // (1, dim): how much of the shared expert a token takes
};

// What a RopeSpec comes to, together with the file's factor tensors.
struct RopeTable {
  std::vector<float> frequencies;  // (rotary_dim / 2), radians per position
  float magnitude = 1.0f;          // on cos and sin
};

struct Weights {
  LinearWeights token_embedding;     // (n_vocab, dim)
  LinearWeights position_embedding;  // (context_length, dim), or empty
  LinearWeights token_types;         // (types, dim), or empty: the first is added to every token
  VectorWeights embedding_norm;      // (dim), on the sum of all embeddings, or empty
  VectorWeights output_norm;         // (dim)
  LinearWeights output;              // (n_vocab, dim); the token embedding again where the file has none
  VectorWeights rope_freqs;          // (rotary_dim / 2) divisors, or empty
  VectorWeights rope_factors_long;   // (rotary_dim / 2) divisors, or empty
  VectorWeights rope_factors_short;  // (rotary_dim / 2) divisors, or empty
  std::vector<RopeTable> ropes;      // one for each of ModelSpec::ropes
  std::vector<LayerWeights> layers;
};

}  // namespace ingot::core
