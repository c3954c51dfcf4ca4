"""Checks the NumPy forward against Hugging Face's models: random weights, exported to GGUF, both logits compared.

    python tests/reference/check_against_transformers.py        needs torch, transformers (5), gguf; no network

Prints for each case the largest difference relative to the standard deviation of the logits; float32 on the side of
torch leaves 1e-6 to 1e-5. Exits with 1 where a case is above 1e-4. Run by hand when the forward changes.
"""

import os
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers as hf

import hf_export
from forward import logits
from gguf_file import GgufFile

TOLERANCE = 1e-4
N_TOKENS = 80
torch.set_num_threads(2)
hf.logging.set_verbosity_error()

_SIZES = dict(vocab_size=97, hidden_size=48, intermediate_size=80, num_hidden_layers=3, num_attention_heads=4,
              num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-5, pad_token_id=0, bos_token_id=1,
              eos_token_id=2)
_YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=64, beta_fast=8.0, rope_theta=1000.0)
_YARN_KEYS = {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 64,
              "rope.scaling.yarn_beta_fast": 8.0, "rope.freq_base": 1000.0}
_SHORT, _LONG = list(np.linspace(1.0, 1.3, 6)), list(np.geomspace(1.0, 6.0, 6))


def _longrope(original):
    return dict(rope_type="longrope", short_factor=_SHORT, long_factor=_LONG, rope_theta=10000.0,
                original_max_position_embeddings=original)


def _longrope_keys(original):
    factor = 256 / original
    return {"rope.scaling.type": "longrope", "rope.scaling.original_context_length": original,
            "rope.scaling.attn_factor": float(np.sqrt(1 + np.log(factor) / np.log(original))) if factor > 1 else 1.0}


_LONGROPE_TENSORS = {"rope_factors_short.weight": np.array(_SHORT, np.float32),
                     "rope_factors_long.weight": np.array(_LONG, np.float32)}
_MOE_KEYS = {"expert_count": 6, "expert_used_count": 2, "expert_feed_forward_length": 40}


def cases():
    """(name, GGUF architecture, Hugging Face config, metadata beside the sizes, extra tensors)"""

    def case(name, architecture, config_class, keys=None, tensors=None, **fields):
        return name, architecture, config_class(**(_SIZES | fields)), keys or {}, tensors or {}

    yield case("llama", "llama", hf.LlamaConfig)
    yield case("llama, head_dim 20, biases", "llama", hf.LlamaConfig, head_dim=20, attention_bias=True)
    yield case("llama, linear rope", "llama", hf.LlamaConfig, {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0},
               rope_parameters=dict(rope_type="linear", factor=4.0, rope_theta=10000.0), tie_word_embeddings=True)
    yield case("llama, YaRN", "llama", hf.LlamaConfig, _YARN_KEYS, rope_parameters=dict(_YARN))
    yield case("llama, YaRN, own magnitude", "llama", hf.LlamaConfig,
               _YARN_KEYS | {"rope.scaling.yarn_attn_factor": 0.8},
               rope_parameters=_YARN | {"attention_factor": 0.8})
    llama3 = hf.LlamaConfig(**_SIZES, rope_parameters=dict(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, rope_theta=500.0,
        original_max_position_embeddings=32))
    yield "llama 3.1", "llama", llama3, {"rope.freq_base": 500.0}, {"rope_freqs.weight": hf_export.llama3_factors(llama3)}
    yield case("mistral, window", "llama", hf.MistralConfig, {"attention.sliding_window": 13}, sliding_window=13)
    yield case("mixtral", "llama", hf.MixtralConfig, {"expert_count": 6, "expert_used_count": 2, "rope.freq_base": 1e6},
               num_local_experts=6, num_experts_per_tok=2, sliding_window=None)
    yield case("qwen2", "qwen2", hf.Qwen2Config)
    yield case("qwen2, YaRN", "qwen2", hf.Qwen2Config, _YARN_KEYS, rope_parameters=dict(_YARN))
    yield case("qwen3", "qwen3", hf.Qwen3Config, head_dim=20, tie_word_embeddings=True)
    yield case("qwen2moe", "qwen2moe", hf.Qwen2MoeConfig, _MOE_KEYS | {"expert_shared_feed_forward_length": 56},
               num_experts=6, num_experts_per_tok=2, moe_intermediate_size=40, shared_expert_intermediate_size=56,
               norm_topk_prob=False)
    yield case("qwen3moe", "qwen3moe", hf.Qwen3MoeConfig, _MOE_KEYS, num_experts=6, num_experts_per_tok=2,
               moe_intermediate_size=40, norm_topk_prob=True, head_dim=20)
    yield case("gemma2", "gemma2", hf.Gemma2Config,
               {"attention.sliding_window": 9, "attn_logit_softcapping": 3.0, "final_logit_softcapping": 6.0},
               num_hidden_layers=4, head_dim=20, query_pre_attn_scalar=20, sliding_window=9,
               attn_logit_softcapping=3.0, final_logit_softcapping=6.0)
    yield case("gemma2, 27B's scale", "gemma2", hf.Gemma2Config,
               {"attention.sliding_window": 9, "attn_logit_softcapping": 3.0, "final_logit_softcapping": 6.0},
               num_hidden_layers=46, head_dim=20, query_pre_attn_scalar=12, sliding_window=9,
               attn_logit_softcapping=3.0, final_logit_softcapping=6.0)
    yield case("gemma3", "gemma3", hf.Gemma3TextConfig,
               {"attention.sliding_window": 10, "rope.freq_base": 100000.0, "rope.scaling.type": "linear",
                "rope.scaling.factor": 8.0}, num_hidden_layers=7, head_dim=20, query_pre_attn_scalar=20,
               sliding_window=10, rope_parameters={
                   "full_attention": dict(rope_type="linear", factor=8.0, rope_theta=100000.0),
                   "sliding_attention": dict(rope_type="default", rope_theta=10000.0)})
    yield case("gemma3, period 3", "gemma3", hf.Gemma3TextConfig,
               {"attention.sliding_window": 10, "attention.sliding_window_pattern": 3, "rope.freq_base": 50000.0,
                "rope.freq_base_swa": 300.0, "final_logit_softcapping": 7.0},
               num_hidden_layers=4, head_dim=20, query_pre_attn_scalar=20, sliding_window=10,
               final_logit_softcapping=7.0, layer_types=["sliding_attention", "sliding_attention", "full_attention",
                                                         "sliding_attention"],
               rope_parameters={"full_attention": dict(rope_type="default", rope_theta=50000.0),
                                "sliding_attention": dict(rope_type="default", rope_theta=300.0)})
    yield case("phi3, long factors", "phi3", hf.Phi3Config, _longrope_keys(64), _LONGROPE_TENSORS,
               rope_parameters=_longrope(64), original_max_position_embeddings=64)
    yield case("phi3, short factors, window", "phi3", hf.Phi3Config,
               _longrope_keys(128) | {"attention.sliding_window": 14}, _LONGROPE_TENSORS,
               rope_parameters=_longrope(128), original_max_position_embeddings=128, sliding_window=14)
    yield case("phi3, partial rope", "phi3", hf.Phi3Config, {"rope.dimension_count": 8},
               rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.67))
    yield case("olmo2", "olmo2", hf.Olmo2Config)
    yield case("olmo3", "olmo2", hf.Olmo3Config,
               _YARN_KEYS | {"attention.sliding_window": 12, "attention.sliding_window_pattern": [True, False, True]},
               sliding_window=12, layer_types=["sliding_attention", "full_attention", "sliding_attention"],
               rope_parameters={"full_attention": dict(_YARN),
                                "sliding_attention": dict(rope_type="default", rope_theta=1000.0)})
    yield case("granite", "granite", hf.GraniteConfig,
               {"attention.scale": 0.2, "embedding_scale": 3.0, "residual_scale": 0.4, "logit_scale": 0.7},
               attention_multiplier=0.2, embedding_multiplier=3.0, residual_multiplier=0.4, logits_scaling=0.7)
    yield case("starcoder2", "starcoder2", hf.Starcoder2Config, sliding_window=None, norm_epsilon=1e-5,
               tie_word_embeddings=True)
    yield "gpt2", "gpt2", hf.GPT2Config(
        vocab_size=97, n_embd=48, n_layer=3, n_head=4, n_positions=128, layer_norm_epsilon=1e-5, bos_token_id=1,
        eos_token_id=2), {}, {}


