#include "model/ffn/moe.h"

#include "model/ffn/gated.h"

namespace ingot::core {
namespace {

const LinearWeights kNone;

// sum += sigmoid(shared_router x) * shared expert(x)
void add_shared_expert(Step& step, const FfnSpec& spec, const LayerWeights& w, TensorView inner, TensorView sum) {
  const LinearInput activated =
      gated_ffn(step, {.gate = w.shared_gate, .up = w.shared_up, .gate_up = kNone, .down = w.shared_down},
                spec.activation, spec.shared_ffn_dim, {.x = inner});
  const TensorView shared = fit(step, step.shared, sum.cols);
  project(step, "shared_expert_down", w.shared_down, activated, shared);
  const TensorView gate = fit(step, step.router, 1);
  project(step, "shared_expert_gate", w.shared_router, {.x = inner}, gate);
  step.label("shared_expert_gate");
  step.ops.scale_rows_by_sigmoid(gate, shared);
  step.label("residual");
  step.ops.add(sum, shared, 1.0f, sum);
}

}  // namespace

TensorView moe_ffn(Step& step, const FfnSpec& spec, const LayerWeights& w, TensorView inner) {
  const TensorView logits = fit(step, step.router, spec.n_experts);
  project(step, "router", w.router, {.x = inner}, logits);
  const auto n_choices = static_cast<size_t>(step.rows.total() * spec.route.n_used);
  const auto ids = std::span(step.scratch.expert_ids).first(n_choices);
  const auto weights = std::span(step.scratch.expert_weights).first(n_choices);
  step.ops.route(spec.route, logits, ids, weights);

  const TensorView sum = fit(step, step.branch, step.x.cols);
  const ExpertParams params{.gate = &w.gate_experts.matrix,
                            .up = &w.up_experts.matrix,
                            .down = &w.down_experts.matrix,
                            .activation = spec.activation};
  step.label("experts");
  step.ops.experts(step.rows, params, ids, weights, spec.route.n_used, inner, sum);
  if (!w.shared_down.empty()) add_shared_expert(step, spec, w, inner, sum);
  return sum;
}

}  // namespace ingot::core
