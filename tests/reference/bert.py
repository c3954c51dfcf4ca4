"""Encoders of the BERT family in float64: `bert` (Devlin et al., 2018) and `nomic-bert` (Nussbaum et al., 2024).

Every token sees every other one. Norms stand behind the sums: x = LN(x + attention(x)), then x = LN(x + ffn(x)); there
is neither a final norm nor a head. BERT adds learned positions to the embeddings and has biases; Nomic turns queries
and keys instead, gates its feed-forward with SiLU, and has no biases but those of the norms.
"""

import math
from dataclasses import dataclass

import numpy as np

import layers
import rope as rope_module
from gguf_file import LayerTensors
from rope import Rope, rotate

ARCHITECTURES = ("bert", "nomic-bert")
POOLING_TYPES = ("none", "mean", "cls", "last")  # by the number that GGUF gives them


@dataclass
class Config:
    dim: int
    n_layers: int
    n_heads: int
    head_dim: int
    norm_eps: float
    attention_scale: float
    causal: bool
    pooling: str
    rope: Rope | None


def read_config(file):
    dim, n_heads = file.get("embedding_length"), file.get("attention.head_count")
    head_dim = dim // n_heads
    rope = None
    if file.architecture == "nomic-bert":
        rope = Rope(rope_module.plain_inv_freq(head_dim, file.get("rope.freq_base")), 1.0, interleaved=False)
    return Config(dim=dim, n_layers=file.get("block_count"), n_heads=n_heads, head_dim=head_dim,
                  norm_eps=file.get("attention.layer_norm_epsilon"), attention_scale=1.0 / math.sqrt(head_dim),
                  causal=file.get("attention.causal", False), pooling=POOLING_TYPES[file.get("pooling_type", 0)],
                  rope=rope)


def hidden(file, tokens, config=None, trace=None):
    """(tokens, dim). trace: a dict that receives the hidden state after each layer."""
    config = config or read_config(file)
    x = embedded(file, config, np.asarray(tokens))
    for layer in range(config.n_layers):
        x = encoder_layer(LayerTensors(file, layer), config, x)
        if trace is not None:
            trace[f"layer {layer}"] = x
    return x


def embedded(file, config, tokens):
    # One text at a time: all of it is "sentence A", whose type is row 0.
    x = file.tensor("token_embd.weight")[tokens] + file.tensor("token_types.weight")[0]
    if file.has_tensor("position_embd.weight"):
        if len(tokens) > len(file.tensor("position_embd.weight")):
            raise ValueError(f"{len(tokens)} tokens, but positions of {len(file.tensor('position_embd.weight'))}")
        x = x + file.tensor("position_embd.weight")[: len(tokens)]
    return norm(file.tensor("token_embd_norm.weight"), file.optional_tensor("token_embd_norm.bias"), config, x)


def norm(weight, bias, config, x):
    return layers.layer_norm(x, weight, bias, config.norm_eps)


def encoder_layer(tensors, config, x):
    x = _layer_norm(tensors, "attn_output_norm", config, x + attention(tensors, config, x))
    return _layer_norm(tensors, "layer_output_norm", config, x + feed_forward(tensors, x))


def _layer_norm(tensors, name, config, x):
    return norm(tensors.weight(name), tensors.bias(name), config, x)


def attention(tensors, config, x):
    q, k, v = (part.reshape(len(x), config.n_heads, config.head_dim) for part in query_key_value(tensors, x))
    if config.rope is not None:
        positions = np.arange(len(x))
        q, k = rotate(q, positions, config.rope), rotate(k, positions, config.rope)
    mixed = layers.attention(q, k, v, config.attention_scale, causal=config.causal)
    return tensors.linear("attn_output", mixed)


def query_key_value(tensors, x):
    """Three of (tokens, dim). Fused, the rows of all queries come first, then all keys, then all values."""
    if tensors.has("attn_qkv.weight"):
        return np.split(tensors.linear("attn_qkv", x), 3, axis=-1)
    return [tensors.linear(f"attn_{name}", x) for name in "qkv"]


def feed_forward(tensors, x):
    up = tensors.linear("ffn_up", x)
    if tensors.has("ffn_gate.weight"):
        return tensors.linear("ffn_down", layers.silu(tensors.linear("ffn_gate", x)) * up)
    return tensors.linear("ffn_down", layers.gelu(up))


def pooled(states, pooling):
    """states: (tokens, dim), the special tokens among them, as sentence-transformers counts them. Returns (dim,)."""
    if pooling == "mean":
        return np.mean(states, axis=0)
    if pooling in ("cls", "last"):
        return states[0 if pooling == "cls" else -1]
    raise ValueError(f"no embedding of the text without pooling: {pooling}")


def normalised(embedding):
    return embedding / np.linalg.norm(embedding)


def embedding(file, tokens, pooling=None):
    """(dim,) of length 1; pooling as the file says if not given."""
    config = read_config(file)
    return normalised(pooled(hidden(file, tokens, config), pooling or config.pooling))
