// Granite 3: Llama with factors on embeddings, scores, residuals and logits, all of them keys of the file.
#include "model/arch/tensor_rows.h"

namespace ingot::core {

const Architecture kGranite{
    .name = "granite",
    .rope = RopeLayout::kInterleaved,
    .tensors = {rows::kEnds, rows::kRopeFactors, rows::kPreNorms, rows::kAttention<Need::kOptional, Need::kOptional>},
    .dense_ffn = {rows::kGatedFfn<Need::kOptional>},
};

}  // namespace ingot::core
