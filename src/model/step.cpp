#include "model/step.h"

#include "model/fusions.h"

namespace ingot::core {

Status ForwardScratch::reset(Ops& ops, int64_t n_floats) {
  n_taken_ = 0;
  const auto n_bytes = static_cast<size_t>(n_floats) * sizeof(float);
  if (n_bytes <= buffer_.n_bytes()) return {};
  buffer_ = {};  // before the new one is asked for: never both at once
  INGOT_ASSIGN(buffer_, ops.allocate(n_bytes));
  return {};
}

TensorView ForwardScratch::take(int64_t rows, int64_t cols) {
  const std::span<float> all = buffer_.as<float>();
  const auto first = static_cast<size_t>(n_taken_);
  n_taken_ += rows * cols;
  INGOT_CHECK(static_cast<size_t>(n_taken_) <= all.size(), "scratch that was reserved");
  return TensorView::matrix(all.data() + first, rows, cols);
}

int64_t ForwardScratch::n_bytes() const {
  return static_cast<int64_t>(buffer_.n_bytes() + positions.size() * sizeof(int32_t) +
                              expert_ids.size() * sizeof(int32_t) + expert_weights.size() * sizeof(float));
}

std::span<const RecurrentRows> recurrent_rows(Step& step, int64_t layer_idx, int64_t n_floats) {
  std::vector<RecurrentRows>& sequences = step.scratch.sequences;
  sequences.clear();
  int64_t row = 0;
  for (const SequenceSlice& slice : step.slices) {
    const RecurrentView view = slice.state->recurrent(layer_idx, step.n_ahead > 0, slice.generated).at(n_floats);
    sequences.push_back({.first_row = row,
                         .n_rows = slice.n_rows(),
                         .before = view.before,
                         .after = view.after,
                         .after_grid = view.after_grid});
    row += slice.n_rows();
  }
  return sequences;
}

TensorView fit(const Step& step, TensorView buffer, int64_t n_cols) {
  INGOT_CHECK(step.rows.total() <= buffer.rows && n_cols <= buffer.cols, "a buffer of the step");
  return TensorView::matrix(buffer.data, step.rows.total(), n_cols);
}

void project(Step& step, const char* label, const LinearWeights& w, const LinearInput& x, TensorView out) {
  const LinearTarget to = target(w, out);
  step.label(label);
  step.ops.linear_group(step.rows, x, {&to, 1});
}

std::optional<NormParams> norm_params(const Step& step, const VectorWeights& w) {
  if (w.empty()) return std::nullopt;
  const ModelSpec& spec = step.model.spec();
  return NormParams{.kind = spec.norm,
                    .epsilon = spec.norm_epsilon,
                    .weight = w.weight,
                    .bias = w.bias,
                    .group = static_cast<int64_t>(w.weight.size())};
}

LinearInput normalized_input(Step& step, const char* label, const VectorWeights& w) {
  if (w.empty()) return {.x = step.x};
  return {.x = step.x, .norm = norm_params(step, w), .spare = fit(step, step.inner, step.x.cols), .norm_label = label};
}

TensorView normalize(Step& step, const char* label, const VectorWeights& w, TensorView x, TensorView out) {
  const std::optional<NormParams> params = norm_params(step, w);
  if (!params) return x;
  step.label(label);
  step.ops.norm(*params, x, out);
  return out;
}

void add_projection(Step& step, const char* label, const LinearWeights& w, const LinearInput& inner,
                    const VectorWeights& post_norm) {
  if (fuses_residual(post_norm)) {
    LinearTarget to = target(w, step.x);
    to.epilogue.scale *= step.model.spec().residual_scale;
    to.epilogue.residual = &step.x;
    step.label(label);
    step.ops.linear_group(step.rows, inner, {&to, 1});
    return;
  }
  const TensorView branch = fit(step, step.branch, step.x.cols);
  project(step, label, w, inner, branch);
  add_branch(step, branch, post_norm);
}

void add_branch(Step& step, TensorView branch, const VectorWeights& post_norm) {
  const TensorView normed = normalize(step, "post_norm", post_norm, branch, branch);
  step.label("residual");
  step.ops.add(step.x, normed, step.model.spec().residual_scale, step.x);
}

}  // namespace ingot::core
