#include "model/ffn/gated.h"

#include "model/fusions.h"

namespace ingot::core {

LinearInput gated_ffn(Step& step, const GatedWeights& w, Activation activation, int64_t ffn_dim,
                      const LinearInput& input) {
  if (w.gate.empty() && w.gate_up.empty()) {
    const TensorView up = fit(step, step.hidden, ffn_dim);
    LinearTarget activated = target(w.up, up);
    activated.epilogue.activation = activation;
    step.label("up_projection");
    step.ops.linear_group(step.rows, input, {&activated, 1});
    return {.x = up};
  }
  if (fuses_gate_up(w.gate, w.gate_up)) {
    // Two buffers of whole rows, one after the other, so that neither is strided.
    const TensorView out = fit(step, step.hidden, ffn_dim);
    const TensorView spare = TensorView::matrix(out.row(out.rows), out.rows, ffn_dim);
    step.label("gate_up_projection");
    return step.ops.gated_linear(step.rows, input,
                                 {.gate = target(w.gate),
                                  .up = target(w.up),
                                  .activation = activation,
                                  .out = out,
                                  .spare = spare,
                                  .next = &w.down.matrix});
  }
  const TensorView both = fit(step, step.hidden, 2 * ffn_dim);
  const TensorView gate = both.col_range(0, ffn_dim);
  const TensorView up = both.col_range(ffn_dim, ffn_dim);
  const LinearTarget joined = target(w.gate_up, both);
  step.label("gate_up_projection");
  step.ops.linear_group(step.rows, input, {&joined, 1});
  step.label("activation");
  step.ops.activate(activation, gate, up, gate);
  return {.x = gate};
}

}  // namespace ingot::core
