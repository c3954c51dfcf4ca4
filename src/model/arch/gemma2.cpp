// Gemma 2: norms before and after both parts, every other layer sees a window, soft caps on scores and logits.
// The weights of its norms have the 1 that the architecture adds to them already in the file.
#include <cmath>

#include "model/arch/tensor_rows.h"

namespace ingot::core {
namespace {

// The 27B model alone scales queries by dim / n_heads instead of the head's own size; no key of the file says so.
void scale_queries_of_27b(ModelSpec& spec) {
  if (spec.n_layers() != 46) return;
  for (LayerSpec& layer : spec.layers) {
    const int64_t dim_by_heads = spec.dim / layer.attention.n_heads;  // 144 in that model
    layer.attention.scale = 1.0f / std::sqrt(static_cast<float>(dim_by_heads));
  }
}

}  // namespace

const Architecture kGemma2{
    .name = "gemma2",
    .activation = Activation::kGeluTanh,
    .scale_embedding_by_sqrt_dim = true,
    .default_attention_softcap = 50.0f,
    .default_logit_softcap = 30.0f,
    .window = {.period = 2, .default_window = 4096},
    .tensors = {rows::kEnds, rows::kPreNorms, rows::kPostNorms, rows::kAttention<Need::kNever, Need::kNever>},
    .dense_ffn = {rows::kGatedFfn<Need::kNever>},
    .finish = scale_queries_of_27b,
};

}  // namespace ingot::core
