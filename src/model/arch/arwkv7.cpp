// ARWKV-7: RWKV-7's mixer between the norms and the gated feed-forward part of a transformer, from which it is made.
#include "model/arch/rwkv7_rows.h"

namespace ingot::core {

const Architecture kArwkv7{
    .name = "arwkv7",
    .mixer = MixerKind::kRwkv7TimeMix,
    .rope = std::nullopt,
    .tensors = {rows::kEnds, rows::kPreNorms, rows::kRwkv7TimeMix<Need::kOptional, Need::kOptional>},
    .dense_ffn = {rows::kGatedFfn<Need::kNever>},
};

}  // namespace ingot::core
