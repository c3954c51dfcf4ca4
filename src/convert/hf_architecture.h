// What distinguishes one class of Hugging Face's models from another, as data: the names of its tensors and settings,
// and what becomes of them in a GGUF file. To add one: a row in hf_architectures.cpp, and its line in the test.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "convert/json_file.h"

namespace ingot::core {

// What happens to a tensor on its way.
enum class HfForm : uint8_t {
  kAsIs,
  kQueryRows,   // rows of each head are interleaved, as GGUF wants them where rope turns neighbours
  kKeyRows,     // the same, with the heads of keys
  kPlusOne,     // Gemma's norms, which it stores around zero
  kTransposed,  // GPT-2 stores (in, out)
  kExact,       // F32 in any case: routers, learned positions
  kFlattened,   // (1, n) becomes (n)
};

enum class HfNeed : uint8_t { kNever, kOptional, kRequired };

struct HfTensor {
  std::string_view source;  // without the layer's prefix, without ".weight" and ".bias"; experts: with "{}" for theirs
  std::string_view target;  // without "blk.N."
  HfForm form = HfForm::kAsIs;
  HfNeed bias = HfNeed::kNever;
  HfNeed weight = HfNeed::kRequired;
};

// A setting whose value goes into the file as it is, under the architecture's prefix. Whole numbers and fractions.
struct HfKey {
  std::string_view config;
  std::string_view gguf;
  bool whole = true;
  bool required = true;
  std::string_view config_too = {};  // another name of the same setting, of other versions of transformers
};

// A setting that must have one value, since nothing in a GGUF file tells any other.
struct HfSetting {
  std::string_view config;
  std::string_view expected;  // as JSON
  bool required = false;      // absent means something else
};

// How config.json calls the sizes; an empty name is a size that the class does not have.
struct HfSizeNames {
  std::string_view dim = "hidden_size";
  std::string_view n_layers = "num_hidden_layers";
  std::string_view n_heads = "num_attention_heads";
  std::string_view n_kv_heads = "num_key_value_heads";
  std::string_view ffn_dim = "intermediate_size";
  int64_t ffn_per_dim = 0;  // what an absent ffn_dim means, as a multiple of dim; 0: it must be there
  std::string_view context = "max_position_embeddings";
  std::string_view epsilon = "rms_norm_eps";
  std::string_view epsilon_key = "attention.layer_norm_rms_epsilon";
};

enum class HfWindows : uint8_t {
  kNever,
  kEveryLayer,
  kPeriodic,  // every window_period-th layer sees everything
};

// The sizes of one model.
struct HfSizes {
  int64_t dim = 0;
  int64_t n_layers = 0;
  int64_t n_heads = 0;
  int64_t n_kv_heads = 0;
  int64_t head_dim = 0;
  int64_t n_experts = 0;
  int64_t context = 0;
};

template <typename T, size_t n>
using HfGroups = std::array<std::span<const T>, n>;

struct HfArchitecture {
  std::string_view class_name;  // in config.json's "architectures"
  std::string_view gguf_name;   // general.architecture
  HfSizeNames sizes = {};
  HfGroups<HfTensor, 1> model_tensors = {};
  HfGroups<HfTensor, 4> layer_tensors = {};
  std::span<const HfTensor> expert_tensors = {};  // all experts of a layer become one tensor
  HfGroups<HfKey, 2> keys = {};
  HfGroups<HfSetting, 2> settings = {};
  std::string_view layer_prefix = "model.layers.";
  std::string_view optional_prefix = {};           // that some files have before every name
  std::span<const std::string_view> ignored = {};  // endings of names that are no weights
  bool has_rope = true;
  double default_rope_base = 10000.0;
  bool partial_rotation = false;  // partial_rotary_factor may be below 1
  bool local_rope = false;        // layers with a window have a base of their own
  HfWindows windows = HfWindows::kNever;
  int64_t window_period = 0;
  // For what no field can say; called at the end. May be null.
  Status (*check)(const JsonObject& config, const HfSizes& sizes) = nullptr;
};

std::span<const HfArchitecture> all_hf_architectures();

}  // namespace ingot::core
