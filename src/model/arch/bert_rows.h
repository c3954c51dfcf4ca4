// Tensors of encoders of the BERT family: norms stand behind the residual, and there is no head.
#pragma once

#include "model/arch/tensor_rows.h"

namespace ingot::core::rows {

inline constexpr std::array kEncoderEnds{
    kEnds[0],
    TensorRow{.name = "token_types", .slot = &Weights::token_types, .rows = Dim::kTokenTypes, .cols = Dim::kModel},
    TensorRow{
        .name = "token_embd_norm", .slot = &Weights::embedding_norm, .rows = Dim::kModel, .bias = Need::kRequired},
};

inline constexpr std::array kEncoderNorms{
    TensorRow{.name = "attn_output_norm",
              .slot = &LayerWeights::mixer_out_norm,
              .rows = Dim::kModel,
              .bias = Need::kRequired},
    TensorRow{
        .name = "layer_output_norm", .slot = &LayerWeights::ffn_out_norm, .rows = Dim::kModel, .bias = Need::kRequired},
};

}  // namespace ingot::core::rows
