// GPT-2: learned positions instead of rope, layer norms, fused query, key and value, biases everywhere.
#include "model/arch/tensor_rows.h"

namespace ingot::core {
namespace {

constexpr std::array kPositions{
    TensorRow{
        .name = "position_embd", .slot = &Weights::position_embedding, .rows = Dim::kContext, .cols = Dim::kModel},
};

}  // namespace

const Architecture kGpt2{
    .name = "gpt2",
    .norm = NormKind::kLayer,
    .rope = std::nullopt,
    .activation = Activation::kGeluTanh,
    .tensors = {rows::kEndsWithBias, kPositions, rows::kPreNormsWithBias, rows::kFusedAttention<Need::kRequired>},
    .dense_ffn = {rows::kPlainFfn},
};

}  // namespace ingot::core
