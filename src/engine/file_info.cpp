#include "engine/file_info.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "engine/engine.h"
#include "engine/memory.h"
#include "engine/plan.h"
#include "gguf/reader.h"
#include "model/model.h"
#include "ops/cpu_ops.h"

namespace ingot::core {
namespace {

std::string describe_value(const GgufValue& value) {
  constexpr size_t kLongest = 200;
  return std::visit(
      [](const auto& held) -> std::string {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::string>) {
          return held.size() <= kLongest ? held : held.substr(0, kLongest) + "...";
        } else if constexpr (std::is_arithmetic_v<Held>) {
          return fmt::format("{}", held);
        } else {
          return fmt::format("[{} values]", held.size());
        }
      },
      value.value);
}

// For a file that read_model_spec() refuses: the keys that most architectures share. Absent or odd ones stay 0.
void describe_from_keys(const GgufMetadata& metadata, FileInfo& out_info) {
  const auto number = [&](std::string_view key) -> int64_t {
    const auto value = metadata.get_ints(fmt::format("{}.{}", out_info.architecture, key));
    if (!value || !*value || (*value)->empty()) return 0;
    return *std::max_element((*value)->begin(), (*value)->end());
  };
  out_info.train_context = number("context_length");
  out_info.n_layers = number("block_count");
  out_info.dim = number("embedding_length");
  out_info.n_heads = number("attention.head_count");
  out_info.n_kv_heads = number("attention.head_count_kv");
}

void describe_from_spec(const ModelSpec& spec, DType kv_type, FileInfo& out_info) {
  out_info.train_context = spec.context_length;
  out_info.n_layers = spec.n_layers();
  out_info.dim = spec.dim;
  out_info.vocab_size = spec.n_vocab;
  const int64_t value_bytes = kv_type == DType::kF32 ? 4 : 2;
  for (const LayerSpec& layer : spec.layers) {
    out_info.n_heads = std::max({out_info.n_heads, layer.attention.n_heads, layer.time_mix.n_heads});
    out_info.n_kv_heads = std::max(out_info.n_kv_heads, layer.attention.n_kv_heads);
    out_info.kv_bytes_per_token += (layer.attention.key_width() + layer.attention.value_width()) * value_bytes;
  }
  out_info.state_bytes = recurrent_floats(spec) * int64_t{sizeof(float)};
  out_info.activation_bytes = estimate_activation_bytes(spec, kDefaultChunk);
}

// Everything that open() would do short of the context's memory: weights are pages of the file, so this is cheap.
Status try_to_load(const GgufFile& file, const InspectOptions& options, FileInfo& out_info) {
  CpuOpsOptions ops_options;
  ops_options.n_threads = 1;
  INGOT_ASSIGN(const auto ops, CpuOps::create(ops_options));
  LoadOptions load_options;
  load_options.check_tensors = options.check_tensors;
  load_options.kv_dtype = kv_dtype(options.kv_type);
  INGOT_ASSIGN(const auto model, Model::load(file, *ops, load_options));
  out_info.unused_tensors = model->unused_tensors();
  out_info.plan = describe_plan(model->spec(), model->weights().layers);
  INGOT_ASSIGN(const auto tokenizer, Tokenizer::create(model->vocabulary()));
  return {};
}

}  // namespace

Result<FileInfo> describe_file(const std::string& path, const InspectOptions& options) {
  INGOT_ASSIGN(const GgufFile file, GgufFile::open(path));
  FileInfo info;
  const GgufMetadata& metadata = file.metadata();
  const auto text = [&metadata](std::string_view key) {
    const auto value = metadata.get_string(key);
    return value && *value ? **value : std::string();
  };
  info.architecture = text("general.architecture");
  info.name = text("general.name");
  info.gguf_version = static_cast<int>(file.version());
  info.file_bytes = file.file_bytes();
  for (const GgufTensor& tensor : file.tensors()) {
    const auto n_bytes = static_cast<int64_t>(tensor.data.size());
    info.n_parameters += tensor.n_values();
    info.weights_bytes += n_bytes;
    info.format_bytes[tensor.traits->name] += n_bytes;
    info.tensors.push_back(
        {tensor.name, tensor.traits->name, {tensor.dims.begin(), tensor.dims.begin() + tensor.n_dims}, n_bytes});
  }
  for (const auto& [key, value] : metadata.entries()) info.metadata.emplace_back(key, describe_value(value));

  info.tokenizer = text("tokenizer.ggml.model");
  info.has_chat_template = !text("tokenizer.chat_template").empty();
  const auto tokens = metadata.find("tokenizer.ggml.tokens");
  if (tokens != nullptr && std::holds_alternative<std::vector<std::string>>(tokens->value)) {
    info.vocab_size = static_cast<int64_t>(std::get<std::vector<std::string>>(tokens->value).size());
  }
  if (const auto spec = read_model_spec(file)) {
    describe_from_spec(*spec, kv_dtype(options.kv_type), info);
    info.plan = describe_plan(*spec, {});
  } else {
    describe_from_keys(metadata, info);
  }
  const Status loaded = try_to_load(file, options, info);
  info.runnable = loaded.has_value();
  if (!loaded) info.reason = loaded.error().message;
  return info;
}

}  // namespace ingot::core
