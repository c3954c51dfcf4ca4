#include "model/model.h"

#include <algorithm>

#include "model/arch/registry.h"
#include "model/fingerprint.h"
#include "model/loader.h"
#include "model/rope.h"

namespace ingot::core {
namespace {

std::shared_ptr<const StateShape> make_state_shape(const ModelSpec& spec, const LoadOptions& options,
                                                   uint64_t fingerprint, const Ops& ops) {
  auto shape = std::make_shared<StateShape>();
  shape->kv_dtype = options.kv_dtype;
  shape->model_fingerprint = fingerprint;
  for (const LayerSpec& layer : spec.layers) {
    const AttentionSpec& attention = layer.attention;
    shape->layers.push_back({attention.n_kv_heads, attention.key_dim, attention.value_dim});
  }
  shape->recurrent = recurrent_layers(spec);
  shape->recurrent_grid = recurrent_grid(spec, ops);
  return shape;
}

// Keys turned by one set of long-rope's frequencies mean nothing to the other.
uint64_t mix_in_context(uint64_t fingerprint, const ModelSpec& spec, const Weights& weights, int64_t n_context) {
  if (weights.rope_factors_long.empty()) return fingerprint;
  const int64_t positions = n_context > 0 ? n_context : spec.context_length;
  constexpr uint64_t kLongFactors = 0x9E3779B97F4A7C15u;
  return needs_long_factors(spec.ropes.front(), positions) ? fingerprint ^ kLongFactors : fingerprint;
}

}  // namespace

Result<std::shared_ptr<const Model>> Model::load(const GgufFile& file, Ops& ops, const LoadOptions& options) {
  INGOT_CHECK(options.kv_dtype == DType::kF16 || options.kv_dtype == DType::kF32, "keys and values are F16 or F32");
  auto model = std::make_shared<Model>();
  INGOT_ASSIGN(model->spec_, read_model_spec(file));
  const Architecture& architecture = *find_architecture(model->spec_.architecture);
  INGOT_ASSIGN(LoadedWeights loaded, load_weights(file, model->spec_, architecture, ops, options));
  model->weights_ = std::move(loaded.weights);
  model->unused_tensors_ = std::move(loaded.unused_tensors);
  INGOT_ASSIGN(model->vocabulary_, read_vocabulary(file.metadata()));
  const uint64_t fingerprint =
      mix_in_context(model_fingerprint(file), model->spec_, model->weights_, options.n_context);
  model->state_shape_ = make_state_shape(model->spec_, options, fingerprint, ops);
  for (const GgufTensor& tensor : file.tensors()) {
    if (tensor.file && std::ranges::find(model->files_, tensor.file) == model->files_.end()) {
      model->files_.push_back(tensor.file);
    }
  }
  return model;
}

std::vector<RecurrentLayerShape> recurrent_layers(const ModelSpec& spec) {
  std::vector<RecurrentLayerShape> layers;
  if (!is_recurrent(spec)) return layers;
  for (const LayerSpec& layer : spec.layers) {
    RecurrentLayerShape& shape = layers.emplace_back();
    if (layer.mixer != MixerKind::kRwkv7TimeMix) continue;
    shape = {.n_shifts = layer.ffn_kind == FfnKind::kRwkv7ChannelMix ? 2 : 1,
             .dim = spec.dim,
             .n_heads = layer.time_mix.n_heads,
             .head_size = layer.time_mix.head_size};
  }
  return layers;
}

int64_t recurrent_floats(const ModelSpec& spec) {
  int64_t n_floats = 0;
  for (const RecurrentLayerShape& layer : recurrent_layers(spec)) n_floats += layer.n_floats();
  return n_floats;
}

int64_t recurrent_grid(const ModelSpec& spec, const Ops& ops) {
  int64_t grid = 1;
  for (const RecurrentLayerShape& layer : recurrent_layers(spec)) {
    grid = std::max(grid, ops.recurrent_grid(layer.head_size));
  }
  return grid;
}

bool Model::damaged() const {
  return std::ranges::any_of(files_, [](const auto& file) { return file->damaged(); });
}

}  // namespace ingot::core
