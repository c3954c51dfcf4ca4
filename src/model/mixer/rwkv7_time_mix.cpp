#include "model/mixer/rwkv7_time_mix.h"

#include <array>

#include "model/buffers.h"

namespace ingot::core {
namespace {

// In the order of the file's mixtures.
enum Shifted : uint8_t { kR, kW, kK, kV, kA, kG, kMostShifted };

LinearJob job(const LinearWeights& w, TensorView x, TensorView out, Activation activation = Activation::kNone) {
  LinearJob job{{.x = x}, target(w, out)};
  job.target.epilogue.activation = activation;
  return job;
}

}  // namespace

TensorView rwkv7_time_mix(Step& step, int64_t layer_idx, TensorView inner) {
  const TimeMixSpec& spec = step.model.spec().layers[static_cast<size_t>(layer_idx)].time_mix;
  const TimeMixWeights& w = step.model.weights().layers[static_cast<size_t>(layer_idx)].time_mix;
  const int64_t n_rows = step.rows.total();
  const int64_t width = spec.width();

  std::array<TensorView, kMostShifted> shifted;
  for (int64_t idx = 0; idx < spec.n_shifted; ++idx) {
    shifted[static_cast<size_t>(idx)] =
        TensorView::matrix(step.hidden.data + idx * n_rows * inner.cols, n_rows, inner.cols);
  }
  step.label("token_shift");
  step.ops.token_shift(recurrent_rows(step, layer_idx, 0), inner, w.shift.weight,
                       std::span(shifted).first(static_cast<size_t>(spec.n_shifted)));

  const auto input = [&](int64_t idx) {
    return TensorView::matrix(step.qkv.data + idx * n_rows * width, n_rows, width);
  };
  TimeMixInputs inputs{.r = input(0), .w = input(1), .k = input(2), .v = input(3), .a = input(4)};
  // The first layer's values are what those of the others move to.
  if (layer_idx == 0) inputs.v = fit(step, step.first_v, width);
  step.label("rkv_projection");
  const std::array projections{job(w.receptance, shifted[kR], inputs.r), job(w.key, shifted[kK], inputs.k),
                               job(w.value, shifted[kV], inputs.v)};
  step.ops.linear_each(step.rows, projections);

  // Products in two factors: all first ones together, then all second ones.
  std::array<LinearJob, 4> firsts;
  std::array<LinearJob, 4> seconds;
  size_t n_products = 0;
  float* between = step.rank.data;
  const auto low_rank = [&](const LinearWeights& first, Activation activation, const LinearWeights& second,
                            TensorView x, TensorView out) {
    const TensorView inner_rows = TensorView::matrix(between, n_rows, first.matrix.rows);
    between += n_rows * first.matrix.rows;
    firsts[n_products] = job(first, x, inner_rows, activation);
    seconds[n_products++] = job(second, inner_rows, out);
  };
  low_rank(w.w1, Activation::kTanh, w.w2, shifted[kW], inputs.w);
  low_rank(w.a1, Activation::kNone, w.a2, shifted[kA], inputs.a);
  if (!w.g1.empty()) {
    inputs.g = input(5);
    low_rank(w.g1, Activation::kSigmoid, w.g2, shifted[kG], inputs.g);
  }
  if (layer_idx > 0) {
    inputs.value_mix = input(6);
    inputs.first_v = fit(step, step.first_v, width);
    low_rank(w.v1, Activation::kNone, w.v2, shifted[kV], inputs.value_mix);
  }
  step.label("low_rank");
  step.ops.linear_each(step.rows, std::span(firsts).first(n_products));
  step.ops.linear_each(step.rows, std::span(seconds).first(n_products));

  const RecurrentLayerShape& state = step.model.state_shape()->recurrent[static_cast<size_t>(layer_idx)];
  const TensorView mixed = fit(step, step.mixed, width);
  step.label("time_mix");
  step.ops.time_mix({.n_heads = spec.n_heads,
                     .head_size = spec.head_size,
                     .k_k = w.k_k.weight,
                     .k_a = w.k_a.weight,
                     .r_k = w.r_k.weight,
                     .norm_weight = w.norm.weight,
                     .norm_bias = w.norm.bias,
                     .norm_epsilon = spec.norm_epsilon()},
                    recurrent_rows(step, layer_idx, state.n_shifts * state.dim), inputs, mixed);
  return mixed;
}

}  // namespace ingot::core
