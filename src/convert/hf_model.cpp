#include "convert/hf_model.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "convert/hf_architecture.h"
#include "convert/hf_rope.h"
#include "convert/hf_tokenizer.h"
#include "convert/json_file.h"
#include "convert/plan_builder.h"
#include "gguf/metadata_values.h"

namespace ingot::core {
namespace {

constexpr std::string_view kExpertCount = "expert_count";
constexpr std::string_view kFrequencies = "rotary_emb.inv_freq";  // a buffer of older versions, computed from settings

Result<const HfArchitecture*> find_architecture(const JsonObject& config) {
  const Json* classes = config.find("architectures");
  if (classes == nullptr || !classes->is_array() || classes->empty() || !classes->front().is_string()) {
    return config.wrong("architectures", "an array with the name of a class");
  }
  const auto& name = classes->front().get_ref<const std::string&>();
  for (const HfArchitecture& architecture : all_hf_architectures()) {
    if (architecture.class_name == name) return &architecture;
  }
  return fail(ErrorKind::kUnsupported, "{}: the architecture {} cannot be converted; those that can: {}", config.name(),
              printable(name), hf_class_names());
}

class HfPlanner {
 public:
  HfPlanner(const JsonObject& config, const HfArchitecture& architecture, PlanBuilder& builder)
      : config_(config), architecture_(architecture), builder_(builder) {}

  Status add() {
    INGOT_TRY(check_settings());
    INGOT_TRY(read_sizes());
    INGOT_TRY(add_keys());
    INGOT_TRY(add_windows(config_, architecture_, sizes_, builder_.plan().metadata));
    INGOT_TRY(add_rope(config_, architecture_, sizes_, builder_));
    if (architecture_.check != nullptr) INGOT_TRY(architecture_.check(config_, sizes_));
    INGOT_TRY(add_tensors());
    return builder_.refuse_unused([this](std::string_view name) { return is_ignored(name); });
  }

 private:
  void key(std::string_view name, GgufValue value) {
    builder_.plan().metadata.insert(fmt::format("{}.{}", architecture_.gguf_name, name), std::move(value));
  }

  // ---- settings ----

  Status check_settings() {
    INGOT_ASSIGN(const auto quantization, config_.get_object("quantization_config"));
    if (quantization) {
      const Json* method = quantization->find("quant_method");
      return fail(ErrorKind::kUnsupported, "{}: the checkpoint is quantised ({}); expected the original one",
                  config_.name(), method == nullptr ? "by an unnamed method" : shown_json(*method));
    }
    for (const auto& group : architecture_.settings) {
      for (const HfSetting& setting : group) {
        const Json* value = config_.find(setting.config);
        if (value == nullptr && !setting.required) continue;
        if (value == nullptr || *value != Json::parse(setting.expected)) {
          return config_.wrong(setting.config, setting.expected);
        }
      }
    }
    return {};
  }

  Status read_sizes() {
    const HfSizeNames& names = architecture_.sizes;
    INGOT_ASSIGN(sizes_.dim, config_.required_int(names.dim));
    INGOT_ASSIGN(sizes_.n_layers, config_.required_int(names.n_layers));
    INGOT_ASSIGN(sizes_.n_heads, config_.required_int(names.n_heads));
    INGOT_ASSIGN(sizes_.context, config_.required_int(names.context));
    sizes_.n_kv_heads = sizes_.n_heads;
    if (config_.has(names.n_kv_heads)) {
      INGOT_ASSIGN(sizes_.n_kv_heads, config_.required_int(names.n_kv_heads));
    }
    if (config_.has("head_dim")) {
      INGOT_ASSIGN(sizes_.head_dim, config_.required_int("head_dim"));
    } else if (sizes_.dim % sizes_.n_heads == 0) {
      sizes_.head_dim = sizes_.dim / sizes_.n_heads;
    } else {
      return config_.wrong(names.n_heads, fmt::format("a divisor of {}, which is {}", names.dim, sizes_.dim));
    }
    for (const auto& group : architecture_.keys) {
      for (const HfKey& row : group) {
        if (row.gguf != kExpertCount) continue;
        INGOT_ASSIGN(sizes_.n_experts, config_.required_int(name_of(row)));
      }
    }
    // Each layer has tensors of its own, and each expert too: no list is made by what config.json claims alone.
    const auto n_tensors = static_cast<int64_t>(builder_.checkpoint().tensors().size());
    if (sizes_.n_layers > n_tensors) return too_many(names.n_layers, n_tensors);
    if (sizes_.n_experts > n_tensors) return too_many("the number of experts", n_tensors);
    return {};
  }

