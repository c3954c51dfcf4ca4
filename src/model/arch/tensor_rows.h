// Groups of tensors that several architectures share, under GGUF's names.
#pragma once

#include <array>

#include "model/arch/registry.h"

namespace ingot::core::rows {

// Token embedding, final norm, and an output matrix unless the embedding serves as one.
inline constexpr std::array kEnds{
    TensorRow{.name = "token_embd", .slot = &Weights::token_embedding, .rows = Dim::kVocab, .cols = Dim::kModel},
    TensorRow{.name = "output_norm", .slot = &Weights::output_norm, .rows = Dim::kModel},
    TensorRow{.name = "output",
              .slot = &Weights::output,
              .rows = Dim::kVocab,
              .cols = Dim::kModel,
              .weight = Need::kOptional,
              .bias = Need::kOptional},
};

// The same for layer norms with a bias.
inline constexpr std::array kEndsWithBias{
    kEnds[0],
    TensorRow{.name = "output_norm", .slot = &Weights::output_norm, .rows = Dim::kModel, .bias = Need::kRequired},
    kEnds[2],
};

// Divisors of the rope's frequencies: Llama 3's rope_freqs; the two sets of long-rope.
inline constexpr std::array kRopeFactors{
    TensorRow{.name = "rope_freqs", .slot = &Weights::rope_freqs, .rows = Dim::kRotaryHalf, .weight = Need::kOptional},
    TensorRow{.name = "rope_factors_long",
              .slot = &Weights::rope_factors_long,
              .rows = Dim::kRotaryHalf,
              .weight = Need::kOptional},
    TensorRow{.name = "rope_factors_short",
              .slot = &Weights::rope_factors_short,
              .rows = Dim::kRotaryHalf,
              .weight = Need::kOptional},
};

// Norms before the mixer and before the feed-forward part.
inline constexpr std::array kPreNorms{
    TensorRow{.name = "attn_norm", .slot = &LayerWeights::mixer_norm, .rows = Dim::kModel},
    TensorRow{.name = "ffn_norm", .slot = &LayerWeights::ffn_norm, .rows = Dim::kModel},
};

inline constexpr std::array kPreNormsWithBias{
    TensorRow{.name = "attn_norm", .slot = &LayerWeights::mixer_norm, .rows = Dim::kModel, .bias = Need::kRequired},
    TensorRow{.name = "ffn_norm", .slot = &LayerWeights::ffn_norm, .rows = Dim::kModel, .bias = Need::kRequired},
};

// Norms on what the mixer and the feed-forward part add to the residual.
inline constexpr std::array kPostNorms{
    TensorRow{.name = "post_attention_norm", .slot = &LayerWeights::mixer_post_norm, .rows = Dim::kModel},
    TensorRow{.name = "post_ffw_norm", .slot = &LayerWeights::ffn_post_norm, .rows = Dim::kModel},
};

// Query, key, value and output projections; the parameters say whether they have biases.
template <Need qkv_bias, Need output_bias>
inline constexpr std::array kAttention{
    TensorRow{.name = "attn_q", .slot = &LayerWeights::wq, .rows = Dim::kQuery, .cols = Dim::kModel, .bias = qkv_bias},
    TensorRow{.name = "attn_k", .slot = &LayerWeights::wk, .rows = Dim::kKey, .cols = Dim::kModel, .bias = qkv_bias},
    TensorRow{.name = "attn_v", .slot = &LayerWeights::wv, .rows = Dim::kValue, .cols = Dim::kModel, .bias = qkv_bias},
    TensorRow{.name = "attn_output",
              .slot = &LayerWeights::wo,
              .rows = Dim::kModel,
              .cols = Dim::kMixed,
              .bias = output_bias},
};

// The same with query, key and value in one matrix.
template <Need bias>
inline constexpr std::array kFusedAttention{
    TensorRow{.name = "attn_qkv", .slot = &LayerWeights::wqkv, .rows = Dim::kQkv, .cols = Dim::kModel, .bias = bias},
    TensorRow{.name = "attn_output", .slot = &LayerWeights::wo, .rows = Dim::kModel, .cols = Dim::kMixed, .bias = bias},
};

// Norms of queries and keys, each head by itself with the same weights.
inline constexpr std::array kHeadNorms{
    TensorRow{.name = "attn_q_norm", .slot = &LayerWeights::q_norm, .rows = Dim::kHead},
    TensorRow{.name = "attn_k_norm", .slot = &LayerWeights::k_norm, .rows = Dim::kHead},
};

template <Need bias>
inline constexpr std::array kGatedFfn{
    TensorRow{.name = "ffn_gate", .slot = &LayerWeights::gate, .rows = Dim::kFfn, .cols = Dim::kModel, .bias = bias},
    TensorRow{.name = "ffn_up", .slot = &LayerWeights::up, .rows = Dim::kFfn, .cols = Dim::kModel, .bias = bias},
    TensorRow{.name = "ffn_down", .slot = &LayerWeights::down, .rows = Dim::kModel, .cols = Dim::kFfn, .bias = bias},
};

// Two matrices and biases, no gate.
inline constexpr std::array kPlainFfn{
    TensorRow{
        .name = "ffn_up", .slot = &LayerWeights::up, .rows = Dim::kFfn, .cols = Dim::kModel, .bias = Need::kRequired},
    TensorRow{.name = "ffn_down",
              .slot = &LayerWeights::down,
              .rows = Dim::kModel,
              .cols = Dim::kFfn,
              .bias = Need::kRequired},
};

inline constexpr std::array kExperts{
    TensorRow{.name = "ffn_gate_inp", .slot = &LayerWeights::router, .rows = Dim::kExperts, .cols = Dim::kModel},
    TensorRow{.name = "ffn_gate_exps",
              .slot = &LayerWeights::gate_experts,
              .rows = Dim::kExpertFfn,
              .cols = Dim::kModel,
              .slices = Dim::kExperts},
    TensorRow{.name = "ffn_up_exps",
              .slot = &LayerWeights::up_experts,
              .rows = Dim::kExpertFfn,
              .cols = Dim::kModel,
              .slices = Dim::kExperts},
    TensorRow{.name = "ffn_down_exps",
              .slot = &LayerWeights::down_experts,
              .rows = Dim::kModel,
              .cols = Dim::kExpertFfn,
              .slices = Dim::kExperts},
};

// An expert that every token passes, scaled by a gate of its own.
inline constexpr std::array kSharedExpert{
    TensorRow{
        .name = "ffn_gate_inp_shexp", .slot = &LayerWeights::shared_router, .rows = Dim::kOne, .cols = Dim::kModel},
    TensorRow{
        .name = "ffn_gate_shexp", .slot = &LayerWeights::shared_gate, .rows = Dim::kSharedFfn, .cols = Dim::kModel},
    TensorRow{.name = "ffn_up_shexp", .slot = &LayerWeights::shared_up, .rows = Dim::kSharedFfn, .cols = Dim::kModel},
    TensorRow{
        .name = "ffn_down_shexp", .slot = &LayerWeights::shared_down, .rows = Dim::kModel, .cols = Dim::kSharedFfn},
};

}  // namespace ingot::core::rows
