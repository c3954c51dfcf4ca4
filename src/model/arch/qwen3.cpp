// Qwen 3: queries and keys are normalised, head by head, before they turn.
#include "model/arch/tensor_rows.h"

namespace ingot::core {

const Architecture kQwen3{
    .name = "qwen3",
    .tensors = {rows::kEnds, rows::kRopeFactors, rows::kPreNorms, rows::kAttention<Need::kNever, Need::kNever>,
                rows::kHeadNorms},
    .dense_ffn = {rows::kGatedFfn<Need::kNever>},
};

}  // namespace ingot::core
