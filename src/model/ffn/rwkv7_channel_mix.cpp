#include "model/ffn/rwkv7_channel_mix.h"

namespace ingot::core {

TensorView shift_channels(Step& step, int64_t layer_idx, TensorView inner) {
  const LayerWeights& w = step.model.weights().layers[static_cast<size_t>(layer_idx)];
  const TensorView shifted = fit(step, step.hidden, inner.cols);
  step.label("token_shift");
  // Behind what the mixer's shift keeps.
  step.ops.token_shift(recurrent_rows(step, layer_idx, inner.cols), inner, w.channel_shift.weight, {&shifted, 1});
  return shifted;
}

void channel_mix(Step& step, int64_t layer_idx, TensorView shifted) {
  const LayerWeights& w = step.model.weights().layers[static_cast<size_t>(layer_idx)];
  const FfnSpec& ffn = step.model.spec().layers[static_cast<size_t>(layer_idx)].ffn;
  // Behind all rows that were shifted; those may be more than the step still has.
  float* behind = step.hidden.data + step.hidden.rows * shifted.cols;
  const TensorView keys = TensorView::matrix(behind, shifted.rows, ffn.ffn_dim);
  step.label("channel_mix");
  step.ops.linear(step.rows, shifted, w.up.matrix,
                  {.bias = w.up.bias, .scale = w.up.scale, .activation = ffn.activation}, keys);
  add_projection(step, "channel_mix", w.down, {.x = keys}, w.ffn_post_norm);
}

}  // namespace ingot::core
