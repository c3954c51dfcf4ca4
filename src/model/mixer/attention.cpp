#include "model/mixer/attention.h"

#include <array>

#include "model/fusions.h"

namespace ingot::core {
namespace {

// Where the products of Q, K and V go; the last places stay free where a file has them joined.
std::span<const LinearTarget> head_targets(const LayerWeights& w, const HeadParams& params, TensorView heads,
                                           std::array<LinearTarget, 3>& room) {
  if (!fuses_qkv(w.wqkv)) {
    room[0] = target(w.wqkv, heads);
    return std::span(room).first(1);
  }
  room = {target(w.wq, params.queries(heads)), target(w.wk, params.keys(heads)), target(w.wv, params.values(heads))};
  return room;
}

std::optional<RopeParams> rope_params(const Step& step, const AttentionSpec& spec) {
  if (spec.rope < 0) return std::nullopt;
  const auto rope_idx = static_cast<size_t>(spec.rope);
  const RopeSpec& rope = step.model.spec().ropes[rope_idx];
  const RopeTable& table = step.model.weights().ropes[rope_idx];
  return RopeParams{.layout = rope.layout,
                    .head_dim = spec.key_dim,
                    .rotary_dim = rope.rotary_dim,
                    .frequencies = table.frequencies,
                    .magnitude = table.magnitude};
}

// The caches of the step's sequences in one layer. Valid until the next call.
std::span<const KvRows> cache_rows(Step& step, int64_t layer_idx) {
  std::vector<KvRows>& sequences = step.scratch.kv_rows;
  sequences.clear();
  int64_t row = 0;
  for (const SequenceSlice& slice : step.slices) {
    sequences.push_back({.first_row = row,
                         .n_rows = slice.n_rows(),
                         .first_position = step.first_position(slice),
                         .kv = slice.state->layer(layer_idx)});
    row += slice.n_rows();
  }
  return sequences;
}

// What Ops::project_heads does, where norms go over heads together.
void project_in_parts(Step& step, const LinearInput& input, std::span<const LinearTarget> targets,
                      const LayerWeights& w, const HeadParams& params, TensorView heads) {
  const TensorView q = params.queries(heads);
  const TensorView k = params.keys(heads);
  const TensorView v = params.values(heads);
  step.ops.linear_group(step.rows, input, targets);
  normalize(step, "qk_norm", w.q_norm, q, q);
  normalize(step, "qk_norm", w.k_norm, k, k);
  step.label("rope");
  if (params.rope) step.ops.rope(*params.rope, params.positions, q);
  if (params.rope) step.ops.rope(*params.rope, params.positions, k);
  step.label("kv_cache_write");
  for (const KvRows& rows : params.sequences) {
    step.ops.write_kv(rows.kv, rows.first_position, k.row_range(rows.first_row, rows.n_rows),
                      v.row_range(rows.first_row, rows.n_rows));
  }
}

}  // namespace

TensorView attention_mixer(Step& step, int64_t layer_idx, const LinearInput& input) {
  const AttentionSpec& spec = step.model.spec().layers[static_cast<size_t>(layer_idx)].attention;
  const LayerWeights& w = step.model.weights().layers[static_cast<size_t>(layer_idx)];
  const TensorView heads = fit(step, step.qkv, spec.query_width() + spec.key_width() + spec.value_width());
  const bool fused = fuses_heads(spec, w.q_norm, w.k_norm);
  const HeadParams params{.n_heads = spec.n_heads,
                          .n_kv_heads = spec.n_kv_heads,
                          .key_dim = spec.key_dim,
                          .value_dim = spec.value_dim,
                          .q_norm = fused ? norm_params(step, w.q_norm) : std::nullopt,
                          .k_norm = fused ? norm_params(step, w.k_norm) : std::nullopt,
                          .rope = rope_params(step, spec),
                          .positions = step.positions,
                          .sequences = cache_rows(step, layer_idx)};
  std::array<LinearTarget, 3> room;
  const std::span<const LinearTarget> targets = head_targets(w, params, heads, room);
  step.label("qkv_projection");
  if (fused) {
    step.ops.project_heads(step.rows, input, targets, params, heads);
  } else {
    project_in_parts(step, input, targets, w, params, heads);
  }

  AttentionParams seen{
      .n_heads = spec.n_heads, .scale = spec.scale, .softcap = spec.softcap, .window = spec.window, .sinks = {}};
  const TensorView mixed = fit(step, step.mixed, spec.mixed_width());
  step.label("attention");
  for (size_t n = 0; n < step.slices.size(); ++n) {
    const KvRows& of = params.sequences[n];
    const StepRows rows =
        step.slices[n].generated ? StepRows{.n_generated = of.n_rows} : StepRows{.n_prompt = of.n_rows};
    seen.end_seen = step.model.spec().causal ? 0 : of.first_position + of.n_rows;
    step.ops.attention(rows, seen, of.kv, of.first_position, params.queries(heads).row_range(of.first_row, of.n_rows),
                       mixed.row_range(of.first_row, of.n_rows));
  }
  return mixed;
}

}  // namespace ingot::core
