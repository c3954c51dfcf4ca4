#include "model/working_set.h"

#include <algorithm>

namespace ingot::core {
namespace {

// Only these differences change what a product asks for.
bool alike(const WeightMatrix& a, const WeightMatrix& b) {
  return a.type == b.type && a.layout == b.layout && a.rows == b.rows && a.cols == b.cols && a.n_slices == b.n_slices;
}

void add_distinct(const LinearWeights& w, std::vector<const WeightMatrix*>& linears) {
  const auto same = [&w](const WeightMatrix* other) { return alike(*other, w.matrix); };
  if (!w.empty() && std::ranges::none_of(linears, same)) linears.push_back(&w.matrix);
}

void add_gated(const LinearWeights& gate, const LinearWeights& up, const LinearWeights& down,
               std::vector<StepShape::Gated>& all) {
  const auto same = [&](const StepShape::Gated& other) {
    return alike(*other.gate, gate.matrix) && alike(*other.up, up.matrix) && alike(*other.next, down.matrix);
  };
  if (!gate.empty() && std::ranges::none_of(all, same)) all.push_back({&gate.matrix, &up.matrix, &down.matrix});
}

}  // namespace

void WorkingSet::add_time_mix(const TimeMixWeights& w) {
  const auto add = [this](std::initializer_list<const LinearWeights*> together) {
    StepShape::Each each{};
    size_t n = 0;
    for (const LinearWeights* linear : together) {
      if (!linear->empty()) each[n++] = &linear->matrix;
    }
    const auto same = [&](const StepShape::Each& other) {
      return std::ranges::equal(each, other, [](const WeightMatrix* a, const WeightMatrix* b) {
        return a == nullptr || b == nullptr ? a == b : alike(*a, *b);
      });
    };
    if (n > 0 && std::ranges::none_of(eachs_, same)) eachs_.push_back(each);
  };
  add({&w.receptance, &w.key, &w.value});
  add({&w.w1, &w.a1, &w.g1, &w.v1});
  add({&w.w2, &w.a2, &w.g2, &w.v2});
}

WorkingSet::WorkingSet(const Model& model) : widths_(model.spec()) {
  const auto n_layers = static_cast<size_t>(model.spec().n_layers());
  const StateShape& state = *model.state_shape();
  for (size_t layer_idx = 0; layer_idx < n_layers; ++layer_idx) {
    const LayerSpec& layer = model.spec().layers[layer_idx];
    const LayerWeights& w = model.weights().layers[layer_idx];
    for (const LinearWeights* linear :
         {&w.wq, &w.wk, &w.wv, &w.wqkv, &w.wo, &w.up, &w.gate_up, &w.router, &w.shared_up, &w.shared_router}) {
      add_distinct(*linear, linears_);
    }
    // Else it reads what gate and up give.
    if (w.gate.empty()) add_distinct(w.down, linears_);
    if (w.shared_gate.empty()) add_distinct(w.shared_down, linears_);
    add_time_mix(w.time_mix);
    time_mix_head_size_ = std::max(time_mix_head_size_, layer.time_mix.head_size);
    add_gated(w.gate, w.up, w.down, gated_);
    add_gated(w.shared_gate, w.shared_up, w.shared_down, gated_);
    if (layer.ffn_kind == FfnKind::kMoe) {
      const ExpertParams params{.gate = &w.gate_experts.matrix,
                                .up = &w.up_experts.matrix,
                                .down = &w.down_experts.matrix,
                                .activation = layer.ffn.activation};
      const auto same = [&](const StepShape::Experts& other) {
        return other.n_used == layer.ffn.route.n_used && alike(*other.params.gate, *params.gate) &&
               alike(*other.params.up, *params.up) && alike(*other.params.down, *params.down);
      };
      if (std::ranges::none_of(experts_, same)) experts_.push_back({params, layer.ffn.route.n_used});
    }
    if (layer.mixer != MixerKind::kAttention) continue;
    if (layer_idx > 0 && layer.attention == model.spec().layers[layer_idx - 1].attention) continue;
    const KvLayerShape& kv = state.layers[layer_idx];
    attentions_.push_back({{.n_heads = layer.attention.n_heads, .window = layer.attention.window},
                           {.dtype = state.kv_dtype,
                            .n_kv_heads = kv.n_kv_heads,
                            .key_dim = kv.key_dim,
                            .value_dim = kv.value_dim,
                            .key_pages = {},
                            .value_pages = {}}});
  }
  add_distinct(model.weights().output, linears_);
}

StepMemory WorkingSet::of(const Ops& ops, const StepSize& size, int64_t first_position) const {
  const OpsMemory backend = ops.memory_for({.eachs = eachs_,
                                            .time_mix_head_size = time_mix_head_size_,
                                            .n_rows = size.n_rows,
                                            .first_position = first_position,
                                            .linears = linears_,
                                            .gated = gated_,
                                            .attentions = attentions_,
                                            .experts = experts_});
  return {.activations = widths_.n_bytes(size),
          .attention_scratch = backend.attention_scratch,
          .kernel_scratch = backend.other_scratch};
}

}  // namespace ingot::core
