// Which operations of a layer become one: decided here, from what the file brings, and nowhere else.
#pragma once

#include "model/model_spec.h"
#include "model/weights.h"

namespace ingot::core {

// The norm before a layer's part goes into the packing of what it gives, where one product alone reads that. A router
// and its experts, and the shifts of RWKV-7, read it several times.
inline bool fuses_mixer_norm(const LayerSpec& layer) {
  return layer.mixer == MixerKind::kAttention;
}
inline bool fuses_ffn_norm(const LayerSpec& layer) {
  return layer.ffn_kind == FfnKind::kGated;
}
// Q, K and V as one product over their three matrices; a file may also have them joined in one.
inline bool fuses_qkv(const LinearWeights& joined) {
  return joined.empty();
}
// Norms of heads, their turns and the way into the cache where the product leaves them, if heads are independent of
// each other, which norms over all of them (OLMo 2) are not. 16: products are cut into so many outputs.
inline bool fuses_heads(const AttentionSpec& spec, const VectorWeights& q_norm, const VectorWeights& k_norm) {
  const auto by_head = [&](const VectorWeights& norm) {
    return norm.empty() || static_cast<int64_t>(norm.weight.size()) == spec.key_dim;
  };
  return by_head(q_norm) && by_head(k_norm) && spec.key_dim == spec.value_dim && spec.key_dim % 16 == 0;
}
// gate, up and activation in one, where the two matrices are apart, with the packing of what they give: the down
// projection alone reads it.
inline bool fuses_gate_up(const LinearWeights& gate, const LinearWeights& joined) {
  return !gate.empty() && joined.empty();
}
// The residual is added where a projection's result is stored, unless a norm comes between.
inline bool fuses_residual(const VectorWeights& post_norm) {
  return post_norm.empty();
}

}  // namespace ingot::core