  tl::unexpected<Error> too_many(std::string_view what, int64_t n_tensors) const {
    return invalid("{}: {} is more than {}, which is how many tensors there are", config_.name(), what, n_tensors);
  }

  // The name under which config.json has the setting; the usual one where it has none.
  std::string_view name_of(const HfKey& row) const {
    return !row.config_too.empty() && !config_.has(row.config) && config_.has(row.config_too) ? row.config_too
                                                                                              : row.config;
  }

  Status add_keys() {
    const HfSizeNames& names = architecture_.sizes;
    key("context_length", gguf_uint32(sizes_.context));
    key("embedding_length", gguf_uint32(sizes_.dim));
    key("block_count", gguf_uint32(sizes_.n_layers));
    INGOT_ASSIGN(auto ffn_dim, config_.get_int(names.ffn_dim));
    if (!ffn_dim && names.ffn_per_dim > 0) ffn_dim = names.ffn_per_dim * sizes_.dim;
    if (!ffn_dim) return config_.wrong(names.ffn_dim, "a whole number");
    key("feed_forward_length", gguf_uint32(*ffn_dim));
    key("attention.head_count", gguf_uint32(sizes_.n_heads));
    key("attention.head_count_kv", gguf_uint32(sizes_.n_kv_heads));
    if (config_.has("head_dim")) {
      key("attention.key_length", gguf_uint32(sizes_.head_dim));
      key("attention.value_length", gguf_uint32(sizes_.head_dim));
    }
    INGOT_ASSIGN(const auto epsilon, config_.get_float(names.epsilon));
    if (!epsilon) return config_.wrong(names.epsilon, "a number");
    key(names.epsilon_key, gguf_float32(*epsilon));
    for (const auto& group : architecture_.keys) {
      for (const HfKey& row : group) INGOT_TRY(add_key(row));
    }
    return {};
  }

  Status add_key(const HfKey& row) {
    const std::string_view name = name_of(row);
    if (!config_.has(name) && !row.required) return {};
    if (row.whole) {
      INGOT_ASSIGN(const int64_t value, config_.required_int(name));
      key(row.gguf, gguf_uint32(value));
      return {};
    }
    INGOT_ASSIGN(const auto value, config_.get_float(name));
    if (!value) return config_.wrong(name, "a number");
    key(row.gguf, gguf_float32(*value));
    return {};
  }

  // ---- tensors ----

  Status add_tensors() {
    // GPT-2 comes with a prefix and without.
    if (!architecture_.optional_prefix.empty()) {
      const bool prefixed = std::ranges::any_of(builder_.checkpoint().tensors(), [this](const auto& entry) {
        return entry.first.starts_with(architecture_.optional_prefix);
      });
      if (prefixed) prefix_ = architecture_.optional_prefix;
    }
    for (const auto& group : architecture_.model_tensors) {
      for (const HfTensor& row : group)
        INGOT_TRY(add_row(row, prefix_ + std::string(row.source), std::string(row.target)));
    }
    INGOT_TRY(add_output());
    for (int64_t layer_idx = 0; layer_idx < sizes_.n_layers; ++layer_idx) INGOT_TRY(add_layer(layer_idx));
    return {};
  }

  Status add_output() {
    constexpr const char* kOutput = "lm_head.weight";
    INGOT_ASSIGN(const auto tied, config_.get_bool("tie_word_embeddings"));
    if (tied.value_or(false)) {
      builder_.pass_over(kOutput);
      return {};
    }
    // Classes differ in what an absent setting means; the file tells.
    if (!tied && builder_.checkpoint().find(kOutput) == nullptr) return {};
    return add_row({"lm_head", "output"}, "lm_head", "output");
  }

  Status add_layer(int64_t layer_idx) {
    const std::string source = fmt::format("{}{}{}.", prefix_, architecture_.layer_prefix, layer_idx);
    const std::string target = fmt::format("blk.{}.", layer_idx);
    for (const auto& group : architecture_.layer_tensors) {
      for (const HfTensor& row : group) {
        INGOT_TRY(add_row(row, source + std::string(row.source), target + std::string(row.target)));
      }
    }
    for (const HfTensor& row : architecture_.expert_tensors) {
      INGOT_TRY(add_experts(row, source, target + std::string(row.target) + ".weight"));
    }
    return {};
  }

