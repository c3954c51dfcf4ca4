// BERT: learned positions, two-matrix feed-forward parts, biases everywhere.
#include "model/arch/bert_rows.h"

namespace ingot::core {
namespace {

constexpr std::array kPositions{
    TensorRow{
        .name = "position_embd", .slot = &Weights::position_embedding, .rows = Dim::kContext, .cols = Dim::kModel},
};

}  // namespace

const Architecture kBert{
    .name = "bert",
    .causal = false,
    .norm = NormKind::kLayer,
    .rope = std::nullopt,
    .activation = Activation::kGelu,
    .tensors = {rows::kEncoderEnds, kPositions, rows::kEncoderNorms,
                rows::kAttention<Need::kRequired, Need::kRequired>},
    .dense_ffn = {rows::kPlainFfn},
};

}  // namespace ingot::core
