// Granite 3: Llama with factors on embeddings, scores, residuals and logits, all of them keys of the file.
#include "model/arch/tensor_rows.h"

namespace ingot::core {

const Architecture kGranite{
    .name = "granite",
    .rope = RopeLayout::kInterleaved,
    // Not what its name says: llama.cpp (src/models/granite.cpp) takes it as the switch of Granite's rope, on where it
    // is absent.
    .rope_switch = "rope.scaling.finetuned",
    .tensors = {rows::kEnds, rows::kRopeFactors, rows::kPreNorms, rows::kAttention<Need::kOptional, Need::kOptional>},
    .dense_ffn = {rows::kGatedFfn<Need::kOptional>},
};

}  // namespace ingot::core
