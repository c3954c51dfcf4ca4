// Nomic's BERT: rope in place of learned positions, a gated feed-forward part, no biases.
#include "model/arch/bert_rows.h"

namespace ingot::core {

const Architecture kNomicBert{
    .name = "nomic-bert",
    .causal = false,
    .norm = NormKind::kLayer,
    .tensors = {rows::kEncoderEnds, rows::kEncoderNorms, rows::kFusedAttention<Need::kOptional>},
    .dense_ffn = {rows::kGatedFfn<Need::kNever>},
};

}  // namespace ingot::core
