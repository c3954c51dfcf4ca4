#include "convert/rwkv7_model.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <utility>

#include "base/utf8.h"
#include "convert/plan_builder.h"
#include "convert/rwkv_vocabulary.h"
#include "gguf/metadata_values.h"

namespace ingot::core {
namespace {

constexpr const char* kVocabularyName = "rwkv_vocab_v20230424.txt";
constexpr int64_t kContextLength = 1048576;  // a state has no end; what llama.cpp's converter states
constexpr double kNormEpsilon = 1e-5;
constexpr std::array<std::string_view, 6> kLerpOrder = {"r", "w", "k", "v", "a", "g"};

enum class Form : uint8_t {
  kMatrix,
  kVector,        // also where the checkpoint has dimensions of 1, or one row for each head
  kLowRank,       // transposed in BlinkDL's files
  kExactLowRank,  // the same, kept in F32
};

struct Row {
  std::string_view source;
  std::string_view target;
  Form form = Form::kVector;
};

// The names of one kind of checkpoint. Names of layers are without prefix and number.
struct Names {
  std::string_view marker;  // a tensor that only such a file has
  std::string_view layer_prefix;
  bool low_rank_is_transposed;
  std::string_view lerp;  // before r, w, k, v, a, g
  std::span<const Row> ends;
  std::span<const Row> layer;
};

constexpr std::array kBlinkEnds = {
    Row{"emb.weight", "token_embd.weight", Form::kMatrix},
    Row{"blocks.0.ln0.weight", "token_embd_norm.weight"},
    Row{"blocks.0.ln0.bias", "token_embd_norm.bias"},
    Row{"ln_out.weight", "output_norm.weight"},
    Row{"ln_out.bias", "output_norm.bias"},
    Row{"head.weight", "output.weight", Form::kMatrix},
};

constexpr std::array kBlinkLayer = {
    Row{"ln1.weight", "attn_norm.weight"},
    Row{"ln1.bias", "attn_norm.bias"},
    Row{"ln2.weight", "attn_norm_2.weight"},
    Row{"ln2.bias", "attn_norm_2.bias"},
    Row{"att.w0", "time_mix_w0.weight"},
    Row{"att.w1", "time_mix_w1.weight", Form::kExactLowRank},
    Row{"att.w2", "time_mix_w2.weight", Form::kExactLowRank},
    Row{"att.a0", "time_mix_a0.weight"},
    Row{"att.a1", "time_mix_a1.weight", Form::kLowRank},
    Row{"att.a2", "time_mix_a2.weight", Form::kLowRank},
    Row{"att.v0", "time_mix_v0.weight"},
    Row{"att.v1", "time_mix_v1.weight", Form::kLowRank},
    Row{"att.v2", "time_mix_v2.weight", Form::kLowRank},
    Row{"att.g1", "time_mix_g1.weight", Form::kLowRank},
    Row{"att.g2", "time_mix_g2.weight", Form::kLowRank},
    Row{"att.k_k", "time_mix_k_k.weight"},
    Row{"att.k_a", "time_mix_k_a.weight"},
    Row{"att.r_k", "time_mix_r_k.weight"},
    Row{"att.receptance.weight", "time_mix_receptance.weight", Form::kMatrix},
    Row{"att.key.weight", "time_mix_key.weight", Form::kMatrix},
    Row{"att.value.weight", "time_mix_value.weight", Form::kMatrix},
    Row{"att.output.weight", "time_mix_output.weight", Form::kMatrix},
    Row{"att.ln_x.weight", "time_mix_ln.weight"},
    Row{"att.ln_x.bias", "time_mix_ln.bias"},
    Row{"ffn.x_k", "channel_mix_lerp_k.weight"},
    Row{"ffn.key.weight", "channel_mix_key.weight", Form::kMatrix},
    Row{"ffn.value.weight", "channel_mix_value.weight", Form::kMatrix},
};

constexpr std::array kFlaEnds = {
    Row{"model.embeddings.weight", "token_embd.weight", Form::kMatrix},
    Row{"model.layers.0.pre_norm.weight", "token_embd_norm.weight"},
    Row{"model.layers.0.pre_norm.bias", "token_embd_norm.bias"},
    Row{"model.norm.weight", "output_norm.weight"},
    Row{"model.norm.bias", "output_norm.bias"},
    Row{"lm_head.weight", "output.weight", Form::kMatrix},
};

constexpr std::array kFlaLayer = {
    Row{"attn_norm.weight", "attn_norm.weight"},
    Row{"attn_norm.bias", "attn_norm.bias"},
    Row{"ffn_norm.weight", "attn_norm_2.weight"},
    Row{"ffn_norm.bias", "attn_norm_2.bias"},
    Row{"attn.w_lora.lora.2.bias", "time_mix_w0.weight"},
    Row{"attn.w_lora.lora.0.weight", "time_mix_w1.weight", Form::kExactLowRank},
    Row{"attn.w_lora.lora.2.weight", "time_mix_w2.weight", Form::kExactLowRank},
    Row{"attn.a_lora.lora.2.bias", "time_mix_a0.weight"},
    Row{"attn.a_lora.lora.0.weight", "time_mix_a1.weight", Form::kLowRank},
    Row{"attn.a_lora.lora.2.weight", "time_mix_a2.weight", Form::kLowRank},
    Row{"attn.v_lora.lora.2.bias", "time_mix_v0.weight"},
    Row{"attn.v_lora.lora.0.weight", "time_mix_v1.weight", Form::kLowRank},
    Row{"attn.v_lora.lora.2.weight", "time_mix_v2.weight", Form::kLowRank},
    Row{"attn.g_lora.lora.0.weight", "time_mix_g1.weight", Form::kLowRank},
    Row{"attn.g_lora.lora.2.weight", "time_mix_g2.weight", Form::kLowRank},
    Row{"attn.k_k", "time_mix_k_k.weight"},
    Row{"attn.k_a", "time_mix_k_a.weight"},
    Row{"attn.r_k", "time_mix_r_k.weight"},
    Row{"attn.r_proj.weight", "time_mix_receptance.weight", Form::kMatrix},
    Row{"attn.k_proj.weight", "time_mix_key.weight", Form::kMatrix},
    Row{"attn.v_proj.weight", "time_mix_value.weight", Form::kMatrix},
    Row{"attn.o_proj.weight", "time_mix_output.weight", Form::kMatrix},
    Row{"attn.g_norm.weight", "time_mix_ln.weight"},
    Row{"attn.g_norm.bias", "time_mix_ln.bias"},
    Row{"ffn.x_k", "channel_mix_lerp_k.weight"},
    Row{"ffn.key.weight", "channel_mix_key.weight", Form::kMatrix},
    Row{"ffn.value.weight", "channel_mix_value.weight", Form::kMatrix},
};

constexpr std::array kKinds = {
    Names{"blocks.0.att.x_r", "blocks.", true, "att.x_", kBlinkEnds, kBlinkLayer},
    Names{"model.layers.0.attn.x_r", "model.layers.", false, "attn.x_", kFlaEnds, kFlaLayer},
};

// Tensors by which other versions are told; the first that a checkpoint has decides.
struct OtherVersion {
  std::string_view part_of_name;
  std::string_view version;
};

constexpr std::array kOtherVersions = {
    OtherVersion{".ffn.s_emb", "RWKV-7 with DeepEmbed (v7a, v7b)"},
    OtherVersion{".ffn.s0", "RWKV-7 with DeepEmbed (v7a, v7b)"},
    OtherVersion{".att.time_maa", "RWKV-6"},
    OtherVersion{".att.time_faaaa", "RWKV-5"},
    OtherVersion{".att.time_decay", "RWKV-4 or 5"},
};

Status refuse_other_versions(const Checkpoint& checkpoint) {
  for (const OtherVersion& other : kOtherVersions) {
    for (const auto& [name, tensor] : checkpoint.tensors()) {
      if (name.find(other.part_of_name) == std::string_view::npos) continue;
      return fail(ErrorKind::kUnsupported, "{}: is {}, by its tensor {}; ingot converts RWKV-7 without DeepEmbed",
                  printable(checkpoint.path(), 4096), other.version, printable(name));
    }
  }
  return {};
}

bool is_value_mix(std::string_view target) {
  return target == "time_mix_v0.weight" || target == "time_mix_v1.weight" || target == "time_mix_v2.weight";
}

class Rwkv7Planner {
 public:
  Rwkv7Planner(const Names& names, PlanBuilder& builder) : names_(names), builder_(builder) {}