  Status add_row(const HfTensor& row, const std::string& source, const std::string& target) {
    INGOT_TRY(add_tensor(row, row.weight, source + ".weight", target + ".weight"));
    return add_tensor(row, row.bias, source + ".bias", target + ".bias");
  }

  Status add_tensor(const HfTensor& row, HfNeed need, const std::string& source_name, std::string target) {
    if (need == HfNeed::kNever) return {};
    INGOT_ASSIGN(const SafetensorsTensor* source,
                 need == HfNeed::kRequired ? builder_.take(source_name) : builder_.take_if_there(source_name));
    if (source == nullptr) return {};
    TensorPlan tensor{.name = std::move(target), .shape = source->shape, .sources = {source}};
    switch (row.form) {
      case HfForm::kAsIs:
      case HfForm::kExact:
        break;
      case HfForm::kQueryRows:
        tensor.order = RowOrder::kInterleavedPairs;
        tensor.n_heads = sizes_.n_heads;
        break;
      case HfForm::kKeyRows:
        tensor.order = RowOrder::kInterleavedPairs;
        tensor.n_heads = sizes_.n_kv_heads;
        break;
      case HfForm::kPlusOne:
        tensor.added = 1.0f;
        break;
      case HfForm::kTransposed:
        // Its biases are vectors like any other.
        if (tensor.shape.size() == 1) break;
        tensor.order = RowOrder::kTransposed;
        std::ranges::reverse(tensor.shape);
        break;
      case HfForm::kFlattened:
        tensor.shape = {source->n_values()};
        break;
    }
    return builder_.add(std::move(tensor), row.form == HfForm::kExact ? Storage::kF32 : Storage::kChosen);
  }

  // One tensor of three dimensions, (experts, out, in), of one matrix for each expert.
  Status add_experts(const HfTensor& row, const std::string& layer, std::string target) {
    TensorPlan tensor{.name = std::move(target)};
    const size_t place = row.source.find("{}");
    for (int64_t expert_idx = 0; expert_idx < sizes_.n_experts; ++expert_idx) {
      const std::string name =
          fmt::format("{}{}{}{}.weight", layer, row.source.substr(0, place), expert_idx, row.source.substr(place + 2));
      INGOT_ASSIGN(const SafetensorsTensor* source, builder_.take(name));
      if (!tensor.sources.empty() && source->shape != tensor.sources.front()->shape) {
        return invalid("tensor {} has the shape ({}), expected that of expert 0", printable(name),
                       fmt::join(source->shape, ", "));
      }
      tensor.sources.push_back(source);
    }
    tensor.shape = tensor.sources.front()->shape;
    tensor.shape.insert(tensor.shape.begin(), sizes_.n_experts);
    return builder_.add(std::move(tensor), Storage::kChosen);
  }

  bool is_ignored(std::string_view name) const {
    return name.ends_with(kFrequencies) ||
           std::ranges::any_of(architecture_.ignored, [&](std::string_view ending) { return name.ends_with(ending); });
  }

  const JsonObject& config_;
  const HfArchitecture& architecture_;
  PlanBuilder& builder_;
  HfSizes sizes_;
  std::string prefix_;
};

}  // namespace

Result<ModelPlan> plan_hf_model(const Checkpoint& checkpoint, MatrixType type) {
  const std::string path = checkpoint.folder() + "/config.json";
  INGOT_ASSIGN(const Json json, read_json_file(path));
  INGOT_ASSIGN(const JsonObject config, JsonObject::make(json, printable(path, 4096)));
  INGOT_ASSIGN(const HfArchitecture* architecture, find_architecture(config));
  ModelPlan plan;
  plan.architecture = architecture->gguf_name;
  PlanBuilder builder(checkpoint, type, plan);
  INGOT_TRY(HfPlanner(config, *architecture, builder).add());

  const auto embedding = std::ranges::find(plan.tensors, "token_embd.weight", &TensorPlan::name);
  const int64_t n_rows = embedding->shape[0];
  plan.metadata.insert(fmt::format("{}.vocab_size", plan.architecture), gguf_uint32(n_rows));
  INGOT_TRY(add_hf_tokenizer(checkpoint.folder(), config, n_rows, plan));
  return plan;
}

std::string hf_class_names() {
  std::string names;
  for (const HfArchitecture& architecture : all_hf_architectures()) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", architecture.class_name);
  }
  return names;
}

}  // namespace ingot::core
