#include "model/buffers.h"

#include <algorithm>

namespace ingot::core {

BufferWidths::BufferWidths(const ModelSpec& spec) : dim(spec.dim) {
  for (const LayerSpec& layer : spec.layers) {
    const AttentionSpec& attention = layer.attention;
    qkv = std::max(qkv, attention.query_width() + attention.key_width() + attention.value_width());
    mixed = std::max(mixed, attention.mixed_width());
    hidden = std::max({hidden, 2 * layer.ffn.ffn_dim, 2 * layer.ffn.shared_ffn_dim});
    router = std::max(router, layer.ffn.n_experts);
    n_used = std::max(n_used, layer.ffn.route.n_used);
    if (layer.ffn.shared_ffn_dim > 0) shared = spec.dim;
    const TimeMixSpec& mix = layer.time_mix;
    if (layer.mixer != MixerKind::kRwkv7TimeMix) continue;
    qkv = std::max(qkv, kTimeMixInputs * mix.width());
    mixed = std::max(mixed, mix.width());
    hidden = std::max({hidden, mix.n_shifted * spec.dim, layer.ffn.ffn_dim + spec.dim});
    rank = std::max(rank, mix.decay_rank + mix.rate_rank + mix.value_rank + mix.gate_rank);
    first_v = std::max(first_v, mix.width());
  }
}

int64_t BufferWidths::n_floats(const StepSize& size) const {
  const int64_t per_row = 2 * dim + qkv + mixed + hidden + router + shared + rank;  // 2: what norms and branches give
  return size.n_held * (dim + first_v) + size.n_rows * per_row + size.n_final * dim;
}

int64_t BufferWidths::n_bytes(const StepSize& size) const {
  constexpr auto kFloat = static_cast<int64_t>(sizeof(float));
  constexpr auto kId = static_cast<int64_t>(sizeof(int32_t));
  return n_floats(size) * kFloat + size.n_held * kId + size.n_rows * n_used * (kId + kFloat);
}

}  // namespace ingot::core
