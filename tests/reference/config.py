"""What a GGUF file says about its architecture, as one flat record: the conventions of GGUF's metadata live here.

Sources: the files that llama.cpp's convert_hf_to_gguf.py writes, and the Hugging Face definition of each architecture
where GGUF leaves something unsaid (activation, order of norms, layers that use a window).
"""

import math
from dataclasses import dataclass, field

import rope as rope_module
from rope import Rope

# Pairs of a head that turn together lie side by side in the files of these architectures: the converter permutes the
# rows of the query and key projections so.
INTERLEAVED_ROPE = {"llama", "granite"}
LAYER_NORM = {"gpt2", "starcoder2"}
GELU = {"gpt2", "starcoder2", "gemma2", "gemma3"}
# Every how manieth layer is global where a window is given, the last of the period; None: a window is in every layer.
DEFAULT_WINDOW_PERIOD = {"gemma2": 2, "gemma3": 6, "olmo2": 4}
NORMALISED_EXPERT_WEIGHTS = {"llama": True, "qwen2moe": False, "qwen3moe": True}
# Gemma's largest models scale scores by dim / n_heads instead of head_dim; GGUF marks them by nothing but their depth.
GEMMA_27B_LAYERS = {"gemma2": 46, "gemma3": 62}

ARCHITECTURES = ["llama", "qwen2", "qwen3", "qwen2moe", "qwen3moe", "gemma2", "gemma3", "phi3", "olmo2", "granite",
                 "starcoder2", "gpt2"]


@dataclass
class Config:
    architecture: str
    dim: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    norm_eps: float
    layer_norm: bool = False
    gelu: bool = False
    attention_scale: float = 1.0
    attention_cap: float = 0.0
    final_cap: float = 0.0
    embedding_scale: float = 1.0
    residual_scale: float = 1.0
    logit_divisor: float = 1.0
    windows: list = field(default_factory=list)  # (n_layers,): 0 where a layer sees everything
    ropes: list = field(default_factory=list)    # (n_layers,): Rope, or None
    n_experts: int = 0
    n_experts_used: int = 0
    normalise_expert_weights: bool = False
    expert_weights_scale: float = 1.0


def read_config(file, context=None):
    """context: tokens the caller makes room for (the model's own context if not given); LongRoPE picks its factors by it."""
    arch = file.architecture
    if arch not in ARCHITECTURES:
        raise ValueError(f"architecture {arch} is not one of {', '.join(ARCHITECTURES)}")
    dim, n_heads, n_layers = file.get("embedding_length"), file.get("attention.head_count"), file.get("block_count")
    head_dim = file.get("attention.key_length", dim // n_heads)
    config = Config(
        architecture=arch, dim=dim, n_layers=n_layers, n_heads=n_heads,
        n_kv_heads=file.get("attention.head_count_kv", n_heads), head_dim=head_dim,
        layer_norm=arch in LAYER_NORM, gelu=arch in GELU,
        norm_eps=file.get("attention.layer_norm_epsilon" if arch in LAYER_NORM
                          else "attention.layer_norm_rms_epsilon"),
        attention_scale=_attention_scale(file, dim, n_heads, n_layers, head_dim),
        attention_cap=file.get("attn_logit_softcapping", 0.0),
        final_cap=file.get("final_logit_softcapping", 0.0),
        embedding_scale=file.get("embedding_scale", math.sqrt(dim) if arch.startswith("gemma") else 1.0),
        residual_scale=file.get("residual_scale", 1.0),
        logit_divisor=file.get("logit_scale", 1.0),
        n_experts=file.get("expert_count", 0), n_experts_used=file.get("expert_used_count", 0),
        normalise_expert_weights=file.get("expert_weights_norm", NORMALISED_EXPERT_WEIGHTS.get(arch, False)),
        expert_weights_scale=file.get("expert_weights_scale", 1.0))
    config.windows = _windows(file, n_layers)
    config.ropes = _ropes(file, config, context or file.get("context_length"))
    return config


def _attention_scale(file, dim, n_heads, n_layers, head_dim):
    if file.has_key("attention.scale"):
        return file.get("attention.scale")
    if GEMMA_27B_LAYERS.get(file.architecture) == n_layers:
        return 1.0 / math.sqrt(dim // n_heads)
    return 1.0 / math.sqrt(head_dim)


def _windows(file, n_layers):
    window = file.get("attention.sliding_window", 4096 if file.architecture == "gemma2" else 0)
    pattern = file.get("attention.sliding_window_pattern", DEFAULT_WINDOW_PERIOD.get(file.architecture, 0))
    if isinstance(pattern, list):
        return [window if windowed else 0 for windowed in pattern]
    return [window if not pattern or layer % pattern < pattern - 1 else 0 for layer in range(n_layers)]


def _ropes(file, config, context):
    arch = file.architecture
    if arch == "gpt2":
        return [None] * config.n_layers
    # llama.cpp's reading of the key for this family: false means that the model has no rope at all.
    if arch == "granite" and not file.get("rope.scaling.finetuned", True):
        return [None] * config.n_layers
    n_rot = file.get("rope.dimension_count", config.head_dim)
    base = file.get("rope.freq_base", 10000.0)
    interleaved = arch in INTERLEAVED_ROPE
    full = Rope(*_scaled_frequencies(file, n_rot, base, context), interleaved)
    local = full
    if arch == "gemma3":  # two bases, and the scaling is for the global layers
        local = Rope(rope_module.plain_inv_freq(n_rot, file.get("rope.freq_base_swa", 10000.0)), 1.0, interleaved)
    elif arch == "olmo2":  # Olmo 3 under this name: YaRN is for the global layers
        local = Rope(rope_module.plain_inv_freq(n_rot, file.get("rope.freq_base_swa", base)), 1.0, interleaved)
    return [local if window else full for window in config.windows]


def _scaled_frequencies(file, n_rot, base, context):
    """(inv_freq, magnitude) of the layers to which the file's scaling applies."""
    for key in ("rope.scaling.yarn_ext_factor", "rope.scaling.yarn_log_multiplier"):
        if file.has_key(key):
            raise NotImplementedError(key)
    inv_freq = rope_module.plain_inv_freq(n_rot, base)
    magnitude = file.get("rope.scaling.attn_factor", 1.0)
    kind = file.get("rope.scaling.type", "none")
    if kind == "linear":
        inv_freq = inv_freq / file.get("rope.scaling.factor")
    elif kind == "yarn":
        factor = file.get("rope.scaling.factor")
        inv_freq = rope_module.yarn_inv_freq(n_rot, base, factor, file.get("rope.scaling.original_context_length"),
                                             file.get("rope.scaling.yarn_beta_fast", 32.0),
                                             file.get("rope.scaling.yarn_beta_slow", 1.0))
        # The converter stores Hugging Face's attention_factor here, which stands in place of the formula.
        magnitude *= file.get("rope.scaling.yarn_attn_factor", rope_module.yarn_magnitude(factor))
    elif kind not in ("none", "longrope"):
        raise NotImplementedError(f"rope.scaling.type {kind}")
    if file.has_tensor("rope_freqs.weight"):  # Llama 3.1
        inv_freq = inv_freq / file.tensor("rope_freqs.weight")
    if file.has_tensor("rope_factors_long.weight"):
        long = context > file.get("rope.scaling.original_context_length")
        inv_freq = inv_freq / file.tensor(f"rope_factors_{'long' if long else 'short'}.weight")
    return inv_freq, magnitude
