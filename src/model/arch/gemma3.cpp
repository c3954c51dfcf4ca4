// Gemma 3: Gemma 2 with norms of queries and keys in place of the soft caps, five layers with a window to each one
// without, and a rope of their own for the former: base 10,000 and no scaling.
#include <cmath>

#include "model/arch/tensor_rows.h"

namespace ingot::core {
namespace {

// As in Gemma 2, the 27B model alone scales queries by dim / n_heads.
void scale_queries_of_27b(ModelSpec& spec) {
  if (spec.n_layers() != 62) return;
  for (LayerSpec& layer : spec.layers) {
    const int64_t dim_by_heads = spec.dim / layer.attention.n_heads;  // 168 in that model
    layer.attention.scale = 1.0f / std::sqrt(static_cast<float>(dim_by_heads));
  }
}

}  // namespace

const Architecture kGemma3{
    .name = "gemma3",
    .activation = Activation::kGeluTanh,
    .scale_embedding_by_sqrt_dim = true,
    .window = {.period = 6},
    .local_rope = {.default_base = 10000.0, .scaled = false},
    .tensors = {rows::kEnds, rows::kPreNorms, rows::kPostNorms, rows::kAttention<Need::kNever, Need::kNever>,
                rows::kHeadNorms},
    .dense_ffn = {rows::kGatedFfn<Need::kNever>},
    .finish = scale_queries_of_27b,
};

}  // namespace ingot::core
