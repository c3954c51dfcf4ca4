#include "model/forward.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "model/ffn/gated.h"
#include "model/ffn/moe.h"
#include "model/mixer/attention.h"
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
    const int64_t count = slice.all_rows ? slice.n_rows() : std::min<int64_t>(1, slice.n_rows());
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
    if (n_rows > n_positions - first) {
      return invalid("{} tokens after {} exceed the {} positions of this model", n_rows, first, n_positions);
    }
    INGOT_TRY(slice.state->reserve(n_rows));
    for (int64_t row = 0; row < n_rows; ++row) out_positions.push_back(static_cast<int32_t>(first + row));
  }
  return {};
}

// Gives the step its buffers; the final rows go to the caller's matrix where there is one.
Status allocate_buffers(Step& step, const Wanted& wanted, TensorView hidden_output) {
  const ModelSpec& spec = step.model.spec();
  int64_t qkv = 0, mixed = 0, hidden = 0, experts = 0, used = 0, shared = 0;
  for (const LayerSpec& layer : spec.layers) {
    const AttentionSpec& attention = layer.attention;
    qkv = std::max(qkv, attention.query_width() + attention.key_width() + attention.value_width());
    mixed = std::max(mixed, attention.mixed_width());
    hidden = std::max({hidden, 2 * layer.ffn.ffn_dim, 2 * layer.ffn.shared_ffn_dim});
    experts = std::max(experts, layer.ffn.n_experts);
    used = std::max(used, layer.ffn.route.n_used);
    if (layer.ffn.shared_ffn_dim > 0) shared = spec.dim;
  }
  const int64_t n_rows = step.rows.total();
  const int64_t n_final = hidden_output.data == nullptr ? wanted.rows.total() : 0;
  INGOT_TRY(step.scratch.reset(step.ops,
                               n_rows * (3 * spec.dim + qkv + mixed + hidden + experts + shared) + n_final * spec.dim));
  step.x = step.scratch.take(n_rows, spec.dim);
  step.inner = step.scratch.take(n_rows, spec.dim);
  step.branch = step.scratch.take(n_rows, spec.dim);
  step.qkv = step.scratch.take(n_rows, qkv);
  step.mixed = step.scratch.take(n_rows, mixed);
  step.hidden = step.scratch.take(n_rows, hidden);
  step.router = step.scratch.take(n_rows, experts);
  step.shared = step.scratch.take(n_rows, shared);
  step.final = hidden_output.data == nullptr ? step.scratch.take(n_final, spec.dim) : hidden_output;
  step.scratch.expert_ids.resize(static_cast<size_t>(n_rows * used));
  step.scratch.expert_weights.resize(static_cast<size_t>(n_rows * used));
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
  const LinearWeights& positions = step.model.weights().position_embedding;
  if (positions.empty()) return;
  step.ops.embed(step.scratch.positions, positions.matrix, positions.scale, step.inner);
  step.ops.add(step.x, step.inner, 1.0f, step.x);
}

// From here on only rows between the first and the last wanted one matter.
void keep_wanted_rows(Step& step, const Wanted& wanted, TensorView& mixed) {
  RowRange kept;
  if (!wanted.ranges.empty()) {
    kept.first = wanted.ranges.front().first;
    kept.count = wanted.ranges.back().first + wanted.ranges.back().count - kept.first;
  }
  const int64_t n_prompt = std::clamp<int64_t>(step.rows.n_prompt - kept.first, 0, kept.count);
  step.rows = {.n_prompt = n_prompt, .n_generated = kept.count - n_prompt};
  step.x = step.x.row_range(kept.first, kept.count);
  mixed = mixed.row_range(kept.first, kept.count);
}

void feed_forward(Step& step, const LayerSpec& layer, const LayerWeights& w) {
  const TensorView inner = normalize(step, "ffn_norm", w.ffn_norm, step.x, fit(step, step.inner, step.x.cols));
  if (layer.ffn_kind == FfnKind::kMoe) {
    add_branch(step, moe_ffn(step, layer.ffn, w, inner), w.ffn_post_norm);
    return;
  }
  const TensorView activated =
      gated_ffn(step, {w.gate, w.up, w.gate_up}, layer.ffn.activation, layer.ffn.ffn_dim, inner);
  add_projection(step, "down_projection", w.down, activated, w.ffn_post_norm);
}

// The final norm of the wanted rows, one after another.
void gather_final(Step& step, const Wanted& wanted) {
  const VectorWeights& w = step.model.weights().output_norm;
  int64_t n_gathered = 0;
  for (const RowRange& range : wanted.ranges) {
    normalize(step, "output_norm", w, step.x.row_range(range.first - wanted.ranges.front().first, range.count),
              step.final.row_range(n_gathered, range.count));
    n_gathered += range.count;
  }
}

void head(Step& step, const Wanted& wanted, TensorView out_logits) {
  const ModelSpec& spec = step.model.spec();
  const LinearWeights& w = step.model.weights().output;
  step.label("head");
  step.ops.linear(wanted.rows, step.final, w.matrix, {.bias = w.bias, .scale = w.scale * spec.logit_scale}, out_logits);
  if (spec.logit_softcap > 0.0f) step.ops.softcap(spec.logit_softcap, out_logits);
}

Status cancelled(Ops& ops) {
  INGOT_TRY(ops.synchronise());
  return fail(ErrorKind::kCancelled, "cancelled");
}

}  // namespace

Status forward(const Model& model, Ops& ops, std::span<const SequenceSlice> slices, const ForwardOutputs& outputs,
               const std::atomic<bool>* cancel, ForwardScratch* scratch) {
  ForwardScratch own_scratch;
  Step step{.model = model, .ops = ops, .slices = slices, .scratch = scratch ? *scratch : own_scratch};
  step.rows = count_rows(slices);
  const Wanted wanted = find_wanted(slices, outputs);
  INGOT_TRY(place(model, slices, step.scratch.positions));
  INGOT_TRY(allocate_buffers(step, wanted, outputs.hidden));

  embed(step);
  const int64_t last_layer = model.spec().n_layers() - 1;
  for (int64_t layer_idx = 0; layer_idx <= last_layer; ++layer_idx) {
    if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) return cancelled(ops);
    step.layer = static_cast<int32_t>(layer_idx);
    const LayerSpec& layer = model.spec().layers[static_cast<size_t>(layer_idx)];
    const LayerWeights& w = model.weights().layers[static_cast<size_t>(layer_idx)];
    TensorView mixed =
        attention_mixer(step, layer_idx, normalize(step, "attention_norm", w.mixer_norm, step.x, step.inner));
    if (layer_idx == last_layer) keep_wanted_rows(step, wanted, mixed);
    add_projection(step, "output_projection", w.wo, mixed, w.mixer_post_norm);
    feed_forward(step, layer, w);
  }
  step.layer = -1;
  gather_final(step, wanted);
  if (outputs.logits.data != nullptr) head(step, wanted, outputs.logits);

  INGOT_TRY(ops.synchronise());
  if (model.damaged()) return fail(ErrorKind::kIo, "the model's file changed or could not be read while it was in use");
  for (const SequenceSlice& slice : slices) slice.state->advance(slice.n_rows());
  return {};
}

void token_embeddings(const Model& model, Ops& ops, std::span<const int32_t> tokens, TensorView out) {
  const LinearWeights& w = model.weights().token_embedding;
  ops.embed(tokens, w.matrix, w.scale * model.spec().embedding_scale, out);
}

}  // namespace ingot::core
