#include "engine/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"
#include "model/fusions.h"

namespace ingot::core {
namespace {

const char* activation_name(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return "linear";
    case Activation::kSilu:
      return "silu";
    case Activation::kGelu:
      return "gelu";
    case Activation::kGeluTanh:
      return "gelu (tanh)";
    case Activation::kRelu:
      return "relu";
    case Activation::kReluSquared:
      return "relu squared";
    case Activation::kTanh:
      return "tanh";
    case Activation::kSigmoid:
      return "sigmoid";
  }
  return "unknown activation";
}

struct NamedLinear {
  const char* name;
  const LinearWeights& weights;
};

// ", biases on q, k, v", or nothing.
std::string describe_biases(std::initializer_list<NamedLinear> projections) {
  std::string names;
  for (const auto& [name, weights] : projections) {
    if (!weights.bias.empty()) names += std::string(names.empty() ? "" : ", ") + name;
  }
  return names.empty() ? "" : ", biases on " + names;
}

// "rms norms before and after": where they stand around the mixer and the feed-forward part.
std::string describe_norms(NormKind kind, const LayerWeights* w) {
  std::string norms = kind == NormKind::kRms ? "rms norms" : "layer norms";
  if (w == nullptr) return norms;
  const bool before = !w->mixer_norm.empty();
  const bool after = !w->mixer_post_norm.empty();
  const bool behind = !w->mixer_out_norm.empty();
  const bool biased =
      !w->mixer_norm.bias.empty() || !w->mixer_post_norm.bias.empty() || !w->mixer_out_norm.bias.empty();
  const char* place = before && after ? " before and after"
                      : before        ? " before"
                      : after         ? " after"
                      : behind        ? " behind the residual"
                                      : "";
  return norms + (biased ? " with biases" : "") + place;
}

std::string describe_attention(const ModelSpec& spec, const AttentionSpec& attention, const LayerWeights* w) {
  std::string text = fmt::format("attention: {} heads of {}, {} of keys and values", attention.n_heads,
                                 attention.key_dim, attention.n_kv_heads);
  if (w != nullptr && !w->q_norm.empty()) {
    const bool by_head = static_cast<int64_t>(w->q_norm.weight.size()) == attention.key_dim;
    text += fmt::format(", q and k normed {}", by_head ? "by head" : "as a whole");
  }
  if (attention.rope >= 0) {
    const RopeSpec& rope = spec.ropes[static_cast<size_t>(attention.rope)];
    text += fmt::format(", rope ({}) on {}, base {}",
                        rope.layout == RopeLayout::kInterleaved ? "interleaved" : "halves", rope.rotary_dim, rope.base);
  } else {
    text += ", no rope";
  }
  if (!spec.causal) text += ", of the whole text";
  if (attention.window > 0) text += fmt::format(", window {}", attention.window);
  if (attention.softcap > 0) text += fmt::format(", cap {}", attention.softcap);
  if (w == nullptr) return text;
  return text + describe_biases({{"q", w->wq}, {"k", w->wk}, {"v", w->wv}, {"q, k, v", w->wqkv}, {"output", w->wo}});
}

std::string describe_time_mix(const TimeMixSpec& mix, const LayerWeights* w) {
  std::string text = fmt::format("time mix (RWKV-7): {} heads of {}, ranks of decay {}, rate {}", mix.n_heads,
                                 mix.head_size, mix.decay_rank, mix.rate_rank);
  if (mix.value_rank > 0) text += fmt::format(", value {}", mix.value_rank);
  text += mix.gate_rank > 0 ? fmt::format(", gate {}", mix.gate_rank) : ", no gate";
  if (w != nullptr && w->time_mix.norm.empty()) text += ", heads not normed";
  return text;
}

std::string describe_ffn(const LayerSpec& layer, const LayerWeights* w) {
  const FfnSpec& ffn = layer.ffn;
  std::string text;
  if (layer.ffn_kind == FfnKind::kMoe) {
    text = fmt::format("experts: {} of {} of {} with {}", ffn.route.n_used, ffn.n_experts, ffn.expert_ffn_dim,
                       activation_name(ffn.activation));
    if (ffn.shared_ffn_dim > 0) text += fmt::format(", shared {}", ffn.shared_ffn_dim);
  } else if (layer.ffn_kind == FfnKind::kRwkv7ChannelMix) {
    text = fmt::format("channel mix: {} with {}", ffn.ffn_dim, activation_name(ffn.activation));
  } else {
    text = fmt::format("feed-forward: {} with {}", ffn.ffn_dim, activation_name(ffn.activation));
  }
  if (w != nullptr) {
    text += describe_biases({{"gate", w->gate}, {"up", w->up}, {"gate, up", w->gate_up}, {"down", w->down}});
  }
  return text;
}

// "in one go: norm, q, k, v, rope, cache write; norm, gate, up, activation; residual with output, down", or nothing.
std::string describe_fusions(const LayerSpec& layer, const LayerWeights& w) {
  std::vector<std::string> fused;
  const auto add_group = [&](std::initializer_list<const char*> names) {
    std::vector<const char*> group;
    for (const char* name : names) {
      if (name != nullptr) group.push_back(name);
    }
    if (group.size() > 1) fused.push_back(fmt::format("{}", fmt::join(group, ", ")));
  };
  const auto if_any = [](bool there, const char* name) { return there ? name : nullptr; };
  if (layer.mixer == MixerKind::kAttention) {
    const bool heads = fuses_heads(layer.attention, w.q_norm, w.k_norm);
    add_group({if_any(fuses_mixer_norm(layer) && !w.mixer_norm.empty(), "norm"), "q", "k", "v",
               if_any(heads && !(w.q_norm.empty() && w.k_norm.empty()), "norms of heads"),
               if_any(heads && layer.attention.rope >= 0, "rope"), if_any(heads, "cache write")});
  }
  if (layer.ffn_kind == FfnKind::kGated) {
    const char* norm = if_any(fuses_ffn_norm(layer) && !w.ffn_norm.empty(), "norm");
    if (fuses_gate_up(w.gate, w.gate_up)) {
      add_group({norm, "gate", "up", "activation", "packing for down"});
    } else if (w.gate_up.empty()) {
      add_group({norm, "up", "activation"});
    } else {
      add_group({norm, "gate", "up"});
    }
  }
  const bool with_output = fuses_residual(w.mixer_post_norm);
  const bool with_down = layer.ffn_kind != FfnKind::kMoe && fuses_residual(w.ffn_post_norm);
  if (with_output || with_down) {
    fused.push_back(fmt::format("residual with {}{}{}", with_output ? "output" : "",
                                with_output && with_down ? ", " : "", with_down ? "down" : ""));
  }
  return fused.empty() ? "" : fmt::format("; in one go: {}", fmt::join(fused, "; "));
}

}  // namespace