  Status add_tensors() {
    for (const Row& row : names_.ends) {
      INGOT_ASSIGN(const SafetensorsTensor* source, builder_.take(std::string(row.source)));
      INGOT_TRY(add(*source, row.form, std::string(row.target)));
    }
    // A number that no model has ends at the first layer that is missing.
    n_layers_ = count_layers(builder_.checkpoint(), names_.layer_prefix);
    for (int64_t layer_idx = 0; layer_idx < n_layers_; ++layer_idx) INGOT_TRY(add_layer(layer_idx));
    return builder_.refuse_unused([](std::string_view) { return false; });
  }

  int64_t n_layers() const { return n_layers_; }

  // PyTorch's shape of a tensor of the result.
  std::vector<int64_t> shape_of(std::string_view target) {
    const auto found = std::ranges::find(builder_.plan().tensors, target, &TensorPlan::name);
    return found == builder_.plan().tensors.end() ? std::vector<int64_t>{0, 0} : found->shape;
  }

 private:
  std::string name_in_layer(int64_t layer_idx, std::string_view name) const {
    return fmt::format("{}{}.{}", names_.layer_prefix, layer_idx, name);
  }

  Status add(const SafetensorsTensor& source, Form form, std::string target) {
    TensorPlan tensor{.name = std::move(target), .shape = source.shape, .sources = {&source}};
    const bool matrix = form != Form::kVector;
    if (matrix && source.shape.size() != 2) {
      return invalid("tensor {} has {} dimensions, expected 2", printable(source.name), source.shape.size());
    }
    if (!matrix) tensor.shape = {source.n_values()};
    if (form != Form::kMatrix && matrix && names_.low_rank_is_transposed) {
      tensor.order = RowOrder::kTransposed;
      std::ranges::reverse(tensor.shape);
    }
    return builder_.add(std::move(tensor), form == Form::kExactLowRank ? Storage::kF32 : Storage::kChosen);
  }

