// Qwen 3 with experts, whose weights are normalised over the chosen ones.
#include "model/arch/tensor_rows.h"

namespace ingot::core {

const Architecture kQwen3Moe{
    .name = "qwen3moe",
    .tensors = {rows::kEnds, rows::kPreNorms, rows::kAttention<Need::kNever, Need::kNever>, rows::kHeadNorms},
    .moe_ffn = {rows::kExperts},
};

}  // namespace ingot::core
