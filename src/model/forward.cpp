#include "model/forward.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "model/buffers.h"
#include "model/ffn/gated.h"
#include "model/ffn/moe.h"
#include "model/ffn/rwkv7_channel_mix.h"
#include "model/fusions.h"
#include "model/mixer/attention.h"
#include "model/mixer/rwkv7_time_mix.h"
#include "model/step.h"

namespace ingot::core {
namespace {

struct RowRange {
  int64_t first = 0;  // in the step
  int64_t count = 0;
};

// The rows for which something is wanted, one range for each slice that has some.
struct Wanted {
  std::vector<RowRange> ranges;
  StepRows rows;  // of all ranges
};

StepRows count_rows(std::span<const SequenceSlice> slices) {
  StepRows rows;
  for (const SequenceSlice& slice : slices) {
    INGOT_CHECK(slice.generated || rows.n_generated == 0, "slices of generated tokens come last");
    (slice.generated ? rows.n_generated : rows.n_prompt) += slice.n_rows();
  }
  return rows;
}

Wanted find_wanted(std::span<const SequenceSlice> slices, const ForwardOutputs& outputs) {
  Wanted wanted;
  if (outputs.logits.data == nullptr && outputs.hidden.data == nullptr) return wanted;
  int64_t end = 0;
  for (const SequenceSlice& slice : slices) {
    end += slice.n_rows();
    const int64_t n_new = slice.n_rows() - slice.n_repeated;
    const int64_t count = slice.all_rows ? n_new : std::min<int64_t>(1, n_new);
    if (count == 0) continue;
    wanted.ranges.push_back({end - count, count});
    (slice.generated ? wanted.rows.n_generated : wanted.rows.n_prompt) += count;
  }
  return wanted;
}

// Room in the states; and the positions of all rows.
Status place(const Model& model, std::span<const SequenceSlice> slices, std::vector<int32_t>& out_positions) {
  const bool learned = !model.weights().position_embedding.empty();
  const int64_t n_positions = learned ? model.spec().context_length : std::numeric_limits<int32_t>::max();
  out_positions.clear();
  for (const SequenceSlice& slice : slices) {
    const int64_t first = slice.state->length();
    const int64_t n_rows = slice.n_rows();
    INGOT_CHECK(model.spec().causal || (first == 0 && !slice.generated), "encoders read a text at once");
    if (n_rows > n_positions - first) {
      return invalid("{} tokens after {} exceed the {} positions of this model", n_rows, first, n_positions);
    }
    INGOT_TRY(slice.state->reserve(n_rows));
    for (int64_t row = 0; row < n_rows; ++row) out_positions.push_back(static_cast<int32_t>(first + row));
  }
  return {};
}

// Gives the step its buffers; the final rows go to the caller's matrix where there is one.
Status allocate_buffers(Step& step, StepSize size, const ForwardOutputs& outputs) {
  if (outputs.hidden.data != nullptr) size.n_final = 0;
  const BufferWidths widths(step.model.spec());
  ForwardScratch& scratch = step.scratch;
  INGOT_TRY(scratch.reset(step.ops, widths.n_floats(size)));
  step.x = scratch.take(size.n_held, widths.dim);
  step.inner = scratch.take(size.n_rows, widths.dim);
  step.branch = scratch.take(size.n_rows, widths.dim);
  step.qkv = scratch.take(size.n_rows, widths.qkv);
  step.mixed = scratch.take(size.n_rows, widths.mixed);
  step.hidden = scratch.take(size.n_rows, widths.hidden);
  step.router = scratch.take(size.n_rows, widths.router);
  step.shared = scratch.take(size.n_rows, widths.shared);
  step.rank = scratch.take(size.n_rows, widths.rank);
  step.first_v = scratch.take(size.n_held, widths.first_v);
  step.final = outputs.hidden.data == nullptr ? scratch.take(size.n_final, widths.dim) : outputs.hidden;
  scratch.expert_ids.resize(static_cast<size_t>(size.n_rows * widths.n_used));
  scratch.expert_weights.resize(static_cast<size_t>(size.n_rows * widths.n_used));
  return {};
}

void embed(Step& step) {
  step.label("embedding");
  int64_t row = 0;
  for (const SequenceSlice& slice : step.slices) {
    const TensorView rows = step.x.row_range(row, slice.n_rows());
    row += slice.n_rows();
    if (!slice.tokens.empty()) {
      token_embeddings(step.model, step.ops, slice.tokens, rows);
      continue;
    }
    INGOT_CHECK(slice.embeddings.cols == rows.cols || rows.rows == 0, "embeddings of the model's width");
    for (int64_t n = 0; n < rows.rows; ++n) {
      std::memcpy(rows.row(n), slice.embeddings.row(n), static_cast<size_t>(rows.cols) * sizeof(float));
    }
  }
  const Weights& weights = step.model.weights();
  const auto add_rows = [&](const LinearWeights& table, std::span<const int32_t> ids) {
    if (table.empty()) return;
    const TensorView rows = fit(step, step.inner, step.x.cols);
    step.ops.embed(ids, table.matrix, table.scale, rows);
    step.ops.add(step.x, rows, 1.0f, step.x);
  };
  add_rows(weights.position_embedding, step.positions);
  if (!weights.token_types.empty()) step.scratch.token_types.assign(static_cast<size_t>(step.rows.total()), 0);
  add_rows(weights.token_types, step.scratch.token_types);
  normalize(step, "embedding_norm", weights.embedding_norm, step.x, step.x);
}

// From here on only rows between the first and the last wanted one matter, of the residual stream and of what is about
// to be added to it.
void keep_wanted_rows(Step& step, const Wanted& wanted, TensorView& branch) {
  RowRange kept;
  if (!wanted.ranges.empty()) {
    kept.first = wanted.ranges.front().first;
    kept.count = wanted.ranges.back().first + wanted.ranges.back().count - kept.first;
  }
  const int64_t n_prompt = std::clamp<int64_t>(step.rows.n_prompt - kept.first, 0, kept.count);
  step.rows = {.n_prompt = n_prompt, .n_generated = kept.count - n_prompt};
  step.x = step.x.row_range(kept.first, kept.count);
  branch = branch.row_range(kept.first, kept.count);
}

bool looks_back(const LayerSpec& layer) {
  return layer.ffn_kind == FfnKind::kRwkv7ChannelMix;
}

// wanted: in the last layer, else null.
void feed_forward(Step& step, int64_t layer_idx, const LayerWeights& w, const Wanted* wanted) {
  const LayerSpec& layer = step.model.spec().layers[static_cast<size_t>(layer_idx)];
  if (fuses_ffn_norm(layer)) {
    const LinearInput input = normalized_input(step, "ffn_norm", w.ffn_norm);
    const LinearInput activated =
        gated_ffn(step, {w.gate, w.up, w.gate_up, w.down}, layer.ffn.activation, layer.ffn.ffn_dim, input);
    return add_projection(step, "down_projection", w.down, activated, w.ffn_post_norm);
  }
  const TensorView inner = normalize(step, "ffn_norm", w.ffn_norm, step.x, fit(step, step.inner, step.x.cols));
  if (layer.ffn_kind == FfnKind::kMoe) {
    return add_branch(step, moe_ffn(step, layer.ffn, w, inner), w.ffn_post_norm);
  }
  TensorView shifted = shift_channels(step, layer_idx, inner);
  if (wanted != nullptr) keep_wanted_rows(step, *wanted, shifted);
  channel_mix(step, layer_idx, shifted);
}

// The final norm of the wanted rows, one after another.
void gather_final(Step& step, const Wanted& wanted) {
  const VectorWeights& w = step.model.weights().output_norm;
  int64_t n_gathered = 0;
  for (const RowRange& range : wanted.ranges) {
    const TensorView rows = step.x.row_range(range.first - wanted.ranges.front().first, range.count);
    const TensorView out = step.final.row_range(n_gathered, range.count);
    normalize(step, "output_norm", w, rows, out);
    for (int64_t row = 0; w.empty() && row < range.count; ++row) {
      std::memcpy(out.row(row), rows.row(row), static_cast<size_t>(rows.cols) * sizeof(float));
    }
    n_gathered += range.count;
  }
}

void head(Step& step, const Wanted& wanted, TensorView out_logits) {
  const ModelSpec& spec = step.model.spec();
  const LinearWeights& w = step.model.weights().output;
  step.label("head");
  const TensorView final = step.final.row_range(0, wanted.rows.total());
  step.ops.linear(wanted.rows, final, w.matrix, {.bias = w.bias, .scale = w.scale * spec.logit_scale}, out_logits);
  if (spec.logit_softcap > 0.0f) step.ops.softcap(spec.logit_softcap, out_logits);
}

Status cancelled(Ops& ops) {
  INGOT_TRY(ops.synchronise());
  return fail(ErrorKind::kCancelled, "cancelled");
}

Status finish(const Model& model, Ops& ops, std::span<const SequenceSlice> slices) {
  INGOT_TRY(ops.synchronise());
  if (model.damaged()) return fail(ErrorKind::kIo, "the model's file changed or could not be read while it was in use");
  for (const SequenceSlice& slice : slices) slice.state->advance(slice.n_rows(), slice.generated);
  return {};
}

bool is_set(const std::atomic<bool>* flag) {
  return flag != nullptr && flag->load(std::memory_order_relaxed);
}

TensorView mix(Step& step, int64_t layer_idx, const LayerSpec& layer, const LayerWeights& w) {
  if (fuses_mixer_norm(layer)) {
    return attention_mixer(step, layer_idx, normalized_input(step, "attention_norm", w.mixer_norm));
  }
  const TensorView inner = fit(step, step.inner, step.x.cols);
  return rwkv7_time_mix(step, layer_idx, normalize(step, "attention_norm", w.mixer_norm, step.x, inner));
}

void run_layer(Step& step, int64_t layer_idx, const Wanted& wanted) {
  step.layer = static_cast<int32_t>(layer_idx);
  const LayerSpec& layer = step.model.spec().layers[static_cast<size_t>(layer_idx)];
  const LayerWeights& w = step.model.weights().layers[static_cast<size_t>(layer_idx)];
  TensorView mixed = mix(step, layer_idx, layer, w);
  const bool last = layer_idx == step.model.spec().n_layers() - 1;
  if (last && !looks_back(layer)) keep_wanted_rows(step, wanted, mixed);
  add_projection(step, "output_projection", w.wo, {.x = mixed}, w.mixer_post_norm);
  normalize(step, "attention_norm", w.mixer_out_norm, step.x, step.x);
  feed_forward(step, layer_idx, w, last ? &wanted : nullptr);
  normalize(step, "ffn_norm", w.ffn_out_norm, step.x, step.x);
}

void give_outputs(Step& step, const Wanted& wanted, const ForwardOutputs& outputs) {
  step.layer = -1;
  gather_final(step, wanted);
  if (outputs.logits.data != nullptr) head(step, wanted, outputs.logits);
}

// Rows [first, first + n_rows) of a slice that goes layer by layer.
SequenceSlice part_of(const SequenceSlice& slice, int64_t first, int64_t n_rows) {
  SequenceSlice part = slice;
  if (slice.tokens.empty()) {
    part.embeddings = slice.embeddings.row_range(first, n_rows);
  } else {
    part.tokens = slice.tokens.subspan(static_cast<size_t>(first), static_cast<size_t>(n_rows));
  }
  return part;
}

// Of all outputs, those of these rows: their own where every row has some, else all of them with the last row.
ForwardOutputs part_of(const ForwardOutputs& outputs, const SequenceSlice& slice, int64_t first, int64_t n_rows) {
  if (!slice.all_rows) return first + n_rows == slice.n_rows() ? outputs : ForwardOutputs();
  const auto rows = [&](TensorView all) { return all.data == nullptr ? all : all.row_range(first, n_rows); };
  return {.logits = rows(outputs.logits), .hidden = rows(outputs.hidden)};
}

}  // namespace

Status forward(const Model& model, Ops& ops, std::span<const SequenceSlice> slices, const ForwardOutputs& outputs,
               const std::atomic<bool>* cancel, ForwardScratch* scratch) {
  ForwardScratch own_scratch;
  Step step{.model = model, .ops = ops, .slices = slices, .scratch = scratch ? *scratch : own_scratch};
  step.rows = count_rows(slices);
  const Wanted wanted = find_wanted(slices, outputs);
  INGOT_TRY(place(model, slices, step.scratch.positions));
  step.positions = step.scratch.positions;
  const int64_t n_rows = step.rows.total();
  INGOT_TRY(allocate_buffers(step, {.n_rows = n_rows, .n_held = n_rows, .n_final = wanted.rows.total()}, outputs));

  embed(step);
  for (int64_t layer_idx = 0; layer_idx < model.spec().n_layers(); ++layer_idx) {
    if (is_set(cancel)) return cancelled(ops);
    run_layer(step, layer_idx, wanted);
  }
  give_outputs(step, wanted, outputs);
  return finish(model, ops, slices);
}

Status forward_by_layer(const Model& model, Ops& ops, const SequenceSlice& slice, int64_t n_chunk,
                        const ForwardOutputs& outputs, const std::atomic<bool>* cancel, ForwardScratch* scratch,
                        const std::function<void(int64_t n_done)>& on_layer) {
  INGOT_CHECK(n_chunk > 0 && slice.n_repeated == 0, "chunks of rows, each row once");
  const auto slices = std::span(&slice, 1);
  const int64_t n_rows = slice.n_rows();
  const int64_t grid = slice.state->shape().recurrent_grid;
  const int64_t n_together = std::min((n_chunk + grid - 1) / grid * grid, n_rows);
  ForwardScratch own_scratch;
  Step all{.model = model, .ops = ops, .slices = slices, .scratch = scratch ? *scratch : own_scratch};
  INGOT_TRY(place(model, slices, all.scratch.positions));
  const int64_t n_wanted = find_wanted(slices, outputs).rows.total();
  INGOT_TRY(allocate_buffers(all, {.n_rows = n_together, .n_held = n_rows, .n_final = std::min(n_together, n_wanted)},
                             outputs));

  const int64_t last_layer = model.spec().n_layers() - 1;
  const auto run_chunk = [&](int64_t first, int64_t layer_idx) {
    const int64_t count = std::min(n_together, n_rows - first);
    const SequenceSlice part = part_of(slice, first, count);
    const ForwardOutputs part_outputs = part_of(outputs, slice, first, count);
    const Wanted wanted = find_wanted({&part, 1}, part_outputs);
    Step step = all;
    step.slices = {&part, 1};
    step.rows = count_rows(step.slices);
    step.n_ahead = first;
    step.positions = all.positions.subspan(static_cast<size_t>(first), static_cast<size_t>(count));
    step.x = all.x.row_range(first, count);
    step.first_v = all.first_v.row_range(first, count);
    if (part_outputs.hidden.data != nullptr) step.final = part_outputs.hidden;
    if (layer_idx == 0) embed(step);
    run_layer(step, layer_idx, wanted);
    if (layer_idx == last_layer) give_outputs(step, wanted, part_outputs);
  };
  all.positions = all.scratch.positions;
  for (int64_t layer_idx = 0; layer_idx <= last_layer; ++layer_idx) {
    for (int64_t first = 0; first < n_rows; first += n_together) {
      if (is_set(cancel)) return cancelled(ops);
      run_chunk(first, layer_idx);
    }
    if (on_layer) on_layer(layer_idx + 1);
  }
  return finish(model, ops, slices);
}

void token_embeddings(const Model& model, Ops& ops, std::span<const int32_t> tokens, TensorView out) {
  const LinearWeights& w = model.weights().token_embedding;
  ops.embed(tokens, w.matrix, w.scale * model.spec().embedding_scale, out);
}

}  // namespace ingot::core
