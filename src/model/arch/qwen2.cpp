// Qwen 2 and 2.5: Llama with biases on query, key and value.
#include "model/arch/tensor_rows.h"

namespace ingot::core {

const Architecture kQwen2{
    .name = "qwen2",
    .tensors = {rows::kEnds, rows::kRopeFactors, rows::kPreNorms, rows::kAttention<Need::kRequired, Need::kNever>},
    .dense_ffn = {rows::kGatedFfn<Need::kNever>},
};

}  // namespace ingot::core
