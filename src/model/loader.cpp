#include "model/loader.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "base/log.h"
#include "base/utf8.h"
#include "model/finite_check.h"
#include "model/rope.h"

namespace ingot::core {
namespace {

// (columns, rows, slices), the order of GGUF.
struct Shape {
  int64_t cols = 1;
  int64_t rows = 1;
  int64_t slices = 1;
  std::string text() const {
    return slices == 1 ? fmt::format("[{}, {}]", cols, rows) : fmt::format("[{}, {}, {}]", cols, rows, slices);
  }
};

int64_t extent(Dim dim, const ModelSpec& spec, const LayerSpec& layer) {
  const AttentionSpec& attention = layer.attention;
  switch (dim) {
    case Dim::kOne:
      return 1;
    case Dim::kModel:
      return spec.dim;
    case Dim::kVocab:
      return spec.n_vocab;
    case Dim::kContext:
      return spec.context_length;
    case Dim::kTokenTypes:
      return spec.n_token_types;
    case Dim::kQuery:
      return attention.query_width();
    case Dim::kKey:
      return attention.key_width();
    case Dim::kValue:
      return attention.value_width();
    case Dim::kQkv:
      return attention.query_width() + attention.key_width() + attention.value_width();
    case Dim::kMixed:
      return attention.mixed_width();
    case Dim::kHead:
      return attention.key_dim;
    case Dim::kRotaryHalf:
      return spec.ropes.empty() ? 0 : spec.ropes.front().rotary_dim / 2;
    case Dim::kFfn:
      return layer.ffn.ffn_dim;
    case Dim::kTwoFfn:
      return 2 * layer.ffn.ffn_dim;
    case Dim::kExperts:
      return layer.ffn.n_experts;
    case Dim::kExpertFfn:
      return layer.ffn.expert_ffn_dim;
    case Dim::kSharedFfn:
      return layer.ffn.shared_ffn_dim;
    case Dim::kTimeMix:
      return layer.time_mix.width();
    case Dim::kShifted:
      return layer.time_mix.n_shifted;
    case Dim::kDecayRank:
      return layer.time_mix.decay_rank;
    case Dim::kRateRank:
      return layer.time_mix.rate_rank;
    case Dim::kValueRank:
      return layer.time_mix.value_rank;
    case Dim::kGateRank:
      return layer.time_mix.gate_rank;
  }
  return 0;
}

class WeightLoader {
 public:
  WeightLoader(const GgufFile& file, const ModelSpec& spec, Ops& ops) : file_(file), spec_(spec), ops_(ops) {
    weights_.layers.resize(spec.layers.size());
  }

  Status load(std::span<const TensorRow> group) {
    for (const TensorRow& row : group) {
      INGOT_TRY(std::visit([&](auto slot) { return load_row(row, slot); }, row.slot));
    }
    return {};
  }

  Result<LoadedWeights> finish(const LoadOptions& options);

 private:
  // A tensor of the model itself.
  template <typename T>
  Status load_row(const TensorRow& row, T Weights::*slot) {
    return load_one(row, std::string(row.name), spec_.layers.front(), weights_.*slot);
  }
  // One of each layer.
  template <typename T>
  Status load_row(const TensorRow& row, T LayerWeights::*slot) {
    return load_layers(row, [slot](LayerWeights& weights) -> T& { return weights.*slot; });
  }
  template <typename T>
  Status load_row(const TensorRow& row, T TimeMixWeights::*slot) {
    return load_layers(row, [slot](LayerWeights& weights) -> T& { return weights.time_mix.*slot; });
  }
  template <typename Fn>
  Status load_layers(const TensorRow& row, const Fn& slot_of) {
    for (size_t layer_idx = 0; layer_idx < weights_.layers.size(); ++layer_idx) {
      const std::string name = fmt::format("blk.{}.{}", layer_idx, row.name);
      if (row.weight == Need::kAfterFirstLayer && layer_idx == 0) {
        if (const GgufTensor* unused = file_.find_tensor(name + ".weight")) used_.insert(unused);
        continue;
      }
      INGOT_TRY(load_one(row, name, spec_.layers[layer_idx], slot_of(weights_.layers[layer_idx])));
    }
    return {};
  }

  Status load_one(const TensorRow& row, const std::string& name, const LayerSpec& layer, LinearWeights& out);
  Status load_one(const TensorRow& row, const std::string& name, const LayerSpec& layer, VectorWeights& out);
  // Null if the file has no such tensor and need it not have. Type and shape are then as expected.
  Result<const GgufTensor*> find(const std::string& name, Need need, const Shape& expected);
  Result<std::vector<float>> read_vector(const std::string& name, Need need, int64_t length, int64_t n_vectors = 1);
  Result<float> read_scale(const std::string& name, int64_t n_slices);
  // Whether nothing will be multiplied with this matrix: its rows are looked up, and the head is another one, or none.
  bool only_embeds(const LinearWeights* matrix) const {
    return matrix == &weights_.position_embedding || matrix == &weights_.token_types ||
           (matrix == &weights_.token_embedding && (!spec_.causal || file_.find_tensor("output.weight") != nullptr));
  }
  Status choose_ropes(const LoadOptions& options);
  void move_biases();
  Status refuse_lost_head() const;

