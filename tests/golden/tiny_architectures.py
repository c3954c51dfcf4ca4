"""The tiny models: hyper-parameters and metadata of each architecture, and weights in GGUF's conventions.

Sizes are chosen so that mistakes show: query heads do not divide the width, windows are shorter than the prompt, the
prompt crosses a 64-token boundary, soft caps bite, scales are unlike their defaults. Weights are scaled so that
attention is neither uniform nor a single token, and the router has clear favourites.
"""

import zlib
from dataclasses import dataclass, field

import numpy as np

import tiny_rwkv7

N_TOKENS = 88


@dataclass
class Tiny:
    name: str
    architecture: str
    dim: int = 32
    ffn_dim: int = 64
    n_layers: int = 2
    n_heads: int = 4
    n_kv_heads: int = 2
    head_dim: int = 24
    vocabulary: str = "spm"       # spm, rwkv, or the name of a pre-tokenizer of byte-level BPE
    tied: bool = False
    metadata: dict = field(default_factory=dict)  # keys without the architecture's prefix
    formats: tuple = ("F32", "F16", "Q8_0")
    notes: str = ""
    query_bias: bool = False
    output_bias: bool = False     # of the attention's output projection
    query_norm: str = ""          # "head", "all", or none
    norms: tuple = ("attn_norm", "ffn_norm")
    layer_norm: bool = False
    gated: bool = True
    n_experts: int = 0
    expert_dim: int = 0
    shared_expert_dim: int = 0
    query_gain: float = 1.6       # spread of the attention scores
    vectors: dict = field(default_factory=dict)   # extra float32 tensors, by name
    mixture: tuple = ()           # of the format "mixed": the matrices of the layers take these in turn
    embedding_format: str = ""    # of the format "mixed"
    lacks: tuple = ()             # of RWKV-7's optional parts: dummies, gate, group norm

    @property
    def recurrent(self):
        return self.architecture in tiny_rwkv7.ARCHITECTURES

    @property
    def seed(self):
        return zlib.crc32(self.name.encode())

    def mixed_format(self, tensor_name):
        if not tensor_name.startswith("blk."):
            return self.embedding_format
        _, layer, name, _ = tensor_name.split(".")
        matrices = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]
        return self.mixture[(int(layer) * len(matrices) + matrices.index(name)) % len(self.mixture)]


def _llama3_factors(n_rot, base, factor=8.0, low=1.0, high=4.0, original=32):
    """Llama 3.1's scaling of slow pairs, as the converter stores it: the divisor of each frequency."""
    wavelengths = 2 * np.pi * base ** (np.arange(0, n_rot, 2) / n_rot)
    smooth = np.clip((original / wavelengths - low) / (high - low), 0.0, 1.0)
    return (1.0 / ((1.0 - smooth) / factor + smooth)).astype(np.float32)


_SHORT = np.linspace(1.0, 1.3, 8).astype(np.float32)
_LONG = np.geomspace(1.0, 6.0, 8).astype(np.float32)
_PHI3_LONGROPE = {"rope_factors_short.weight": _SHORT, "rope_factors_long.weight": _LONG}
_SANDWICH = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")
_POST = ("post_attention_norm", "post_ffw_norm")