  Status add_layer(int64_t layer_idx) {
    INGOT_TRY(add_lerp(layer_idx));
    for (const Row& row : names_.layer) {
      const std::string source_name = name_in_layer(layer_idx, row.source);
      if (layer_idx == 0 && is_value_mix(row.target)) {
        // The first layer has no value to return to: what a file has there means nothing.
        builder_.pass_over(source_name);
        continue;
      }
      INGOT_ASSIGN(const SafetensorsTensor* source, builder_.take(source_name));
      INGOT_TRY(add(*source, row.form, fmt::format("blk.{}.{}", layer_idx, row.target)));
      // llama.cpp wants these tensors in the first layer too, and its converter copies the rate's; nobody reads them.
      if (layer_idx == 0 && row.target.starts_with("time_mix_a")) {
        const std::string part(row.target.substr(std::string_view("time_mix_a").size()));
        INGOT_TRY(add(*source, row.form, "blk.0.time_mix_v" + part));
      }
    }
    return {};
  }

  Status add_lerp(int64_t layer_idx) {
    TensorPlan tensor{.name = fmt::format("blk.{}.time_mix_lerp_fused.weight", layer_idx)};
    for (const std::string_view part : kLerpOrder) {
      INGOT_ASSIGN(const SafetensorsTensor* source,
                   builder_.take(name_in_layer(layer_idx, fmt::format("{}{}", names_.lerp, part))));
      if (!tensor.sources.empty() && source->n_values() != tensor.sources.front()->n_values()) {
        return invalid("tensor {} has {} values, expected {} as in {}", printable(source->name), source->n_values(),
                       tensor.sources.front()->n_values(), printable(tensor.sources.front()->name));
      }
      tensor.sources.push_back(source);
    }
    tensor.shape = {static_cast<int64_t>(kLerpOrder.size()), 1, 1, tensor.sources.front()->n_values()};
    return builder_.add(std::move(tensor), Storage::kF32);
  }

