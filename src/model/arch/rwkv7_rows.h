// Tensors of RWKV-7's mixer, for the architectures that have it.
#pragma once

#include "model/arch/tensor_rows.h"

namespace ingot::core::rows {

// gate: whether a file must have one; norm: likewise on each head's output. Factors that files of llama.cpp's making
// have in the first layer too (v0, v1, v2) are copies of others there and mean nothing.
template <Need gate, Need norm>
inline constexpr std::array kRwkv7TimeMix{
    TensorRow{
        .name = "time_mix_lerp_fused", .slot = &TimeMixWeights::shift, .rows = Dim::kModel, .slices = Dim::kShifted},
    TensorRow{
        .name = "time_mix_receptance", .slot = &TimeMixWeights::receptance, .rows = Dim::kTimeMix, .cols = Dim::kModel},
    TensorRow{.name = "time_mix_key", .slot = &TimeMixWeights::key, .rows = Dim::kTimeMix, .cols = Dim::kModel},
    TensorRow{.name = "time_mix_value", .slot = &TimeMixWeights::value, .rows = Dim::kTimeMix, .cols = Dim::kModel},
    TensorRow{.name = "time_mix_w0", .slot = &TimeMixWeights::w0, .rows = Dim::kTimeMix},
    TensorRow{.name = "time_mix_w1", .slot = &TimeMixWeights::w1, .rows = Dim::kDecayRank, .cols = Dim::kModel},
    TensorRow{.name = "time_mix_w2", .slot = &TimeMixWeights::w2, .rows = Dim::kTimeMix, .cols = Dim::kDecayRank},
    TensorRow{.name = "time_mix_a0", .slot = &TimeMixWeights::a0, .rows = Dim::kTimeMix},
    TensorRow{.name = "time_mix_a1", .slot = &TimeMixWeights::a1, .rows = Dim::kRateRank, .cols = Dim::kModel},
    TensorRow{.name = "time_mix_a2", .slot = &TimeMixWeights::a2, .rows = Dim::kTimeMix, .cols = Dim::kRateRank},
    TensorRow{
        .name = "time_mix_v0", .slot = &TimeMixWeights::v0, .rows = Dim::kTimeMix, .weight = Need::kAfterFirstLayer},
    TensorRow{.name = "time_mix_v1",
              .slot = &TimeMixWeights::v1,
              .rows = Dim::kValueRank,
              .cols = Dim::kModel,
              .weight = Need::kAfterFirstLayer},
    TensorRow{.name = "time_mix_v2",
              .slot = &TimeMixWeights::v2,
              .rows = Dim::kTimeMix,
              .cols = Dim::kValueRank,
              .weight = Need::kAfterFirstLayer},
    TensorRow{.name = "time_mix_g1",
              .slot = &TimeMixWeights::g1,
              .rows = Dim::kGateRank,
              .cols = Dim::kModel,
              .weight = gate},
    TensorRow{.name = "time_mix_g2",
              .slot = &TimeMixWeights::g2,
              .rows = Dim::kTimeMix,
              .cols = Dim::kGateRank,
              .weight = gate},
    TensorRow{.name = "time_mix_k_k", .slot = &TimeMixWeights::k_k, .rows = Dim::kTimeMix},
    TensorRow{.name = "time_mix_k_a", .slot = &TimeMixWeights::k_a, .rows = Dim::kTimeMix},
    TensorRow{.name = "time_mix_r_k", .slot = &TimeMixWeights::r_k, .rows = Dim::kTimeMix},
    TensorRow{
        .name = "time_mix_ln", .slot = &TimeMixWeights::norm, .rows = Dim::kTimeMix, .weight = norm, .bias = norm},
    TensorRow{.name = "time_mix_output", .slot = &LayerWeights::wo, .rows = Dim::kModel, .cols = Dim::kTimeMix},
};

}  // namespace ingot::core::rows
