#include "convert/hf_rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "gguf/metadata_values.h"

namespace ingot::core {
namespace {

// The settings of one rope. Until version 5 of transformers they were two, rope_theta and rope_scaling; since then one
// object rope_parameters, which models with two kinds of layers have twice.
struct RopeSettings {
  double base = 0.0;
  std::string type = "default";
  std::optional<JsonObject> scaling;  // where type is another
};

class RopePlanner {
 public:
  RopePlanner(const JsonObject& config, const HfArchitecture& architecture, const HfSizes& sizes, PlanBuilder& builder)
      : config_(config), architecture_(architecture), sizes_(sizes), builder_(builder) {}

  Status add() {
    INGOT_ASSIGN(const RopeSettings settings, read_settings());
    INGOT_ASSIGN(const int64_t rotary_dim, read_rotary_dim(settings));
    if (!architecture_.local_rope) INGOT_TRY(check_same_base(settings.base));
    key("dimension_count", gguf_uint32(rotary_dim));
    key("freq_base", gguf_float32(settings.base));
    INGOT_TRY(add_scaling(settings, rotary_dim));
    return architecture_.local_rope ? add_local_base() : Status{};
  }

 private:
  void key(std::string_view name, GgufValue value) {
    builder_.plan().metadata.insert(fmt::format("{}.rope.{}", architecture_.gguf_name, name), std::move(value));
  }

  Result<std::optional<JsonObject>> parameters_of(const char* kind) {
    INGOT_ASSIGN(auto parameters, config_.get_object("rope_parameters"));
    if (!parameters || !parameters->has(kind)) return parameters;
    return parameters->get_object(kind);
  }

  Result<RopeSettings> read_settings() {
    RopeSettings settings;
    INGOT_ASSIGN(auto parameters, parameters_of("full_attention"));
    INGOT_ASSIGN(auto base, config_.get_float("rope_theta"));
    if (parameters && parameters->has("rope_theta")) {
      INGOT_ASSIGN(base, parameters->get_float("rope_theta"));
    }
    settings.base = base.value_or(architecture_.default_rope_base);
    if (!parameters) {
      INGOT_ASSIGN(parameters, config_.get_object("rope_scaling"));
    }
    if (!parameters) return settings;
    // "type" is the older name; where both are there, the newer one counts.
    for (const char* name : {"type", "rope_type"}) {
      INGOT_ASSIGN(const auto type, parameters->get_string(name));
      if (type) settings.type = *type;
    }
    settings.scaling = std::move(parameters);
    return settings;
  }

  // Layers with a window have no base of their own here, whatever config.json could say.
  Status check_same_base(double base) {
    INGOT_ASSIGN(const auto parameters, config_.get_object("rope_parameters"));
    if (!parameters || !parameters->has("sliding_attention")) return {};
    INGOT_ASSIGN(const auto local, parameters->get_object("sliding_attention"));
    INGOT_ASSIGN(const auto local_base, local->get_float("rope_theta"));
    if (local_base && *local_base != base) return refuse(*local, "rope_theta");
    return {};
  }

  Result<int64_t> read_rotary_dim(const RopeSettings& settings) {
    INGOT_ASSIGN(auto share, config_.get_float("partial_rotary_factor"));
    if (!share && settings.scaling) {
      INGOT_ASSIGN(share, settings.scaling->get_float("partial_rotary_factor"));
    }
    const bool fits = !share || *share == 1.0 || (architecture_.partial_rotation && *share > 0.0 && *share < 1.0);
    if (!fits) {
      return fail(ErrorKind::kUnsupported, "{}: partial_rotary_factor is {}, expected 1", config_.name(), *share);
    }
    return static_cast<int64_t>(static_cast<double>(sizes_.head_dim) * share.value_or(1.0));
  }

  Status add_scaling(const RopeSettings& settings, int64_t rotary_dim) {
    if (settings.type == "default") return {};
    if (settings.type == "linear") return add_linear(*settings.scaling);
    if (settings.type == "llama3") return add_llama3(settings, rotary_dim);
    if (settings.type == "yarn") return add_yarn(*settings.scaling);
    if (settings.type == "longrope" || settings.type == "su") return add_longrope(*settings.scaling, rotary_dim);
    return fail(ErrorKind::kUnsupported,
                "{}: the rope is of the type {}, expected default, linear, llama3, yarn or longrope", config_.name(),
                shown_json(settings.type));
  }

  Result<double> required_float(const JsonObject& object, std::string_view name) {
    INGOT_ASSIGN(const auto value, object.get_float(name));
    if (!value || !(*value > 0.0)) return object.wrong(name, "a number above 0");
    return *value;
  }