  const Names& names_;
  PlanBuilder& builder_;
  int64_t n_layers_ = 0;
};

Result<int64_t> read_head_size(const Checkpoint& checkpoint, const Names& names) {
  const std::string name = fmt::format("{}0.{}r_k", names.layer_prefix,
                                       names.lerp.substr(0, names.lerp.size() - std::string_view("x_").size()));
  const SafetensorsTensor* tensor = checkpoint.find(name);
  if (tensor == nullptr || tensor->shape.size() != 2) {
    return invalid("{}: tensor {} is missing or has not 2 dimensions, heads and head size",
                   printable(checkpoint.path(), 4096), name);
  }
  return tensor->shape[1];
}

Result<std::string> find_vocabulary(const Checkpoint& checkpoint, const std::string& given) {
  if (!given.empty()) return given;
  const std::string beside = checkpoint.folder() + "/" + kVocabularyName;
  std::error_code ignored;
  if (std::filesystem::exists(beside, ignored)) return beside;
  return invalid("{}: an RWKV checkpoint has no vocabulary, and {} is not beside it: name that file (--vocab)",
                 printable(checkpoint.path(), 4096), kVocabularyName);
}

}  // namespace

bool is_rwkv(const Checkpoint& checkpoint) {
  return std::ranges::any_of(checkpoint.tensors(), [](const auto& entry) {
    const std::string_view name = entry.first;
    return (name.starts_with("blocks.") && name.find(".att.") != std::string_view::npos) || name == kKinds[1].marker;
  });
}

Result<ModelPlan> plan_rwkv7(const Checkpoint& checkpoint, MatrixType type, const std::string& vocabulary) {
  INGOT_TRY(refuse_other_versions(checkpoint));
  const auto names =
      std::ranges::find_if(kKinds, [&](const Names& kind) { return checkpoint.find(kind.marker) != nullptr; });
  if (names == kKinds.end()) {
    return invalid("{}: the tensor {} is missing, which every RWKV-7 has", printable(checkpoint.path(), 4096),
                   kKinds[0].marker);
  }
  ModelPlan plan;
  plan.architecture = "rwkv7";
  PlanBuilder builder(checkpoint, type, plan);
  Rwkv7Planner planner(*names, builder);
  INGOT_TRY(planner.add_tensors());
  INGOT_ASSIGN(const int64_t head_size, read_head_size(checkpoint, *names));

  const auto key = [&](std::string_view name, GgufValue value) {
    plan.metadata.insert(fmt::format("rwkv7.{}", name), std::move(value));
  };
  const auto rank = [&](std::string_view part, int64_t layer_idx) {
    return gguf_uint32(planner.shape_of(fmt::format("blk.{}.time_mix_{}1.weight", layer_idx, part))[0]);
  };
  key("context_length", gguf_uint32(kContextLength));
  key("embedding_length", gguf_uint32(planner.shape_of("token_embd.weight")[1]));
  key("block_count", gguf_uint32(planner.n_layers()));
  key("feed_forward_length", gguf_uint32(planner.shape_of("blk.0.channel_mix_key.weight")[0]));
  key("attention.head_count", gguf_uint32(0));  // llama.cpp requires the key and ignores its value
  key("attention.layer_norm_epsilon", gguf_float32(kNormEpsilon));
  key("wkv.head_size", gguf_uint32(head_size));
  key("attention.decay_lora_rank", rank("w", 0));
  key("attention.iclr_lora_rank", rank("a", 0));
  key("attention.value_residual_mix_lora_rank", rank("v", std::min<int64_t>(1, planner.n_layers() - 1)));
  key("attention.gate_lora_rank", rank("g", 0));

  INGOT_ASSIGN(const std::string vocabulary_path, find_vocabulary(checkpoint, vocabulary));
  INGOT_TRY(add_rwkv_vocabulary(vocabulary_path, planner.shape_of("token_embd.weight")[0], plan.metadata));
  return plan;
}

}  // namespace ingot::core