ALL = [
    Tiny("llama", "llama", dim=64, ffn_dim=96, formats=("F32", "F16", "Q8_0", "Q4_0", "Q5_1"),
         notes="grouped queries, head_dim 24 with dim 64 and 4 heads, untied output"),
    Tiny("llama-linear", "llama", tied=True, query_bias=True, output_bias=True, formats=("F16", "Q4_1"),
         metadata={"rope.scaling.type": "linear", "rope.scaling.factor": 4.0}, vocabulary="llama-bpe",
         notes="linear rope scaling, attention biases, tied embeddings"),
    Tiny("llama3", "llama", tied=True, vocabulary="llama-bpe", formats=("F16", "Q5_0"),
         metadata={"rope.freq_base": 500.0},
         vectors={"rope_freqs.weight": _llama3_factors(24, 500.0)}, notes="Llama 3.1 rope factors"),
    Tiny("llama-yarn", "llama", formats=("F16", "Q8_0"), tied=True,
         metadata={"rope.freq_base": 1000.0, "rope.scaling.type": "yarn", "rope.scaling.factor": 4.0,
                   "rope.scaling.original_context_length": 64, "rope.scaling.yarn_beta_fast": 8.0},
         notes="YaRN with interleaved pairs"),
    Tiny("mistral", "llama", tied=True, formats=("F16", "Q8_0"),
         metadata={"attention.sliding_window": 13, "rope.dimension_count": 16},
         notes="a window in every layer, as Mistral 7B v0.1 defines it; rope over the first 16 of 24 values of a head"),
    Tiny("mixtral", "llama", ffn_dim=32, n_experts=4, expert_dim=32, formats=("F32", "Q8_0", "Q4_0"), tied=True,
         metadata={"expert_count": 4, "expert_used_count": 2}, notes="top 2 of 4 experts, normalised weights"),
    Tiny("qwen2", "qwen2", ffn_dim=96, head_dim=8, tied=True, query_bias=True, vocabulary="qwen2",
         formats=("F32", "Q8_0", "Q4_0"), notes="biases of query, key and value"),
    Tiny("qwen2-yarn", "qwen2", head_dim=8, query_bias=True, vocabulary="qwen2", formats=("F16", "Q8_0"),
         metadata={"rope.freq_base": 1000.0, "rope.scaling.type": "yarn", "rope.scaling.factor": 4.0,
                   "rope.scaling.original_context_length": 64, "rope.scaling.yarn_beta_fast": 8.0},
         notes="YaRN with halves as pairs, head_dim 8, untied output"),
    Tiny("qwen3", "qwen3", tied=True, query_norm="head", vocabulary="qwen2", formats=("F32", "BF16", "Q8_0"),
         metadata={"rope.freq_base": 100000.0}, notes="norm of each query and key head"),
    Tiny("qwen2moe", "qwen2moe", n_heads=2, n_kv_heads=1, head_dim=16, query_bias=True, vocabulary="qwen2",
         n_experts=5, expert_dim=32, shared_expert_dim=96, formats=("F32", "Q8_0", "IQ4_NL"),
         metadata={"expert_count": 5, "expert_used_count": 3, "expert_feed_forward_length": 32,
                   "expert_shared_feed_forward_length": 96},
         notes="top 3 of 5 experts with raw weights, a gated shared expert"),
    Tiny("qwen3moe", "qwen3moe", query_norm="head", vocabulary="qwen2", n_experts=6, expert_dim=32,
         formats=("F32", "F16", "MXFP4"),
         metadata={"expert_count": 6, "expert_used_count": 2, "expert_feed_forward_length": 32},
         notes="top 2 of 6 experts, normalised weights, query and key norms"),
    Tiny("gemma2", "gemma2", n_layers=4, head_dim=16, tied=True, norms=_SANDWICH, formats=("F32", "Q8_0", "Q5_0"),
         metadata={"attention.sliding_window": 9, "attn_logit_softcapping": 3.0, "final_logit_softcapping": 6.0},
         query_gain=2.2, notes="both soft caps, a window of 9 in every other layer, norms before and after each block"),
    Tiny("gemma2-27b", "gemma2", ffn_dim=32, n_layers=46, n_heads=2, n_kv_heads=1, head_dim=32, tied=True,
         norms=_SANDWICH, formats=("Q4_0",),
         metadata={"attention.sliding_window": 33, "attn_logit_softcapping": 8.0, "final_logit_softcapping": 20.0},
         notes="46 layers: scores are scaled by dim / n_heads"),
    Tiny("gemma3", "gemma3", n_layers=7, head_dim=16, n_kv_heads=1, tied=True, norms=_SANDWICH, query_norm="head",
         formats=("F32", "F16", "Q8_0", "Q4_0"),
         metadata={"attention.sliding_window": 10, "rope.freq_base": 100000.0, "rope.scaling.type": "linear",
                   "rope.scaling.factor": 8.0},
         notes="windows of 10 but in layer 5; its rope has another base and linear scaling"),
    Tiny("gemma3-pattern", "gemma3", n_layers=4, head_dim=32, n_heads=2, n_kv_heads=1, tied=True, norms=_SANDWICH,
         query_norm="head", formats=("F16", "Q8_0"),
         metadata={"attention.sliding_window": 8, "attention.sliding_window_pattern": 3, "rope.freq_base": 50000.0,
                   "rope.freq_base_swa": 300.0, "final_logit_softcapping": 7.0},
         notes="period and local rope base from the metadata, final soft cap, dim 32 under one head_dim"),
    Tiny("phi3", "phi3", ffn_dim=96, n_heads=2, n_kv_heads=1, head_dim=16, formats=("F32", "Q8_0", "Q5_0"), vectors=_PHI3_LONGROPE,
         metadata={"rope.scaling.type": "longrope", "rope.scaling.attn_factor": 1.19,
                   "rope.scaling.original_context_length": 64},
         notes="fused query-key-value and gate-up; long factors, since the context 256 is beyond the original 64"),
    Tiny("phi3-short", "phi3", head_dim=16, n_heads=2, n_kv_heads=1, formats=("F16", "Q4_0"), vectors=_PHI3_LONGROPE,
         metadata={"rope.scaling.type": "longrope", "rope.scaling.attn_factor": 1.19, "attention.sliding_window": 14,
                   "rope.scaling.original_context_length": 256},
         notes="short factors, a window in every layer"),
    Tiny("phi3-partial", "phi3", n_heads=2, n_kv_heads=1, head_dim=16, tied=True, formats=("F16",),
         metadata={"rope.dimension_count": 12, "attention.sliding_window": 0},
         notes="rope over the first 12 of 16 values of a head; sliding_window 0 means none"),
    Tiny("olmo2", "olmo2", head_dim=8, query_norm="all", norms=_POST, formats=("F32", "Q8_0", "Q5_0"),
         notes="norms only after each block, query and key norms over all heads"),
    Tiny("olmo3", "olmo2", n_layers=4, head_dim=8, query_norm="all", norms=_POST, formats=("F16", "Q8_0"),
         metadata={"attention.sliding_window": 12, "attention.sliding_window_pattern": [True, True, False, True],
                   "rope.freq_base": 1000.0, "rope.scaling.type": "yarn", "rope.scaling.factor": 4.0,
                   "rope.scaling.original_context_length": 64, "rope.scaling.yarn_beta_fast": 8.0},
         notes="windows by an array of flags; YaRN in the layer without a window alone"),
    Tiny("granite", "granite", head_dim=8, tied=True, formats=("F32", "Q8_0", "Q4_1"),
         metadata={"attention.scale": 0.2, "embedding_scale": 3.0, "residual_scale": 0.4, "logit_scale": 0.7},
         notes="scales of attention, embedding, residual and logits"),
    Tiny("granite-norope", "granite", head_dim=8, formats=("F16",),
         metadata={"rope.scaling.finetuned": False, "attention.scale": 0.3, "logit_scale": 0.7},
         notes="no rope, by the key that llama.cpp gave this meaning"),
    Tiny("starcoder2", "starcoder2", head_dim=8, tied=True, query_bias=True, output_bias=True, layer_norm=True,
         gated=False, vocabulary="starcoder", formats=("F32", "Q8_0", "Q4_1"), notes="layer norm, biases everywhere"),
    Tiny("gpt2", "gpt2", head_dim=8, n_kv_heads=4, tied=True, query_bias=True, output_bias=True, layer_norm=True,
         gated=False, vocabulary="gpt-2", formats=("F32", "F16", "Q4_0"), metadata={"context_length": 128},
         notes="learned positions, fused query-key-value"),
    Tiny("llama-k", "llama", dim=256, ffn_dim=256, head_dim=64, n_kv_heads=1, tied=True, formats=("mixed",),
         mixture=("Q4_K", "Q6_K", "Q5_K", "Q3_K", "Q2_K"), embedding_format="Q3_K", notes="K-quants"),
    Tiny("qwen3-i", "qwen3", dim=256, ffn_dim=256, head_dim=64, n_kv_heads=1, tied=True, formats=("mixed",),
         query_norm="head", vocabulary="qwen2", embedding_format="IQ4_NL",
         mixture=("IQ4_XS", "IQ4_NL", "IQ3_S", "IQ3_XXS", "IQ2_S", "IQ2_XS", "IQ2_XXS", "IQ1_S", "IQ1_M"),
         notes="I-quants"),
    Tiny("gemma3-other", "gemma3", dim=256, ffn_dim=256, head_dim=64, n_kv_heads=1, tied=True, formats=("mixed",),
         query_norm="head", norms=_SANDWICH, embedding_format="Q5_1",
         metadata={"attention.sliding_window": 16, "attention.sliding_window_pattern": 2},
         mixture=("MXFP4", "Q5_1", "TQ1_0", "NVFP4", "TQ2_0", "Q4_1", "Q5_0", "NVFP4"),
         notes="ternary, FP4 and 32-value formats, period 2"),
    Tiny("rwkv7", "rwkv7", dim=128, ffn_dim=96, n_layers=3, vocabulary="rwkv", layer_norm=True,
         formats=("F32", "F16", "Q8_0", "Q4_0"), metadata=tiny_rwkv7.sizes(64, decay=24, rate=16, value=8, gate=40),
         notes="two heads of 64, layer 0 with dummies for the value it returns to"),
    Tiny("rwkv7-nodummy", "rwkv7", dim=96, vocabulary="rwkv", layer_norm=True, formats=("F16", "Q8_0"),
         metadata=tiny_rwkv7.sizes(32, decay=20, rate=12, value=4, gate=28), lacks=("dummies",),
         notes="three heads of 32, layer 0 without dummies"),
    Tiny("arwkv7", "arwkv7", dim=128, ffn_dim=96, vocabulary="qwen2", formats=("F32", "Q8_0"),
         metadata=tiny_rwkv7.sizes(64, decay=16, rate=24, value=12, gate=20) | {"token_shift_count": 1},
         notes="RMS norms, SwiGLU, gate and group norm"),
    Tiny("arwkv7-plain", "arwkv7", dim=128, ffn_dim=96, vocabulary="qwen2", formats=("F16",),
         metadata=tiny_rwkv7.sizes(64, decay=16, rate=24, value=12) | {"token_shift_count": 1},
         lacks=("gate", "group norm"), notes="neither gate nor group norm: five interpolations"),
]


