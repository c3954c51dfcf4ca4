#include "convert/hf_architecture.h"

namespace ingot::core {
namespace {

using enum HfForm;
using enum HfNeed;

// ---- tensors
// ---------------------------------------------------------------------------------------------------------

// The output matrix is not listed: whether there is one is the same question for all (hf_model.cpp).
constexpr std::array kEnds = {
    HfTensor{"model.embed_tokens", "token_embd"},
    HfTensor{"model.norm", "output_norm"},
};
constexpr std::array kEndsPlusOne = {
    HfTensor{"model.embed_tokens", "token_embd"},
    HfTensor{"model.norm", "output_norm", kPlusOne},
};
constexpr std::array kEndsWithBias = {
    HfTensor{"model.embed_tokens", "token_embd"},
    HfTensor{"model.norm", "output_norm", kAsIs, kRequired},
};
constexpr std::array kGpt2Ends = {
    HfTensor{"wte", "token_embd"},
    HfTensor{"wpe", "position_embd", kExact},
    HfTensor{"ln_f", "output_norm", kAsIs, kRequired},
};

constexpr std::array kPreNorms = {
    HfTensor{"input_layernorm", "attn_norm"},
    HfTensor{"post_attention_layernorm", "ffn_norm"},
};
constexpr std::array kPreNormsWithBias = {
    HfTensor{"input_layernorm", "attn_norm", kAsIs, kRequired},
    HfTensor{"post_attention_layernorm", "ffn_norm", kAsIs, kRequired},
};
// Four norms stand around two blocks: the same name means another place than above.
constexpr std::array kGemmaNorms = {
    HfTensor{"input_layernorm", "attn_norm", kPlusOne},
    HfTensor{"post_attention_layernorm", "post_attention_norm", kPlusOne},
    HfTensor{"pre_feedforward_layernorm", "ffn_norm", kPlusOne},
    HfTensor{"post_feedforward_layernorm", "post_ffw_norm", kPlusOne},
};
constexpr std::array kOlmo2Norms = {
    HfTensor{"post_attention_layernorm", "post_attention_norm"},
    HfTensor{"post_feedforward_layernorm", "post_ffw_norm"},
};

constexpr std::array kInterleavedAttention = {
    HfTensor{"self_attn.q_proj", "attn_q", kQueryRows, kOptional},
    HfTensor{"self_attn.k_proj", "attn_k", kKeyRows, kOptional},
    HfTensor{"self_attn.v_proj", "attn_v", kAsIs, kOptional},
    HfTensor{"self_attn.o_proj", "attn_output", kAsIs, kOptional},
};
template <HfNeed qkv_bias, HfNeed output_bias>
constexpr std::array kAttention = {
    HfTensor{"self_attn.q_proj", "attn_q", kAsIs, qkv_bias},
    HfTensor{"self_attn.k_proj", "attn_k", kAsIs, qkv_bias},
    HfTensor{"self_attn.v_proj", "attn_v", kAsIs, qkv_bias},
    HfTensor{"self_attn.o_proj", "attn_output", kAsIs, output_bias},
};
template <HfForm form>
constexpr std::array kHeadNorms = {
    HfTensor{"self_attn.q_norm", "attn_q_norm", form},
    HfTensor{"self_attn.k_norm", "attn_k_norm", form},
};

template <HfNeed bias>
constexpr std::array kGatedFfn = {
    HfTensor{"mlp.gate_proj", "ffn_gate", kAsIs, bias},
    HfTensor{"mlp.up_proj", "ffn_up", kAsIs, bias},
    HfTensor{"mlp.down_proj", "ffn_down", kAsIs, bias},
};

// GGUF's Phi-3 keeps what is fused as it is; ffn_up holds the gate in its first half.
constexpr std::array kPhi3Layer = {
    HfTensor{"self_attn.qkv_proj", "attn_qkv"},
    HfTensor{"self_attn.o_proj", "attn_output"},
    HfTensor{"mlp.gate_up_proj", "ffn_up"},
    HfTensor{"mlp.down_proj", "ffn_down"},
};
constexpr std::array kStarcoder2Ffn = {
    HfTensor{"mlp.c_fc", "ffn_up", kAsIs, kRequired},
    HfTensor{"mlp.c_proj", "ffn_down", kAsIs, kRequired},
};
constexpr std::array kGpt2Layer = {
    HfTensor{"ln_1", "attn_norm", kAsIs, kRequired},
    HfTensor{"attn.c_attn", "attn_qkv", kTransposed, kRequired},
    HfTensor{"attn.c_proj", "attn_output", kTransposed, kRequired},
    HfTensor{"ln_2", "ffn_norm", kAsIs, kRequired},
    HfTensor{"mlp.c_fc", "ffn_up", kTransposed, kRequired},
    HfTensor{"mlp.c_proj", "ffn_down", kTransposed, kRequired},
};

constexpr std::array kMixtralRouter = {HfTensor{"block_sparse_moe.gate", "ffn_gate_inp", kExact}};
constexpr std::array kMixtralExperts = {
    HfTensor{"block_sparse_moe.experts.{}.w1", "ffn_gate_exps"},
    HfTensor{"block_sparse_moe.experts.{}.w3", "ffn_up_exps"},
    HfTensor{"block_sparse_moe.experts.{}.w2", "ffn_down_exps"},
};
constexpr std::array kQwenRouter = {HfTensor{"mlp.gate", "ffn_gate_inp", kExact}};
constexpr std::array kQwenSharedExpert = {
    HfTensor{"mlp.gate", "ffn_gate_inp", kExact},
    HfTensor{"mlp.shared_expert_gate", "ffn_gate_inp_shexp", kFlattened},
    HfTensor{"mlp.shared_expert.gate_proj", "ffn_gate_shexp"},
    HfTensor{"mlp.shared_expert.up_proj", "ffn_up_shexp"},
    HfTensor{"mlp.shared_expert.down_proj", "ffn_down_shexp"},
};
constexpr std::array kQwenExperts = {
    HfTensor{"mlp.experts.{}.gate_proj", "ffn_gate_exps"},
    HfTensor{"mlp.experts.{}.up_proj", "ffn_up_exps"},
    HfTensor{"mlp.experts.{}.down_proj", "ffn_down_exps"},
};

// ---- settings
// --------------------------------------------------------------------------------------------------------

constexpr std::array kSilu = {HfSetting{"hidden_act", R"("silu")"}};
// By two names: the older one is a remnant in files that have both.
constexpr std::array kGemmaSettings = {HfSetting{"hidden_activation", R"("gelu_pytorch_tanh")", true},
                                       HfSetting{"attention_bias", "false"},
                                       HfSetting{"use_bidirectional_attention", "false"}};
constexpr std::array kStarcoder2Settings = {HfSetting{"hidden_act", R"("gelu_pytorch_tanh")"},
                                            HfSetting{"use_bias", "true"}};
constexpr std::array kGpt2Settings = {
    HfSetting{"activation_function", R"("gelu_new")"}, HfSetting{"scale_attn_weights", "true"},
    HfSetting{"scale_attn_by_inverse_layer_idx", "false"}, HfSetting{"add_cross_attention", "false"}};
constexpr std::array kEveryLayerHasExperts = {HfSetting{"decoder_sparse_step", "1"},
                                              HfSetting{"mlp_only_layers", "[]"}};
constexpr std::array kQwen2MoeSettings = {HfSetting{"hidden_act", R"("silu")"}, HfSetting{"norm_topk_prob", "false"},
                                          HfSetting{"qkv_bias", "true"}};
constexpr std::array kQwen3MoeSettings = {HfSetting{"hidden_act", R"("silu")"},
                                          HfSetting{"norm_topk_prob", "true", true}};

constexpr std::array kMixtralKeys = {
    HfKey{"num_local_experts", "expert_count"},
    HfKey{"num_experts_per_tok", "expert_used_count"},
};
constexpr std::array kQwenExpertKeys = {
    HfKey{"num_experts", "expert_count", true, true, "num_local_experts"},
    HfKey{"num_experts_per_tok", "expert_used_count"},
    HfKey{"moe_intermediate_size", "expert_feed_forward_length"},
};
constexpr std::array kSharedExpertKeys = {
    HfKey{"shared_expert_intermediate_size", "expert_shared_feed_forward_length"},
};
constexpr std::array kSoftcapKeys = {
    HfKey{"attn_logit_softcapping", "attn_logit_softcapping", false, false},
    HfKey{"final_logit_softcapping", "final_logit_softcapping", false, false},
};
constexpr std::array kGraniteKeys = {
    HfKey{"attention_multiplier", "attention.scale", false},
    HfKey{"embedding_multiplier", "embedding_scale", false},
    HfKey{"residual_multiplier", "residual_scale", false},
    HfKey{"logits_scaling", "logit_scale", false},
};

// Readers of GGUF know one exception from queries scaled by the head's size: the 27B models, told by their layers.
template <int64_t layers_of_27b>
Status check_gemma_scale(const JsonObject& config, const HfSizes& sizes) {
  INGOT_ASSIGN(const auto scalar, config.get_float("query_pre_attn_scalar"));
  const bool is_27b = sizes.n_layers == layers_of_27b;
  const auto expected = static_cast<double>(is_27b ? sizes.dim / sizes.n_heads : sizes.head_dim);
  if (scalar && *scalar != expected) return config.wrong("query_pre_attn_scalar", fmt::format("{}", expected));
  return {};
}

// A cap that a file leaves out is one that its readers put there by themselves.
Status check_gemma2(const JsonObject& config, const HfSizes& sizes) {
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"}) {
    INGOT_ASSIGN(const auto cap, config.get_float(key));
    if (!cap || *cap <= 0.0) return config.wrong(key, "a number above 0");
  }
  return check_gemma_scale<46>(config, sizes);
}

constexpr std::array<std::string_view, 2> kGpt2Ignored = {".attn.bias", ".attn.masked_bias"};

// ---- classes
// ---------------------------------------------------------------------------------------------------------

constexpr std::array kArchitectures = {
    HfArchitecture{
        .class_name = "LlamaForCausalLM",
        .gguf_name = "llama",
        .model_tensors = {kEnds},
        .layer_tensors = {kPreNorms, kInterleavedAttention, kGatedFfn<kOptional>},
        .settings = {kSilu},
    },
    HfArchitecture{
        .class_name = "MistralForCausalLM",
        .gguf_name = "llama",
        .model_tensors = {kEnds},
        .layer_tensors = {kPreNorms, kInterleavedAttention, kGatedFfn<kNever>},
        .settings = {kSilu},
        .windows = HfWindows::kEveryLayer,
    },
    HfArchitecture{
        .class_name = "MixtralForCausalLM",
        .gguf_name = "llama",
        .model_tensors = {kEnds},
        .layer_tensors = {kPreNorms, kInterleavedAttention, kMixtralRouter},
        .expert_tensors = kMixtralExperts,
        .keys = {kMixtralKeys},
        .settings = {kSilu},
        .default_rope_base = 1e6,
        .windows = HfWindows::kEveryLayer,
    },
    HfArchitecture{
        .class_name = "Qwen2ForCausalLM",
        .gguf_name = "qwen2",
        .model_tensors = {kEnds},
        .layer_tensors = {kPreNorms, kAttention<kRequired, kNever>, kGatedFfn<kNever>},
        .settings = {kSilu},
    },
    HfArchitecture{
        .class_name = "Qwen2MoeForCausalLM",
        .gguf_name = "qwen2moe",
        .model_tensors = {kEnds},
        .layer_tensors = {kPreNorms, kAttention<kRequired, kNever>, kQwenSharedExpert},
        .expert_tensors = kQwenExperts,
        .keys = {kQwenExpertKeys, kSharedExpertKeys},
        .settings = {kQwen2MoeSettings, kEveryLayerHasExperts},
    },
    HfArchitecture{
        .class_name = "Qwen3ForCausalLM",
        .gguf_name = "qwen3",
        .model_tensors = {kEnds},
        .layer_tensors = {kPreNorms, kAttention<kNever, kNever>, kHeadNorms<kAsIs>, kGatedFfn<kNever>},
        .settings = {kSilu},
    },
    HfArchitecture{
        .class_name = "Qwen3MoeForCausalLM",
        .gguf_name = "qwen3moe",
        .model_tensors = {kEnds},
        .layer_tensors = {kPreNorms, kAttention<kNever, kNever>, kHeadNorms<kAsIs>, kQwenRouter},
        .expert_tensors = kQwenExperts,
        .keys = {kQwenExpertKeys},
        .settings = {kQwen3MoeSettings, kEveryLayerHasExperts},
    },
    HfArchitecture{
        .class_name = "Gemma2ForCausalLM",
        .gguf_name = "gemma2",
        .model_tensors = {kEndsPlusOne},
        .layer_tensors = {kGemmaNorms, kAttention<kNever, kNever>, kGatedFfn<kNever>},
        .keys = {kSoftcapKeys},
        .settings = {kGemmaSettings},
        .windows = HfWindows::kPeriodic,
        .window_period = 2,
        .check = check_gemma2,
    },
    HfArchitecture{
        .class_name = "Gemma3ForCausalLM",
        .gguf_name = "gemma3",
        .model_tensors = {kEndsPlusOne},
        .layer_tensors = {kGemmaNorms, kAttention<kNever, kNever>, kHeadNorms<kPlusOne>, kGatedFfn<kNever>},
        .keys = {kSoftcapKeys},
        .settings = {kGemmaSettings},
        .default_rope_base = 1e6,
        .local_rope = true,
        .windows = HfWindows::kPeriodic,
        .window_period = 6,
        .check = check_gemma_scale<62>,
    },
    HfArchitecture{
        .class_name = "Phi3ForCausalLM",
        .gguf_name = "phi3",
        .model_tensors = {kEnds},
        .layer_tensors = {kPreNorms, kPhi3Layer},
        .settings = {kSilu},
        .partial_rotation = true,
        .windows = HfWindows::kEveryLayer,
    },
    HfArchitecture{
        .class_name = "Olmo2ForCausalLM",
        .gguf_name = "olmo2",
        .model_tensors = {kEnds},
        .layer_tensors = {kOlmo2Norms, kAttention<kNever, kNever>, kHeadNorms<kAsIs>, kGatedFfn<kNever>},
        .settings = {kSilu},
    },
    HfArchitecture{
        .class_name = "Olmo3ForCausalLM",
        .gguf_name = "olmo2",
        .model_tensors = {kEnds},
        .layer_tensors = {kOlmo2Norms, kAttention<kNever, kNever>, kHeadNorms<kAsIs>, kGatedFfn<kNever>},
        .settings = {kSilu},
        .windows = HfWindows::kPeriodic,
        .window_period = 4,
    },
    HfArchitecture{
        .class_name = "GraniteForCausalLM",
        .gguf_name = "granite",
        .model_tensors = {kEnds},
        .layer_tensors = {kPreNorms, kInterleavedAttention, kGatedFfn<kOptional>},
        .keys = {kGraniteKeys},
        .settings = {kSilu},
    },
    HfArchitecture{
        .class_name = "Starcoder2ForCausalLM",
        .gguf_name = "starcoder2",
        .sizes = {.epsilon = "norm_epsilon", .epsilon_key = "attention.layer_norm_epsilon"},
        .model_tensors = {kEndsWithBias},
        .layer_tensors = {kPreNormsWithBias, kAttention<kRequired, kRequired>, kStarcoder2Ffn},
        .settings = {kStarcoder2Settings},
        .windows = HfWindows::kEveryLayer,
    },
    HfArchitecture{
        .class_name = "GPT2LMHeadModel",
        .gguf_name = "gpt2",
        .sizes = {.dim = "n_embd",
                  .n_layers = "n_layer",
                  .n_heads = "n_head",
                  .n_kv_heads = "",
                  .ffn_dim = "n_inner",
                  .ffn_per_dim = 4,
                  .context = "n_positions",
                  .epsilon = "layer_norm_epsilon",
                  .epsilon_key = "attention.layer_norm_epsilon"},
        .model_tensors = {kGpt2Ends},
        .layer_tensors = {kGpt2Layer},
        .settings = {kGpt2Settings},
        .layer_prefix = "h.",
        .optional_prefix = "transformer.",
        .ignored = kGpt2Ignored,
        .has_rope = false,
    },
};

}  // namespace

std::span<const HfArchitecture> all_hf_architectures() {
  return kArchitectures;
}

}  // namespace ingot::core
