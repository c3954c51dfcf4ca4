// read_model_spec: the file's metadata and the architecture's own data become a ModelSpec. Every value is bounded here,
// so that the rest of the engine can trust products of them; whether they fit the tensors is checked by the loader.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "model/arch/registry.h"
#include "model/metadata_keys.h"
#include "model/model.h"

namespace ingot::core {
namespace {

// Far above any model, and small enough that a product of three of them fits int64.
constexpr IntRange kContextRange{1, int64_t{1} << 28};
constexpr IntRange kDimRange{1, int64_t{1} << 20};
constexpr IntRange kFfnRange{1, int64_t{1} << 24};
constexpr IntRange kHeadCountRange{1, int64_t{1} << 14};
constexpr IntRange kHeadDimRange{1, int64_t{1} << 12};
constexpr IntRange kExpertRange{0, int64_t{1} << 12};
constexpr int64_t kMaxExpertsUsed = 128;  // choosing them takes its square in time
constexpr IntRange kWindowRange{0, std::numeric_limits<uint32_t>::max()};
constexpr int64_t kMaxLayers = int64_t{1} << 14;
constexpr FloatRange kPositive{1e-30, 1e30};
constexpr FloatRange kEpsilonRange{1e-30, 1.0};
constexpr FloatRange kSoftcapRange{0.0, 1e30};
constexpr FloatRange kBaseRange{1.0 + 1e-6, 1e30};

Result<int64_t> read_n_vocab(const GgufFile& file) {
  const GgufTensor* embedding = file.find_tensor("token_embd.weight");
  if (embedding == nullptr) {
    if (file.tensors().empty()) return invalid("the file holds a vocabulary but no weights: it cannot be run");
    return invalid("the tensor token_embd.weight is missing");
  }
  const int64_t n_rows = embedding->dims[1];
  const GgufValue* tokens = file.metadata().find("tokenizer.ggml.tokens");
  if (tokens == nullptr) return n_rows;
  const auto* list = std::get_if<std::vector<std::string>>(&tokens->value);
  if (list == nullptr) {
    return invalid("tokenizer.ggml.tokens is of type {}; expected an array of strings", gguf_type_name(tokens->type));
  }
  if (static_cast<int64_t>(list->size()) != n_rows) {
    return invalid("token_embd.weight has {} rows, but tokenizer.ggml.tokens has {} entries", n_rows, list->size());
  }
  return n_rows;
}

// What would change the meaning of the weights and is not done here must not be passed over.
Status refuse_unsupported(const MetadataKeys& keys, const Architecture& architecture) {
  INGOT_ASSIGN(const bool causal, keys.bool_or("attention.causal", architecture.causal));
  if (causal != architecture.causal) {
    return fail(ErrorKind::kUnsupported, "{} is {}; of this architecture ingot knows the other kind",
                keys.full_name("attention.causal"), causal);
  }
  for (const char* key : {"attention.clamp_kqv", "attention.max_alibi_bias"}) {
    INGOT_ASSIGN(const double value, keys.float_or(key, 0.0, {-1e30, 1e30}));
    if (value != 0.0)
      return fail(ErrorKind::kUnsupported, "{} is {}; ingot does not do this", keys.full_name(key), value);
  }
  constexpr int64_t kSoftmaxGate = 1;  // GGUF's id; 2 is the sigmoid of DeepSeek
  INGOT_ASSIGN(const int64_t gate, keys.int_or("expert_gating_func", kSoftmaxGate, {0, 1 << 16}));
  if (gate > kSoftmaxGate) {
    return fail(ErrorKind::kUnsupported, "{} is {}; ingot does softmax only (1)", keys.full_name("expert_gating_func"),
                gate);
  }
  INGOT_ASSIGN(const int64_t n_groups, keys.int_or("expert_group_count", 0, {0, 1 << 16}));
  if (n_groups > 1) {
    return fail(ErrorKind::kUnsupported, "{} is {}; ingot does not choose experts by groups",
                keys.full_name("expert_group_count"), n_groups);
  }
  return {};
}

// (n_layers): the window of each layer, 0 = sees everything.
Result<std::vector<int64_t>> read_windows(const MetadataKeys& keys, const WindowRule& rule, int64_t n_layers) {
  INGOT_ASSIGN(const int64_t window, keys.int_or("attention.sliding_window", rule.default_window, kWindowRange));
  std::vector<int64_t> windows(static_cast<size_t>(n_layers), window);
  if (window == 0) return windows;

  // The key is either a period or one flag a layer.
  constexpr const char* kPatternKey = "attention.sliding_window_pattern";
  if (keys.is_array(kPatternKey)) {
    INGOT_ASSIGN(const std::vector<bool> windowed, keys.required_flags(kPatternKey, n_layers));
    for (size_t layer_idx = 0; layer_idx < windows.size(); ++layer_idx) {
      if (!windowed[layer_idx]) windows[layer_idx] = 0;
    }
    return windows;
  }
  INGOT_ASSIGN(const int64_t period, keys.int_or(kPatternKey, rule.period, {0, kMaxLayers}));
  for (int64_t last = period - 1; period > 0 && last < n_layers; last += period) windows[static_cast<size_t>(last)] = 0;
  return windows;
}

Result<RopeScaling> read_scaling(const MetadataKeys& keys) {
  const std::string name = keys.full_name("rope.scaling.type");
  // Files before the type was written give a factor alone, which then means linear.
  INGOT_ASSIGN(const std::string type, keys.string_or("rope.scaling.type", "linear"));
  if (type == "none") return RopeScaling::kNone;
  if (type == "linear") return RopeScaling::kLinear;
  if (type == "yarn") return RopeScaling::kYarn;
  if (type == "longrope") return RopeScaling::kLongRope;
  return invalid("{} is \"{}\"; expected none, linear, yarn or longrope", name, type);
}

Result<RopeSpec> read_rope(const MetadataKeys& keys, RopeLayout layout, int64_t key_dim, int64_t context_length) {
  RopeSpec rope{.layout = layout, .use_factor_tensors = true};
  INGOT_ASSIGN(rope.rotary_dim, keys.int_or("rope.dimension_count", key_dim, {2, key_dim}));
  if (rope.rotary_dim % 2 != 0) {
    return invalid("{} is {}; expected an even number", keys.full_name("rope.dimension_count"), rope.rotary_dim);
  }
  INGOT_ASSIGN(rope.base, keys.float_or("rope.freq_base", rope.base, kBaseRange));
  INGOT_ASSIGN(rope.scaling, read_scaling(keys));
  const char* factor_key = keys.has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
  INGOT_ASSIGN(rope.factor, keys.float_or(factor_key, 1.0, {0.0, 1e9}));
  if (rope.factor == 0.0) rope.factor = 1.0;  // converters write 0 for "no scaling"
  INGOT_ASSIGN(rope.original_context,
               keys.int_or("rope.scaling.original_context_length", context_length, kContextRange));
  INGOT_ASSIGN(rope.attention_factor, keys.float_or("rope.scaling.attn_factor", 1.0, kPositive));
  if (rope.scaling != RopeScaling::kYarn) return rope;
  INGOT_ASSIGN(rope.yarn_magnitude, keys.float_or("rope.scaling.yarn_attn_factor", 0.0, kPositive));
  INGOT_ASSIGN(rope.yarn_beta_fast, keys.float_or("rope.scaling.yarn_beta_fast", rope.yarn_beta_fast, kPositive));
  INGOT_ASSIGN(rope.yarn_beta_slow, keys.float_or("rope.scaling.yarn_beta_slow", rope.yarn_beta_slow, kPositive));
  INGOT_ASSIGN(rope.yarn_extrapolation,
               keys.float_or("rope.scaling.yarn_ext_factor", rope.yarn_extrapolation, {0.0, 1.0}));
  return rope;
}

// Appends the rope of layers with a window, if it differs from that of the others. Returns its index.
Result<int> read_local_rope(const MetadataKeys& keys, const LocalRope& rule, std::vector<RopeSpec>& ropes) {
  const RopeSpec& global = ropes.front();
  const double default_base = rule.default_base > 0.0 ? rule.default_base : global.base;
  INGOT_ASSIGN(const double base, keys.float_or("rope.freq_base_swa", default_base, kBaseRange));
  if (base == global.base && rule.scaled) return 0;
  RopeSpec local = global;
  local.base = base;
  if (!rule.scaled) {
    local = {.layout = global.layout, .rotary_dim = global.rotary_dim, .base = base};
  }
  ropes.push_back(local);
  return 1;
}

Status read_attention(const MetadataKeys& keys, const Architecture& architecture, ModelSpec& spec) {
  const int64_t n_layers = spec.n_layers();
  INGOT_ASSIGN(const auto n_heads, keys.ints_per_layer("attention.head_count", n_layers, {}, kHeadCountRange));
  INGOT_ASSIGN(const auto n_kv_heads,
               keys.ints_per_layer("attention.head_count_kv", n_layers, n_heads, kHeadCountRange));
  if (!keys.has("attention.key_length") && spec.dim % n_heads[0] != 0) {
    return invalid("{} is {}, not a multiple of {}, which is {}; expected that, or the key {}",
                   keys.full_name("embedding_length"), spec.dim, keys.full_name("attention.head_count"), n_heads[0],
                   keys.full_name("attention.key_length"));
  }
  INGOT_ASSIGN(const int64_t key_dim, keys.int_or("attention.key_length", spec.dim / n_heads[0], kHeadDimRange));
  INGOT_ASSIGN(const int64_t value_dim, keys.int_or("attention.value_length", spec.dim / n_heads[0], kHeadDimRange));
  INGOT_ASSIGN(const double scale,
               keys.float_or("attention.scale", 1.0 / std::sqrt(static_cast<double>(key_dim)), kPositive));
  INGOT_ASSIGN(const double softcap,
               keys.float_or("attn_logit_softcapping", architecture.default_attention_softcap, kSoftcapRange));
  INGOT_ASSIGN(const auto windows, read_windows(keys, architecture.window, n_layers));

  int global_rope = -1;
  int local_rope = -1;
  bool has_rope = architecture.rope.has_value();
  if (has_rope && !architecture.rope_switch.empty()) {
    INGOT_ASSIGN(has_rope, keys.bool_or(architecture.rope_switch, true));
  }
  if (has_rope) {
    INGOT_ASSIGN(RopeSpec rope, read_rope(keys, *architecture.rope, key_dim, spec.context_length));
    spec.ropes.push_back(rope);
    global_rope = 0;
    INGOT_ASSIGN(local_rope, read_local_rope(keys, architecture.local_rope, spec.ropes));
  }
  for (size_t layer_idx = 0; layer_idx < spec.layers.size(); ++layer_idx) {
    if (n_heads[layer_idx] % n_kv_heads[layer_idx] != 0) {
      return invalid("{} is {}; expected a divisor of {}, which is {}", keys.full_name("attention.head_count_kv"),
                     n_kv_heads[layer_idx], keys.full_name("attention.head_count"), n_heads[layer_idx]);
    }
    spec.layers[layer_idx].attention = {
        .n_heads = n_heads[layer_idx],
        .n_kv_heads = n_kv_heads[layer_idx],
        .key_dim = key_dim,
        .value_dim = value_dim,
        .scale = static_cast<float>(scale),
        .softcap = static_cast<float>(softcap),
        .window = windows[layer_idx],
        .rope = windows[layer_idx] > 0 ? local_rope : global_rope,
    };
  }
  return {};
}

// (rows, all that follows) of a layer's matrix, 0 where there is none: the factors of RWKV-7's products have sizes that
// no key tells reliably.
int64_t rows_of(const GgufFile& file, size_t layer_idx, std::string_view name) {
  const GgufTensor* tensor = file.find_tensor(fmt::format("blk.{}.{}.weight", layer_idx, name));
  return tensor == nullptr ? 0 : tensor->dims[1] * tensor->dims[2] * tensor->dims[3];
}

Status read_time_mix(const MetadataKeys& keys, const GgufFile& file, ModelSpec& spec) {
  constexpr int64_t kMostHeadSize = 256;
  constexpr int64_t kWholeVectors = 16;
  INGOT_ASSIGN(const int64_t head_size, keys.required_int("wkv.head_size", kHeadDimRange));
  if (head_size % kWholeVectors != 0 || head_size > kMostHeadSize || spec.dim % head_size != 0) {
    return fail(ErrorKind::kUnsupported,
                "{} is {}; expected a divisor of {}, which is {}, and a multiple of {} up to {}",
                keys.full_name("wkv.head_size"), head_size, keys.full_name("embedding_length"), spec.dim, kWholeVectors,
                kMostHeadSize);
  }
  for (size_t layer_idx = 0; layer_idx < spec.layers.size(); ++layer_idx) {
    const auto rank = [&](std::string_view name) { return rows_of(file, layer_idx, name); };
    spec.layers[layer_idx].mixer = MixerKind::kRwkv7TimeMix;
    spec.layers[layer_idx].time_mix = {
        .n_heads = spec.dim / head_size,
        .head_size = head_size,
        // Without a gate its input is missing too.
        .n_shifted = rank("time_mix_lerp_fused") == 5 ? 5 : 6,
        .decay_rank = rank("time_mix_w1"),
        .rate_rank = rank("time_mix_a1"),
        .value_rank = layer_idx == 0 ? 0 : rank("time_mix_v1"),
        .gate_rank = rank("time_mix_g1"),
    };
    const TimeMixSpec& mix = spec.layers[layer_idx].time_mix;
    if ((mix.n_shifted == 6) != (mix.gate_rank > 0)) {
      return invalid("blk.{}.time_mix_lerp_fused.weight has {} rows, but the tensor blk.{}.time_mix_g1.weight is {}",
                     layer_idx, mix.n_shifted, layer_idx, mix.gate_rank > 0 ? "there too" : "missing");
    }
  }
  return {};
}

Status read_dense_ffn(const MetadataKeys& keys, ModelSpec& spec) {
  INGOT_ASSIGN(const auto ffn_dims, keys.ints_per_layer("feed_forward_length", spec.n_layers(), {}, kFfnRange));
  for (size_t layer_idx = 0; layer_idx < spec.layers.size(); ++layer_idx) {
    spec.layers[layer_idx].ffn.ffn_dim = ffn_dims[layer_idx];
  }
  return {};
}

bool has_shared_expert(const Architecture& architecture) {
  const auto is_shared = [](const TensorRow& row) { return row.rows == Dim::kSharedFfn; };
  return std::ranges::any_of(architecture.moe_ffn, [&](auto group) { return std::ranges::any_of(group, is_shared); });
}

Status read_experts(const MetadataKeys& keys, const Architecture& architecture, int64_t n_experts, ModelSpec& spec) {
  FfnSpec ffn;
  ffn.n_experts = n_experts;
  INGOT_ASSIGN(ffn.route.n_used, keys.required_int("expert_used_count", {1, std::min(n_experts, kMaxExpertsUsed)}));
  INGOT_ASSIGN(ffn.route.normalize, keys.bool_or("expert_weights_norm", architecture.normalize_expert_weights));
  INGOT_ASSIGN(const double scale, keys.float_or("expert_weights_scale", 1.0, {0.0, 1e9}));
  ffn.route.scale = scale == 0.0 ? 1.0f : static_cast<float>(scale);  // converters write 0 for "none"
  // Mixtral gives the experts' size as that of the feed-forward part.
  const char* size_key = keys.has("expert_feed_forward_length") ? "expert_feed_forward_length" : "feed_forward_length";
  INGOT_ASSIGN(ffn.expert_ffn_dim, keys.required_int(size_key, kFfnRange));
  if (has_shared_expert(architecture)) {
    const char* shared_key = "expert_shared_feed_forward_length";
    if (!keys.has(shared_key)) shared_key = "feed_forward_length";
    INGOT_ASSIGN(ffn.shared_ffn_dim, keys.required_int(shared_key, kFfnRange));
  }
  for (LayerSpec& layer : spec.layers) {
    layer.ffn_kind = FfnKind::kMoe;
    layer.ffn = ffn;
  }
  return {};
}

Status read_ffn(const MetadataKeys& keys, const Architecture& architecture, ModelSpec& spec) {
  INGOT_ASSIGN(const int64_t n_experts, keys.int_or("expert_count", 0, kExpertRange));
  const std::string name = keys.full_name("expert_count");
  if (n_experts == 0 && architecture.dense_ffn[0].empty())
    return invalid("{} is 0 or missing; expected at least 1", name);
  if (n_experts > 0 && architecture.moe_ffn[0].empty()) {
    return fail(ErrorKind::kUnsupported, "{} is {}; {} has no experts here", name, n_experts, architecture.name);
  }
  if (n_experts == 0) INGOT_TRY(read_dense_ffn(keys, spec));
  if (n_experts > 0) INGOT_TRY(read_experts(keys, architecture, n_experts, spec));
  for (LayerSpec& layer : spec.layers) {
    layer.ffn.activation = architecture.activation;
    if (n_experts == 0) layer.ffn_kind = architecture.dense_ffn_kind;
  }
  return {};
}

Result<size_t> read_n_layers(const MetadataKeys& keys, const GgufFile& file) {
  INGOT_ASSIGN(const int64_t n_layers, keys.required_int("block_count", {1, kMaxLayers}));
  // Each layer has tensors, so their number bounds what is allocated for layers.
  const auto n_tensors = static_cast<int64_t>(file.tensors().size());
  if (n_layers > n_tensors) {
    return invalid("{} is {}, but the file has only {} tensors", keys.full_name("block_count"), n_layers, n_tensors);
  }
  return static_cast<size_t>(n_layers);
}

Status read_scales(const MetadataKeys& keys, const Architecture& architecture, ModelSpec& spec) {
  const bool rms = architecture.norm == NormKind::kRms;
  const char* epsilon_key = rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
  INGOT_ASSIGN(const double epsilon, keys.required_float(epsilon_key, kEpsilonRange));
  const double default_scale =
      architecture.scale_embedding_by_sqrt_dim ? std::sqrt(static_cast<double>(spec.dim)) : 1.0;
  INGOT_ASSIGN(const double embedding_scale, keys.float_or("embedding_scale", default_scale, kPositive));
  INGOT_ASSIGN(const double residual_scale, keys.float_or("residual_scale", 1.0, kPositive));
  INGOT_ASSIGN(const double logit_divisor, keys.float_or("logit_scale", 1.0, kPositive));
  INGOT_ASSIGN(const double softcap,
               keys.float_or("final_logit_softcapping", architecture.default_logit_softcap, kSoftcapRange));
  spec.norm = architecture.norm;
  spec.norm_epsilon = static_cast<float>(epsilon);
  spec.embedding_scale = static_cast<float>(embedding_scale);
  spec.residual_scale = static_cast<float>(residual_scale);
  spec.logit_scale = static_cast<float>(1.0 / logit_divisor);
  spec.logit_softcap = static_cast<float>(softcap);
  return {};
}

// The numbers are GGUF's.
Result<PoolingKind> read_pooling(const MetadataKeys& keys) {
  constexpr const char* kKey = "pooling_type";
  constexpr std::array kKinds{PoolingKind::kNone, PoolingKind::kMean, PoolingKind::kFirst, PoolingKind::kLast};
  if (!keys.has(kKey)) return PoolingKind::kUnknown;
  INGOT_ASSIGN(const int64_t number, keys.required_int(kKey, {0, 1 << 16}));
  if (number >= static_cast<int64_t>(kKinds.size())) {
    return fail(ErrorKind::kUnsupported, "{} is {}; ingot knows 0 (none), 1 (mean), 2 (cls) and 3 (last)",
                keys.full_name(kKey), number);
  }
  return kKinds[static_cast<size_t>(number)];
}

}  // namespace

Result<ModelSpec> read_model_spec(const GgufFile& file) {
  INGOT_ASSIGN(const auto name, file.metadata().get_string("general.architecture"));
  if (!name) return invalid("the metadata key general.architecture is missing");
  const Architecture* architecture = find_architecture(*name);
  if (architecture == nullptr) {
    return fail(ErrorKind::kUnsupported, "the architecture \"{}\" is not one of those that ingot knows: {}", *name,
                known_architectures());
  }
  const MetadataKeys keys(file.metadata(), architecture->name);
  INGOT_TRY(refuse_unsupported(keys, *architecture));

  ModelSpec spec;
  spec.architecture = *name;
  INGOT_ASSIGN(const auto model_name, file.metadata().get_string("general.name"));
  spec.name = model_name.value_or("");
  INGOT_ASSIGN(spec.n_vocab, read_n_vocab(file));
  INGOT_ASSIGN(spec.context_length, keys.required_int("context_length", kContextRange));
  INGOT_ASSIGN(spec.dim, keys.required_int("embedding_length", kDimRange));
  INGOT_ASSIGN(const size_t n_layers, read_n_layers(keys, file));
  spec.layers.resize(n_layers);
  const bool recurrent = architecture->mixer == MixerKind::kRwkv7TimeMix;
  INGOT_TRY(recurrent ? read_time_mix(keys, file, spec) : read_attention(keys, *architecture, spec));
  INGOT_TRY(read_ffn(keys, *architecture, spec));
  INGOT_TRY(read_scales(keys, *architecture, spec));
  spec.causal = architecture->causal;
  if (const GgufTensor* types = file.find_tensor("token_types.weight")) spec.n_token_types = types->dims[1];
  INGOT_ASSIGN(spec.pooling, read_pooling(keys));
  if (architecture->finish != nullptr) architecture->finish(spec);
  return spec;
}

}  // namespace ingot::core
