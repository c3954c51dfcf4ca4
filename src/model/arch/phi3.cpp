// Phi 3, 3.5, 4 and 4-mini: query, key and value in one matrix, gate and up in another; long-rope in the models for
// 128 thousand tokens.
#include "model/arch/tensor_rows.h"

namespace ingot::core {
namespace {

// The file calls it ffn_up, but it holds the gate in its first half.
constexpr std::array kFusedGatedFfn{
    TensorRow{.name = "ffn_up", .slot = &LayerWeights::gate_up, .rows = Dim::kTwoFfn, .cols = Dim::kModel},
    TensorRow{.name = "ffn_down", .slot = &LayerWeights::down, .rows = Dim::kModel, .cols = Dim::kFfn},
};

}  // namespace

const Architecture kPhi3{
    .name = "phi3",
    .tensors = {rows::kEnds, rows::kRopeFactors, rows::kPreNorms, rows::kFusedAttention<Need::kNever>},
    .dense_ffn = {kFusedGatedFfn},
};

}  // namespace ingot::core