std::vector<std::string> describe_plan(const ModelSpec& spec, std::span<const LayerWeights> weights) {
  INGOT_CHECK(weights.empty() || weights.size() == spec.layers.size(), "weights of every layer, or none");
  std::vector<std::string> plan;
  const auto describe_layer = [&](size_t layer_idx) {
    const LayerSpec& layer = spec.layers[layer_idx];
    const LayerWeights* w = weights.empty() ? nullptr : &weights[layer_idx];
    const std::string mixer = layer.mixer == MixerKind::kAttention ? describe_attention(spec, layer.attention, w)
                                                                   : describe_time_mix(layer.time_mix, w);
    return fmt::format("{}; {}; {}{}", describe_norms(spec.norm, w), mixer, describe_ffn(layer, w),
                       w == nullptr ? "" : describe_fusions(layer, *w));
  };
  for (size_t first = 0; first < spec.layers.size();) {
    const std::string text = describe_layer(first);
    size_t end = first + 1;
    while (end < spec.layers.size() && describe_layer(end) == text) ++end;
    plan.push_back(end - first == 1 ? fmt::format("layer {}: {}", first, text)
                                    : fmt::format("layers {}-{}: {}", first, end - 1, text));
    first = end;
  }
  return plan;
}

}  // namespace ingot::core