def find(name):
    return next(tiny for tiny in ALL if tiny.name == name)


def make_weights(tiny):
    """name -> float32 array; a weight is (out, in)."""
    rng = np.random.default_rng(tiny.seed)
    out = {}

    def normal(name, *shape, deviation):
        out[name] = (rng.standard_normal(shape) * deviation).astype(np.float32)

    def matrix(name, n_out, n_in, gain=1.0):
        normal(f"{name}.weight", n_out, n_in, deviation=gain / np.sqrt(n_in))

    def norm(name, size):
        out[f"{name}.weight"] = (1.0 + 0.25 * rng.standard_normal(size)).astype(np.float32)
        if tiny.layer_norm:
            normal(f"{name}.bias", size, deviation=0.1)

    def bias(name, size, deviation=0.3):
        normal(f"{name}.bias", size, deviation=deviation)

    vocab_size = 288
    normal("token_embd.weight", vocab_size, tiny.dim, deviation=2.5 / np.sqrt(tiny.dim))
    if tiny.architecture == "gpt2":
        normal("position_embd.weight", 128, tiny.dim, deviation=1.0 / np.sqrt(tiny.dim))
    norm("output_norm", tiny.dim)
    if not tiny.tied:
        matrix("output", vocab_size, tiny.dim, gain=2.5)
    if tiny.recurrent:
        return out | tiny_rwkv7.layer_weights(tiny, rng)
    q_dim, kv_dim = tiny.n_heads * tiny.head_dim, tiny.n_kv_heads * tiny.head_dim
    for layer in range(tiny.n_layers):
        block = f"blk.{layer}"
        for name in tiny.norms:
            norm(f"{block}.{name}", tiny.dim)
        if tiny.architecture in ("phi3", "gpt2"):
            matrix(f"{block}.attn_qkv", q_dim + 2 * kv_dim, tiny.dim)
            out[f"{block}.attn_qkv.weight"][: q_dim + kv_dim] *= tiny.query_gain
            if tiny.query_bias:
                bias(f"{block}.attn_qkv", q_dim + 2 * kv_dim)
        else:
            matrix(f"{block}.attn_q", q_dim, tiny.dim, tiny.query_gain)
            matrix(f"{block}.attn_k", kv_dim, tiny.dim, tiny.query_gain)
            matrix(f"{block}.attn_v", kv_dim, tiny.dim)
            if tiny.query_bias:
                for projection, size in (("q", q_dim), ("k", kv_dim), ("v", kv_dim)):
                    bias(f"{block}.attn_{projection}", size)
        matrix(f"{block}.attn_output", tiny.dim, q_dim, gain=1.5)
        if tiny.output_bias:
            bias(f"{block}.attn_output", tiny.dim)
        if tiny.query_norm:
            for projection, size in (("q", q_dim), ("k", kv_dim)):
                size = tiny.head_dim if tiny.query_norm == "head" else size
                out[f"{block}.attn_{projection}_norm.weight"] = (
                    tiny.query_gain * (0.7 + 0.25 * rng.standard_normal(size))).astype(np.float32)
        _feed_forward_weights(tiny, block, matrix, bias, out)
    return out | tiny.vectors


