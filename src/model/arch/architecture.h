// What distinguishes one architecture from another, as data: its tensors, and the few facts that no metadata key tells.
//
// To add one: a file here that defines an Architecture, its source in ../CMakeLists.txt, a row in registry.h, and a
// tiny model in tests/golden. Everything a metadata key says (sizes, epsilon, rope, windows, soft caps, scales) is read
// for every architecture alike by spec_reader.cpp, with the defaults given here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "model/model_spec.h"
#include "model/weights.h"

namespace ingot::core {

// Sizes that occur in the shapes of tensors.
enum class Dim : uint8_t {
  kOne,
  kModel,  // embedding_length
  kVocab,
  kContext,     // context_length
  kTokenTypes,  // tokenizer.ggml.token_type_count
  kQuery,       // n_heads * key_dim
  kKey,         // n_kv_heads * key_dim
  kValue,       // n_kv_heads * value_dim
  kQkv,         // the three together
  kMixed,       // n_heads * value_dim
  kHead,        // key_dim
  kRotaryHalf,  // rotary_dim / 2
  kFfn,
  kTwoFfn,
  kExperts,
  kExpertFfn,
  kSharedFfn,
  kTimeMix,  // n_heads * head_size, as the next ones of RWKV-7
  kShifted,
  kDecayRank,
  kRateRank,
  kValueRank,
  kGateRank,
};

enum class Need : uint8_t {
  kNever,
  kOptional,
  kRequired,
  kAfterFirstLayer,  // required but in the first layer, where a file may have one that means nothing
};

// Where a tensor goes: a matrix or a vector, of the model or of each layer.
using TensorSlot =
    std::variant<LinearWeights Weights::*, VectorWeights Weights::*, LinearWeights LayerWeights::*,
                 VectorWeights LayerWeights::*, LinearWeights TimeMixWeights::*, VectorWeights TimeMixWeights::*>;

// One matrix or vector and its bias. A row whose slot is of LayerWeights or TimeMixWeights stands for one tensor in
// each layer.
struct TensorRow {
  std::string_view name;  // without "blk.N." and without ".weight" or ".bias"
  TensorSlot slot;
  Dim rows = Dim::kOne;    // outputs; of a vector: its length
  Dim cols = Dim::kOne;    // inputs; of a vector: kOne
  Dim slices = Dim::kOne;  // of vectors: how many of them, one after another
  Need weight = Need::kRequired;
  Need bias = Need::kNever;
};

template <size_t n>
using TensorGroups = std::array<std::span<const TensorRow>, n>;

// The layers that see only a window, where the file gives a window (attention.sliding_window).
struct WindowRule {
  int64_t period = 0;          // every period-th layer sees everything; 0 = none does. A key of the file overrides it.
  int64_t default_window = 0;  // where the file gives none
};

// Rope of the layers with a window, where it differs from that of the others.
struct LocalRope {
  double default_base = 0.0;  // 0 = that of the other layers; the key rope.freq_base_swa overrides it
  bool scaled = true;         // linear, YaRN, ... reach these layers too
};

struct Architecture {
  std::string_view name;  // general.architecture
  bool causal = true;     // false: an encoder, without a head
  MixerKind mixer = MixerKind::kAttention;
  FfnKind dense_ffn_kind = FfnKind::kGated;
  NormKind norm = NormKind::kRms;
  std::optional<RopeLayout> rope = RopeLayout::kHalves;  // empty: no rope
  std::string_view rope_switch = {};  // a key whose `false` takes the rope away; empty: there is none
  Activation activation = Activation::kSilu;
  bool scale_embedding_by_sqrt_dim = false;
  bool normalize_expert_weights = true;
  float default_attention_softcap = 0.0f;
  float default_logit_softcap = 0.0f;
  WindowRule window = {};
  LocalRope local_rope = {};
  // Groups of rows from tensor_rows.h or the architecture's own file. dense_ffn and moe_ffn: one of them is used,
  // by expert_count; an architecture that leaves one empty refuses the other kind of file.
  TensorGroups<8> tensors = {};
  TensorGroups<2> dense_ffn = {};
  TensorGroups<2> moe_ffn = {};
  // For what no field above can say; called at the end of reading the metadata. May be null.
  void (*finish)(ModelSpec& spec) = nullptr;
};

}  // namespace ingot::core
