// RWKV-7 "Goose": a state of fixed size in place of attention, token shift before the mixer and the feed-forward part.
#include "model/arch/rwkv7_rows.h"

namespace ingot::core {
namespace {

// The output matrix is never the embedding.
constexpr std::array kEnds{
    rows::kEnds[0],
    TensorRow{
        .name = "token_embd_norm", .slot = &Weights::embedding_norm, .rows = Dim::kModel, .bias = Need::kRequired},
    rows::kEndsWithBias[1],
    TensorRow{.name = "output", .slot = &Weights::output, .rows = Dim::kVocab, .cols = Dim::kModel},
};

constexpr std::array kNorms{
    TensorRow{.name = "attn_norm", .slot = &LayerWeights::mixer_norm, .rows = Dim::kModel, .bias = Need::kRequired},
    TensorRow{.name = "attn_norm_2", .slot = &LayerWeights::ffn_norm, .rows = Dim::kModel, .bias = Need::kRequired},
};

constexpr std::array kChannelMix{
    TensorRow{.name = "channel_mix_lerp_k", .slot = &LayerWeights::channel_shift, .rows = Dim::kModel},
    TensorRow{.name = "channel_mix_key", .slot = &LayerWeights::up, .rows = Dim::kFfn, .cols = Dim::kModel},
    TensorRow{.name = "channel_mix_value", .slot = &LayerWeights::down, .rows = Dim::kModel, .cols = Dim::kFfn},
};

}  // namespace

const Architecture kRwkv7{
    .name = "rwkv7",
    .mixer = MixerKind::kRwkv7TimeMix,
    .dense_ffn_kind = FfnKind::kRwkv7ChannelMix,
    .norm = NormKind::kLayer,
    .rope = std::nullopt,
    .activation = Activation::kReluSquared,
    .tensors = {kEnds, kNorms, rows::kRwkv7TimeMix<Need::kRequired, Need::kRequired>},
    .dense_ffn = {kChannelMix},
};

}  // namespace ingot::core