  Status add_linear(const JsonObject& scaling) {
    INGOT_ASSIGN(const double factor, required_float(scaling, "factor"));
    key("scaling.type", gguf_string("linear"));
    key("scaling.factor", gguf_float32(factor));
    return {};
  }

  // Llama 3.1 divides slow frequencies by the factor, keeps fast ones, and goes over from one to the other between. In
  // GGUF that is a tensor with the divisor of each pair.
  Status add_llama3(const RopeSettings& settings, int64_t rotary_dim) {
    const JsonObject& scaling = *settings.scaling;
    INGOT_ASSIGN(const double factor, required_float(scaling, "factor"));
    INGOT_ASSIGN(const double low, required_float(scaling, "low_freq_factor"));
    INGOT_ASSIGN(const double high, required_float(scaling, "high_freq_factor"));
    INGOT_ASSIGN(const int64_t original, scaling.required_int("original_max_position_embeddings"));
    if (low >= high) return scaling.wrong("low_freq_factor", fmt::format("less than high_freq_factor, {}", high));
    std::vector<float> divisors;
    for (int64_t first = 0; first < rotary_dim; first += 2) {
      const double frequency = std::pow(settings.base, -static_cast<double>(first) / static_cast<double>(rotary_dim));
      const double turns = static_cast<double>(original) * frequency / (2.0 * std::numbers::pi);
      const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
      divisors.push_back(static_cast<float>(1.0 / ((1.0 - kept) / factor + kept)));
    }
    return add_divisors("rope_freqs.weight", std::move(divisors));
  }

  Status add_yarn(const JsonObject& scaling) {
    INGOT_ASSIGN(const double factor, required_float(scaling, "factor"));
    INGOT_ASSIGN(const auto original, scaling.get_int("original_max_position_embeddings"));
    for (const char* name : {"mscale", "mscale_all_dim"}) {
      if (scaling.has(name)) return refuse(scaling, name);
    }
    INGOT_ASSIGN(const auto truncate, scaling.get_bool("truncate"));
    if (truncate && !*truncate) return refuse(scaling, "truncate");
    key("scaling.type", gguf_string("yarn"));
    key("scaling.factor", gguf_float32(factor));
    key("scaling.original_context_length", gguf_uint32(original.value_or(sizes_.context)));
    for (const auto& [name, gguf_name] : {std::pair{"attention_factor", "yarn_attn_factor"},
                                          {"beta_fast", "yarn_beta_fast"},
                                          {"beta_slow", "yarn_beta_slow"}}) {
      INGOT_ASSIGN(const auto value, scaling.get_float(name));
      if (value) key(fmt::format("scaling.{}", gguf_name), gguf_float32(*value));
    }
    return {};
  }

  // Long-rope: one set of divisors for contexts up to the original one and another beyond, and a magnitude that
  // follows from how far beyond the model reaches.
  Status add_longrope(const JsonObject& scaling, int64_t rotary_dim) {
    INGOT_ASSIGN(auto original, config_.get_int("original_max_position_embeddings"));
    if (!original) {
      INGOT_ASSIGN(original, scaling.get_int("original_max_position_embeddings"));
    }
    if (!original || *original < 2) return config_.wrong("original_max_position_embeddings", "a number from 2 on");
    INGOT_ASSIGN(auto magnitude, scaling.get_float("attention_factor"));
    if (!magnitude) {
      const double factor = static_cast<double>(sizes_.context) / static_cast<double>(*original);
      magnitude = factor <= 1.0 ? 1.0 : std::sqrt(1.0 + std::log(factor) / std::log(static_cast<double>(*original)));
    }
    key("scaling.type", gguf_string("longrope"));
    key("scaling.original_context_length", gguf_uint32(*original));
    key("scaling.attn_factor", gguf_float32(*magnitude));
    for (const auto& [name, tensor] :
         {std::pair{"long_factor", "rope_factors_long.weight"}, {"short_factor", "rope_factors_short.weight"}}) {
      const Json* list = scaling.find(name);
      const auto n_pairs = static_cast<size_t>(rotary_dim / 2);
      if (list == nullptr || !list->is_array() || list->size() != n_pairs) {
        return scaling.wrong(name, fmt::format("an array of {} numbers", n_pairs));
      }
      std::vector<float> divisors;
      for (const Json& divisor : *list) {
        if (!divisor.is_number()) return scaling.wrong(name, "numbers only");
        divisors.push_back(divisor.get<float>());
      }
      INGOT_TRY(add_divisors(tensor, std::move(divisors)));
    }
    return {};
  }

  Status add_divisors(const char* name, std::vector<float> divisors) {
    TensorPlan tensor{.name = name, .shape = {static_cast<int64_t>(divisors.size())}};
    tensor.values = std::move(divisors);
    return builder_.add(std::move(tensor), Storage::kF32);
  }

