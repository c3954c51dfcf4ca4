"""Weights of the tiny RWKV-7 and ARWKV-7 models, in GGUF's conventions.

Decays reach from 0.55, which forgets within a few tokens, to 0.9995, which carries the first tokens to the last ones.
In-context rates and value shares spread around a half, and no key is orthogonal to another, so that what the state
removes is much of what it holds. Where a group norm follows, values are small enough for its epsilon to show.
"""

import numpy as np

ARCHITECTURES = ("rwkv7", "arwkv7")
_RANK_KEYS = {"decay": "decay", "rate": "iclr", "value": "value_residual_mix", "gate": "gate"}


def sizes(head_size, **ranks):
    """Metadata, without the architecture's prefix."""
    rank_keys = {f"attention.{_RANK_KEYS[part]}_lora_rank": rank for part, rank in ranks.items()}
    return {"wkv.head_size": head_size} | rank_keys


def layer_weights(tiny, rng):
    """name -> float32 array of all layers, and the norm of the embedding; a matrix is (out, in)."""
    out = {}
    if tiny.architecture == "rwkv7":
        _norm(out, rng, "token_embd_norm", tiny.dim, biased=True)
    for layer in range(tiny.n_layers):
        block = f"blk.{layer}"
        _norm(out, rng, f"{block}.attn_norm", tiny.dim, tiny.layer_norm)
        _time_mix(tiny, rng, layer, out)
        if tiny.architecture == "rwkv7":
            _norm(out, rng, f"{block}.attn_norm_2", tiny.dim, tiny.layer_norm)
            out[f"{block}.channel_mix_lerp_k.weight"] = rng.uniform(0.0, 1.0, tiny.dim).astype(np.float32)
            _matrix(out, rng, f"{block}.channel_mix_key", tiny.ffn_dim, tiny.dim)
            _matrix(out, rng, f"{block}.channel_mix_value", tiny.dim, tiny.ffn_dim, gain=0.8)
        else:
            _norm(out, rng, f"{block}.ffn_norm", tiny.dim, tiny.layer_norm)
            for name in ("gate", "up"):
                _matrix(out, rng, f"{block}.ffn_{name}", tiny.ffn_dim, tiny.dim, gain=1.5)
            _matrix(out, rng, f"{block}.ffn_down", tiny.dim, tiny.ffn_dim, gain=1.5)
    return out


def _time_mix(tiny, rng, layer, out):
    block, dim = f"blk.{layer}.time_mix", tiny.dim
    gated, grouped = "gate" not in tiny.lacks, "group norm" not in tiny.lacks
    ranks = {part: tiny.metadata.get(f"attention.{key}_lora_rank", 0) for part, key in _RANK_KEYS.items()}

    def vector(name, values):
        out[f"{block}_{name}.weight"] = np.asarray(values, np.float32)

    def low_rank(name, rank, gain):
        _matrix(out, rng, f"{block}_{name}1", rank, dim)
        _matrix(out, rng, f"{block}_{name}2", dim, rank, gain)

    vector("lerp_fused", rng.uniform(0.0, 1.0, (5 + gated, 1, 1, dim)))
    _matrix(out, rng, f"{block}_receptance", dim, dim, gain=0.6)
    _matrix(out, rng, f"{block}_key", dim, dim, gain=0.6)
    _matrix(out, rng, f"{block}_value", dim, dim, gain=0.06 if grouped else 0.3)
    _matrix(out, rng, f"{block}_output", dim, dim, gain=1.0)
    vector("w0", rng.uniform(-7.0, 4.0, dim))
    low_rank("w", ranks["decay"], gain=2.0)
    vector("a0", rng.standard_normal(dim))
    low_rank("a", ranks["rate"], gain=1.0)
    if layer:
        vector("v0", rng.standard_normal(dim))
        low_rank("v", ranks["value"], gain=1.0)
    elif "dummies" not in tiny.lacks:
        out |= {f"{block}_v{part}.weight": out[f"{block}_a{part}.weight"] for part in "012"}
    if gated:
        low_rank("g", ranks["gate"], gain=2.0)
    vector("k_k", 0.9 + 0.4 * rng.standard_normal(dim))
    vector("k_a", 1.0 + 0.2 * rng.standard_normal(dim))
    vector("r_k", (3.0 if grouped else 0.5) * rng.standard_normal(dim))
    if grouped:
        _norm(out, rng, f"{block}_ln", dim, biased=True)


def _norm(out, rng, name, size, biased):
    out[f"{name}.weight"] = (1.0 + 0.25 * rng.standard_normal(size)).astype(np.float32)
    if biased:
        out[f"{name}.bias"] = (0.1 * rng.standard_normal(size)).astype(np.float32)


def _matrix(out, rng, name, n_out, n_in, gain=1.0):
    out[f"{name}.weight"] = (rng.standard_normal((n_out, n_in)) * gain / np.sqrt(n_in)).astype(np.float32)