def size_keys(config, architecture):
    if architecture == "gpt2":
        return {"context_length": config.n_positions, "embedding_length": config.n_embd, "block_count": config.n_layer,
                "feed_forward_length": 4 * config.n_embd, "attention.head_count": config.n_head,
                "attention.layer_norm_epsilon": config.layer_norm_epsilon}
    keys = {"context_length": config.max_position_embeddings, "embedding_length": config.hidden_size,
            "block_count": config.num_hidden_layers, "feed_forward_length": config.intermediate_size,
            "attention.head_count": config.num_attention_heads, "attention.head_count_kv": config.num_key_value_heads}
    if architecture == "starcoder2":
        keys["attention.layer_norm_epsilon"] = config.norm_epsilon
    else:
        keys["attention.layer_norm_rms_epsilon"] = config.rms_norm_eps
    head_dim = getattr(config, "head_dim", None)
    if head_dim:
        keys |= {"attention.key_length": head_dim, "attention.value_length": head_dim}
    return keys


def randomise(model, architecture):
    """Weights under which attention and routing are neither uniform nor saturated."""
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.ndim == 1:
            centre = 0.0 if name.endswith("bias") or architecture.startswith("gemma") else 1.0
            parameter.data = centre + 0.25 * noise
            continue
        n_in = parameter.shape[0] if architecture == "gpt2" and ".h." in name else parameter.shape[-1]
        gain = 2.0 if "q_proj" in name or "k_proj" in name or "embed" in name or "wte" in name else 1.3
        parameter.data = noise * gain / n_in**0.5


def largest_difference(name, architecture, config, keys, extra_tensors):
    config._attn_implementation = "eager"
    model = hf.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval().float()
    randomise(model, architecture)
    model.tie_weights()
    tokens = np.random.default_rng(2).integers(3, 97, size=N_TOKENS)
    with torch.no_grad():
        expected = model(torch.tensor(tokens)[None]).logits[0].numpy().astype(np.float64)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.gguf")
        hf_export.write(path, architecture, size_keys(config, architecture) | keys,
                        hf_export.gguf_tensors(model, architecture) | extra_tensors)
        # LongRoPE: Hugging Face chooses the factors by the length of the prompt.
        found = logits(GgufFile(path), tokens, context=N_TOKENS)
    return np.max(np.abs(found - expected)) / np.std(expected)


def main():
    failed = False
    for name, architecture, config, keys, tensors in cases():
        difference = largest_difference(name, architecture, config, keys, tensors)
        failed |= not difference <= TOLERANCE
        print(f"{name:30s} {difference:.1e}{'' if difference <= TOLERANCE else '  DIFFERS'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