def _feed_forward_weights(tiny, block, matrix, bias, out):
    if tiny.n_experts:
        matrix(f"{block}.ffn_gate_inp", tiny.n_experts, tiny.dim, gain=1.5)
        for name, n_out, n_in in (("gate", tiny.expert_dim, tiny.dim), ("up", tiny.expert_dim, tiny.dim),
                                  ("down", tiny.dim, tiny.expert_dim)):
            matrix("experts", tiny.n_experts * n_out, n_in, gain=2.0)
            out[f"{block}.ffn_{name}_exps.weight"] = out.pop("experts.weight").reshape(tiny.n_experts, n_out, n_in)
        if tiny.shared_expert_dim:
            matrix("gate", 1, tiny.dim)
            out[f"{block}.ffn_gate_inp_shexp.weight"] = out.pop("gate.weight").reshape(tiny.dim)
            matrix(f"{block}.ffn_gate_shexp", tiny.shared_expert_dim, tiny.dim, gain=1.5)
            matrix(f"{block}.ffn_up_shexp", tiny.shared_expert_dim, tiny.dim, gain=1.5)
            matrix(f"{block}.ffn_down_shexp", tiny.dim, tiny.shared_expert_dim, gain=1.5)
        return
    if tiny.architecture == "phi3":
        matrix(f"{block}.ffn_up", 2 * tiny.ffn_dim, tiny.dim, gain=1.5)
    else:
        matrix(f"{block}.ffn_up", tiny.ffn_dim, tiny.dim, gain=1.5)
        if tiny.gated:
            matrix(f"{block}.ffn_gate", tiny.ffn_dim, tiny.dim, gain=1.5)
    matrix(f"{block}.ffn_down", tiny.dim, tiny.ffn_dim, gain=1.5)
    if not tiny.gated:
        bias(f"{block}.ffn_up", tiny.ffn_dim)
        bias(f"{block}.ffn_down", tiny.dim)