  const GgufFile& file_;
  const ModelSpec& spec_;
  Ops& ops_;
  Weights weights_;
  std::unordered_set<const GgufTensor*> used_;
};

Result<const GgufTensor*> WeightLoader::find(const std::string& name, Need need, const Shape& expected) {
  if (need == Need::kNever) return nullptr;
  const GgufTensor* tensor = file_.find_tensor(name);
  if (tensor == nullptr) {
    if (need == Need::kOptional) return nullptr;
    return invalid("the tensor {} is missing", name);
  }
  used_.insert(tensor);
  const Shape found{tensor->dims[0], tensor->dims[1], tensor->dims[2] * tensor->dims[3]};
  if (found.cols != expected.cols || found.rows != expected.rows || found.slices != expected.slices) {
    return invalid("the tensor {} has the shape {}; expected {} (columns first)", name, found.text(), expected.text());
  }
  if (tensor->traits->dequantize_row == nullptr) {
    return fail(ErrorKind::kUnsupported, "the tensor {} is of type {}: {}", name, tensor->traits->name,
                tensor->traits->refusal);
  }
  return tensor;
}

Result<std::vector<float>> WeightLoader::read_vector(const std::string& name, Need need, int64_t length,
                                                     int64_t n_vectors) {
  INGOT_ASSIGN(const GgufTensor* tensor, find(name, need, {.cols = length, .slices = n_vectors}));
  std::vector<float> values;
  if (tensor == nullptr) return values;
  values.resize(static_cast<size_t>(length * n_vectors));
  tensor->traits->dequantize_row(tensor->data.data(), values.data(), length * n_vectors);
  return values;
}

// NVFP4 files keep one float32 factor for each matrix in a tensor beside it.
Result<float> WeightLoader::read_scale(const std::string& name, int64_t n_slices) {
  INGOT_ASSIGN(const std::vector<float> scales, read_vector(name, Need::kOptional, n_slices));
  if (scales.empty()) return 1.0f;
  if (n_slices > 1) {
    if (std::ranges::all_of(scales, [](float scale) { return scale == 1.0f; })) return 1.0f;
    return fail(ErrorKind::kUnsupported, "the tensor {} scales each expert; ingot does not do this yet", name);
  }
  if (!std::isfinite(scales[0]) || scales[0] == 0.0f) {
    return invalid("the tensor {} is {}; expected a finite factor other than 0", name, scales[0]);
  }
  return scales[0];
}

Status WeightLoader::load_one(const TensorRow& row, const std::string& name, const LayerSpec& layer,
                              LinearWeights& out) {
  const Shape expected{.cols = extent(row.cols, spec_, layer),
                       .rows = extent(row.rows, spec_, layer),
                       .slices = extent(row.slices, spec_, layer)};
  INGOT_ASSIGN(const GgufTensor* tensor, find(name + ".weight", row.weight, expected));
  if (tensor == nullptr) return {};
  INGOT_ASSIGN(out.matrix, ops_.pack_weight({.data = tensor->data.data(),
                                             .type = tensor->traits->type,
                                             .n_slices = expected.slices,
                                             .rows = expected.rows,
                                             .cols = expected.cols,
                                             .owner = tensor->file,
                                             .for_products = !only_embeds(&out)}));
  // A copy in another layout takes the place of the file's pages.
  if (out.matrix.layout != WeightLayout::kRowMajor && tensor->file != nullptr) tensor->file->release(tensor->data);
  INGOT_ASSIGN(out.scale, read_scale(name + ".scale", expected.slices));
  INGOT_ASSIGN(out.bias, read_vector(name + ".bias", row.bias, expected.rows));
  for (float& value : out.bias) value /= out.scale;
  return {};
}

Status WeightLoader::load_one(const TensorRow& row, const std::string& name, const LayerSpec& layer,
                              VectorWeights& out) {
  const int64_t length = extent(row.rows, spec_, layer);
  INGOT_ASSIGN(out.weight, read_vector(name + ".weight", row.weight, length, extent(row.slices, spec_, layer)));
  if (out.weight.empty()) return {};
  INGOT_ASSIGN(out.bias, read_vector(name + ".bias", row.bias, length));
  return {};
}

Status check_divisors(const char* name, std::span<const float> divisors) {
  for (const float divisor : divisors) {
    if (!std::isfinite(divisor) || divisor <= 0.0f) {
      return invalid("the tensor {}.weight has the value {}; expected positive numbers", name, divisor);
    }
  }
  return {};
}

Status WeightLoader::choose_ropes(const LoadOptions& options) {
  const auto& long_factors = weights_.rope_factors_long.weight;
  const auto& short_factors = weights_.rope_factors_short.weight;
  INGOT_TRY(check_divisors("rope_freqs", weights_.rope_freqs.weight));
  INGOT_TRY(check_divisors("rope_factors_long", long_factors));
  INGOT_TRY(check_divisors("rope_factors_short", short_factors));
  if (long_factors.empty() != short_factors.empty()) {
    return invalid("the tensor rope_factors_{}.weight is missing", long_factors.empty() ? "long" : "short");
  }
  const int64_t n_context = options.n_context > 0 ? options.n_context : spec_.context_length;
  for (const RopeSpec& rope : spec_.ropes) {
    std::span<const float> divisors = weights_.rope_freqs.weight;
    if (divisors.empty()) divisors = needs_long_factors(rope, n_context) ? long_factors : short_factors;
    if (!rope.use_factor_tensors) divisors = {};
    weights_.ropes.push_back(make_rope_table(rope, divisors));
  }
  return {};
}

// A head under a name that nothing asks for would leave the token embedding in its place: fluent text, and wrong.
Status WeightLoader::refuse_lost_head() const {
  for (const GgufTensor& tensor : file_.tensors()) {
    const Shape shape{tensor.dims[0], tensor.dims[1], tensor.dims[2] * tensor.dims[3]};
    const bool fits = shape.cols == spec_.dim && shape.rows == spec_.n_vocab && shape.slices == 1;
    // Within a layer it is the head of multi-token prediction (blk.N.nextn.*), which tied models may have too.
    if (!fits || used_.contains(&tensor) || tensor.name.starts_with("blk.")) continue;
    return invalid("the tensor output.weight is missing, but {}, which {} does not use, has its shape {}",
                   printable(tensor.name), spec_.architecture, shape.text());
  }
  return {};
}

// RWKV-7's files keep biases in tensors with names of their own.
void WeightLoader::move_biases() {
  const auto move = [](VectorWeights& from, LinearWeights& to) {
    to.bias = std::move(from.weight);
    for (float& value : to.bias) value /= to.scale;
  };
  for (LayerWeights& layer : weights_.layers) {
    TimeMixWeights& mix = layer.time_mix;
    if (!mix.w0.empty()) move(mix.w0, mix.w2);
    if (!mix.a0.empty()) move(mix.a0, mix.a2);
    if (!mix.v0.empty()) move(mix.v0, mix.v2);
  }
}

Result<LoadedWeights> WeightLoader::finish(const LoadOptions& options) {
  move_biases();
  INGOT_TRY(choose_ropes(options));
  if (weights_.output.empty() && spec_.causal) {
    INGOT_TRY(refuse_lost_head());
    weights_.output = weights_.token_embedding;  // tied: the same pages
  }
  LoadedWeights loaded{.weights = std::move(weights_), .unused_tensors = {}};
  for (const GgufTensor& tensor : file_.tensors()) {
    if (!used_.contains(&tensor)) loaded.unused_tensors.push_back(tensor.name);
  }
  return loaded;
}

void warn_of_unused(std::span<const std::string> unused, size_t n_tensors, const ModelSpec& spec) {
  if (unused.empty()) return;
  constexpr size_t kNamed = 4;
  std::string names;
  for (const std::string& name : unused.first(std::min(kNamed, unused.size()))) {
    names += (names.empty() ? "" : ", ") + printable(name);
  }
  log_warning("{} of {} tensors are not used by the architecture {}: {}{}", unused.size(), n_tensors, spec.architecture,
              names, unused.size() > kNamed ? ", ..." : "");
}

}  // namespace

Result<LoadedWeights> load_weights(const GgufFile& file, const ModelSpec& spec, const Architecture& architecture,
                                   Ops& ops, const LoadOptions& options) {
  WeightLoader loader(file, spec, ops);
  for (const auto group : architecture.tensors) INGOT_TRY(loader.load(group));
  const bool moe = spec.layers.front().ffn_kind == FfnKind::kMoe;
  for (const auto group : moe ? architecture.moe_ffn : architecture.dense_ffn) INGOT_TRY(loader.load(group));
  INGOT_ASSIGN(LoadedWeights loaded, loader.finish(options));
  warn_of_unused(loaded.unused_tensors, file.tensors().size(), spec);
  if (options.check_tensors) INGOT_TRY(check_all_finite(file, options.progress));
  if (options.progress) options.progress(1.0);
  return loaded;
}

}  // namespace ingot::core