  // Layers with a window: never scaled, by a base of their own.
  Status add_local_base() {
    INGOT_ASSIGN(auto base, config_.get_float("rope_local_base_freq"));
    INGOT_ASSIGN(const auto parameters, parameters_of("sliding_attention"));
    if (parameters && parameters->has("rope_theta")) {
      INGOT_ASSIGN(base, parameters->get_float("rope_theta"));
      INGOT_ASSIGN(const auto type, parameters->get_string("rope_type"));
      if (type && *type != "default") return refuse(*parameters, "rope_type");
    }
    key("freq_base_swa", gguf_float32(base.value_or(10000.0)));
    return {};
  }

  Status refuse(const JsonObject& object, std::string_view name) {
    return fail(ErrorKind::kUnsupported, "{}: {} is {}, which ingot does not do", object.name(), name,
                shown_json(*object.find(name)));
  }

  const JsonObject& config_;
  const HfArchitecture& architecture_;
  const HfSizes& sizes_;
  PlanBuilder& builder_;
};

bool sees_everything(const Json& layer_type) {
  return layer_type == "full_attention";
}

bool has_period(const Json& layer_types, int64_t period) {
  for (size_t layer_idx = 0; layer_idx < layer_types.size(); ++layer_idx) {
    const bool expected = (static_cast<int64_t>(layer_idx) + 1) % period == 0;
    if (sees_everything(layer_types[layer_idx]) != expected) return false;
  }
  return true;
}

Result<int64_t> read_period(const JsonObject& config, const HfArchitecture& architecture, const Json* layer_types) {
  if (layer_types == nullptr) {
    INGOT_ASSIGN(const auto period, config.get_int("sliding_window_pattern"));
    if (period && *period == 0) return config.wrong("sliding_window_pattern", "at least 1");
    return period.value_or(architecture.window_period);
  }
  if (has_period(*layer_types, architecture.window_period)) return architecture.window_period;
  const auto first = std::ranges::find_if(*layer_types, sees_everything);
  const int64_t period = first - layer_types->begin() + 1;
  if (!has_period(*layer_types, period)) {
    return config.wrong("layer_types", "full_attention in every n-th layer, and sliding_attention in the others");
  }
  return period;
}

// Null where config.json does not say.
Result<const Json*> read_layer_types(const JsonObject& config, const HfSizes& sizes) {
  const Json* layer_types = config.find("layer_types");
  if (layer_types == nullptr) return nullptr;
  const bool fits = layer_types->is_array() && static_cast<int64_t>(layer_types->size()) == sizes.n_layers &&
                    std::ranges::all_of(*layer_types, [](const Json& type) {
                      return type == "full_attention" || type == "sliding_attention";
                    });
  if (!fits) {
    return config.wrong("layer_types",
                        fmt::format("full_attention or sliding_attention for each of {} layers", sizes.n_layers));
  }
  return layer_types;
}

}  // namespace

Status add_rope(const JsonObject& config, const HfArchitecture& architecture, const HfSizes& sizes,
                PlanBuilder& builder) {
  if (!architecture.has_rope) return {};
  return RopePlanner(config, architecture, sizes, builder).add();
}

Status add_windows(const JsonObject& config, const HfArchitecture& architecture, const HfSizes& sizes,
                   GgufMetadata& out_metadata) {
  INGOT_ASSIGN(const Json* layer_types, read_layer_types(config, sizes));
  const auto is_windowed = [](const Json& type) { return !sees_everything(type); };
  if (architecture.windows == HfWindows::kNever) {
    INGOT_ASSIGN(const auto use_window, config.get_bool("use_sliding_window"));
    if (use_window && *use_window) return config.wrong("use_sliding_window", "false");
    if (layer_types != nullptr && std::ranges::any_of(*layer_types, is_windowed)) {
      return config.wrong("layer_types", "full_attention in every layer");
    }
    return {};
  }
  INGOT_ASSIGN(const auto window, config.get_int("sliding_window"));
  const std::string key = fmt::format("{}.attention.sliding_window", architecture.gguf_name);
  if (architecture.windows == HfWindows::kEveryLayer) {
    if (!window) return {};
    if (layer_types != nullptr && !std::ranges::all_of(*layer_types, is_windowed)) {
      return config.wrong("layer_types", "sliding_attention in every layer");
    }
    out_metadata.insert(key, gguf_uint32(*window));
    return {};
  }
  if (!window || *window == 0) return config.wrong("sliding_window", "a whole number from 1 on");
  out_metadata.insert(key, gguf_uint32(*window));
  INGOT_ASSIGN(const int64_t period, read_period(config, architecture, layer_types));
  // Only where it is not what the architecture means by itself.
  if (period != architecture.window_period) out_metadata.insert(key + "_pattern", gguf_uint32(period));
  return {};
}

}  // namespace ingot::core
