// Qwen 1.5 MoE and Qwen 2 MoE: the probabilities of the chosen experts stay as they are (they do not sum to 1), and
// a shared expert, scaled by a sigmoid, joins in.
#include "model/arch/tensor_rows.h"

namespace ingot::core {

const Architecture kQwen2Moe{
    .name = "qwen2moe",
    .normalize_expert_weights = false,
    .tensors = {rows::kEnds, rows::kPreNorms, rows::kAttention<Need::kRequired, Need::kNever>},
    .moe_ffn = {rows::kExperts, rows::kSharedExpert},
};

}  // namespace ingot::core
