// Llama 1 to 3, Mistral, Mixtral, SmolLM, Yi and all who follow them under the name "llama".
//
// Llama 3's rope scaling comes as a tensor of factors; Mixtral is the form with experts, whose weights are
// normalised over the chosen ones; Mistral 7B v0.1 sees a window in every layer.
#include "model/arch/tensor_rows.h"

namespace ingot::core {

const Architecture kLlama{
    .name = "llama",
    .rope = RopeLayout::kInterleaved,
    .tensors = {rows::kEnds, rows::kRopeFactors, rows::kPreNorms, rows::kAttention<Need::kOptional, Need::kOptional>},
    .dense_ffn = {rows::kGatedFfn<Need::kOptional>},
    .moe_ffn = {rows::kExperts},
};

}  // namespace ingot::core
