#include "model/mixer/attention.h"

#include <array>

#include "model/fusions.h"

namespace ingot::core {
namespace {

struct Heads {
  TensorView q;  // (rows, n_heads * key_dim)
  TensorView k;  // (rows, n_kv_heads * key_dim)
  TensorView v;  // (rows, n_kv_heads * value_dim)
};

Heads project_heads(Step& step, const AttentionSpec& spec, const LayerWeights& w, TensorView inner) {
  const TensorView qkv = fit(step, step.qkv, spec.query_width() + spec.key_width() + spec.value_width());
  const Heads heads{qkv.col_range(0, spec.query_width()), qkv.col_range(spec.query_width(), spec.key_width()),
                    qkv.col_range(spec.query_width() + spec.key_width(), spec.value_width())};
  if (!fuses_qkv(w.wqkv)) {
    project(step, "qkv_projection", w.wqkv, inner, qkv);
  } else {
    const std::array targets{target(w.wq, heads.q), target(w.wk, heads.k), target(w.wv, heads.v)};
    step.label("qkv_projection");
    step.ops.linear_group(step.rows, inner, targets);
  }
  return heads;
}

void turn(Step& step, const AttentionSpec& spec, TensorView heads) {
  if (spec.rope < 0) return;
  const auto rope_idx = static_cast<size_t>(spec.rope);
  const RopeSpec& rope = step.model.spec().ropes[rope_idx];
  const RopeTable& table = step.model.weights().ropes[rope_idx];
  step.ops.rope({.layout = rope.layout,
                 .head_dim = spec.key_dim,
                 .rotary_dim = rope.rotary_dim,
                 .frequencies = table.frequencies,
                 .magnitude = table.magnitude},
                step.positions, heads);
}

}  // namespace

TensorView attention_mixer(Step& step, int64_t layer_idx, TensorView inner) {
  const AttentionSpec& spec = step.model.spec().layers[static_cast<size_t>(layer_idx)].attention;
  const LayerWeights& w = step.model.weights().layers[static_cast<size_t>(layer_idx)];
  const Heads heads = project_heads(step, spec, w, inner);
  normalize(step, "qk_norm", w.q_norm, heads.q, heads.q);
  normalize(step, "qk_norm", w.k_norm, heads.k, heads.k);
  step.label("rope");
  turn(step, spec, heads.q);
  turn(step, spec, heads.k);

  AttentionParams params{
      .n_heads = spec.n_heads, .scale = spec.scale, .softcap = spec.softcap, .window = spec.window, .sinks = {}};
  const TensorView mixed = fit(step, step.mixed, spec.mixed_width());
  int64_t row = 0;
  for (const SequenceSlice& slice : step.slices) {
    const int64_t n_rows = slice.n_rows();
    const StepRows rows = slice.generated ? StepRows{.n_generated = n_rows} : StepRows{.n_prompt = n_rows};
    const KvView kv = slice.state->layer(layer_idx);
    step.label("kv_cache_write");
    step.ops.write_kv(kv, step.first_position(slice), heads.k.row_range(row, n_rows), heads.v.row_range(row, n_rows));
    step.label("attention");
    params.end_seen = step.model.spec().causal ? 0 : step.first_position(slice) + n_rows;
    step.ops.attention(rows, params, kv, step.first_position(slice), heads.q.row_range(row, n_rows),
                       mixed.row_range(row, n_rows));
    row += n_rows;
  }
  return mixed;
}

}  // namespace ingot::core
