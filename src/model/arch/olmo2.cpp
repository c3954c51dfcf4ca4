// OLMo 2, and OLMo 3 under the same name: norms only after each part, queries and keys normalised over all heads
// together. OLMo 3 has windows, and its YaRN reaches only the layers without one.
#include "model/arch/tensor_rows.h"

namespace ingot::core {
namespace {

constexpr std::array kRowNorms{
    TensorRow{.name = "attn_q_norm", .slot = &LayerWeights::q_norm, .rows = Dim::kQuery},
    TensorRow{.name = "attn_k_norm", .slot = &LayerWeights::k_norm, .rows = Dim::kKey},
};

}  // namespace

const Architecture kOlmo2{
    .name = "olmo2",
    .window = {.period = 4},
    .local_rope = {.scaled = false},
    .tensors = {rows::kEnds, rows::kPostNorms, rows::kAttention<Need::kNever, Need::kNever>, kRowNorms},
    .dense_ffn = {rows::kGatedFfn<Need::kNever>},
};

}  // namespace ingot::core
