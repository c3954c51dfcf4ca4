// The architecture of one model as data: what arch/ and the file's metadata say, checked, before any weight is looked
// at.
//
// A model is a list of layers, each a mixer (which looks at other positions) and a feed-forward part (which does not),
// each with norms and a residual. What a tensor's presence says (a bias, a norm before or after, a norm of queries and
// keys, a fused projection) is not repeated here: forward() does what weights there are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "ops/ops.h"

namespace ingot::core {

enum class MixerKind : uint8_t { kAttention, kRwkv7TimeMix };
enum class FfnKind : uint8_t {
  kGated,  // without a gate matrix: the plain two-matrix form
  kMoe,
  kRwkv7ChannelMix,
};

struct AttentionSpec {
  int64_t n_heads = 0;
  int64_t n_kv_heads = 0;
  int64_t key_dim = 0;    // of one head
  int64_t value_dim = 0;  // of one head
  float scale = 1.0f;     // on q.k
  float softcap = 0.0f;   // 0 = none
  int64_t window = 0;     // 0 = all positions before; else position t sees (t - window, t]
  int rope = -1;          // index into ModelSpec::ropes, -1 = none

  int64_t query_width() const { return n_heads * key_dim; }
  int64_t key_width() const { return n_kv_heads * key_dim; }
  int64_t value_width() const { return n_kv_heads * value_dim; }
  int64_t mixed_width() const { return n_heads * value_dim; }
  bool operator==(const AttentionSpec&) const = default;
};

// RWKV-7's mixer; its state is a matrix for each head.
struct TimeMixSpec {
  int64_t n_heads = 0;
  int64_t head_size = 0;
  int64_t n_shifted = 0;  // mixtures of a token with the one before: r, w, k, v, a and, where there is a gate, g
  // Of the products in two factors; 0 where a file has none.
  int64_t decay_rank = 0;  // w
  int64_t rate_rank = 0;   // a, the in-context learning rate
  int64_t value_rank = 0;  // of v's way to that of the first layer, which has none itself
  int64_t gate_rank = 0;   // g

  int64_t width() const { return n_heads * head_size; }
  // GroupNorm's, which no file tells.
  float norm_epsilon() const { return 1e-5f * static_cast<float>(head_size); }
  bool operator==(const TimeMixSpec&) const = default;
};

struct FfnSpec {
  Activation activation = Activation::kSilu;
  int64_t ffn_dim = 0;    // of the dense part; 0 in a mixture of experts
  int64_t n_experts = 0;  // kMoe from here on
  int64_t expert_ffn_dim = 0;
  int64_t shared_ffn_dim = 0;  // of the expert that every token passes, 0 = none
  RouteParams route;
  bool operator==(const FfnSpec&) const = default;
};

struct LayerSpec {
  MixerKind mixer = MixerKind::kAttention;
  AttentionSpec attention;  // of the kind that `mixer` says, this one or the next
  TimeMixSpec time_mix;
  FfnKind ffn_kind = FfnKind::kGated;
  FfnSpec ffn;
  bool operator==(const LayerSpec&) const = default;  // layers that are alike form a group in reports
};

enum class RopeScaling : uint8_t { kNone, kLinear, kYarn, kLongRope };

struct RopeSpec {
  RopeLayout layout = RopeLayout::kInterleaved;
  int64_t rotary_dim = 0;  // even, at most the head's key_dim
  double base = 10000.0;
  RopeScaling scaling = RopeScaling::kNone;
  double factor = 1.0;            // kLinear, kYarn: context that the scaling adds, as a multiple
  int64_t original_context = 0;   // kYarn, kLongRope: positions the model was first trained on
  double attention_factor = 1.0;  // on cos and sin, beside what YaRN itself asks for
  double yarn_magnitude = 0.0;    // overrides YaRN's own factor on cos and sin, 0 = its own
  double yarn_beta_fast = 32.0;
  double yarn_beta_slow = 1.0;
  double yarn_extrapolation = 1.0;
  bool use_factor_tensors = false;  // rope_freqs, rope_factors_long and rope_factors_short divide the frequencies
};

// Which rows of a text are to be its embedding, as files say.
enum class PoolingKind : uint8_t { kUnknown, kNone, kMean, kFirst, kLast };

struct ModelSpec {
  std::string architecture;
  std::string name;  // general.name, or ""
  int64_t dim = 0;
  int64_t n_vocab = 0;
  int64_t n_token_types = 0;   // of encoders
  int64_t context_length = 0;  // positions the model was trained on
  bool causal = true;          // false: every row sees all of its text, which is read at once; there is no next token
  PoolingKind pooling = PoolingKind::kUnknown;
  NormKind norm = NormKind::kRms;
  float norm_epsilon = 0.0f;
  float embedding_scale = 1.0f;
  float residual_scale = 1.0f;  // on what a mixer or feed-forward part adds to the residual
  float logit_scale = 1.0f;
  float logit_softcap = 0.0f;   // 0 = none
  std::vector<RopeSpec> ropes;  // 0: of layers that see everything; 1, where it differs: of layers with a window
  std::vector<LayerSpec> layers;

  int64_t n_layers() const { return static_cast<int64_t>(layers.size()); }
};

// Whether sequences have a recurrent state.
inline bool is_recurrent(const ModelSpec& spec) {
  return std::ranges::any_of(spec.layers, [](const LayerSpec& layer) { return layer.mixer != MixerKind::kAttention; });
}

}  // namespace ingot::core
