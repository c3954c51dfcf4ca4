"""The tiny encoders: metadata and weights of `bert` and `nomic-bert`, in GGUF's conventions.

Embeddings are as small as trained ones (deviation 0.01), so that the epsilon of the first norm shows; the gains of the
layers are those of the tiny decoders.
"""

import zlib
from dataclasses import dataclass

import numpy as np

VOCAB_SIZE = 288
N_TYPES = 2
MEAN, CLS = 1, 2  # pooling, as GGUF numbers it


@dataclass
class TinyEncoder:
    name: str
    architecture: str
    n_heads: int
    n_layers: int
    norm_eps: float
    pooling: int
    formats: tuple
    notes: str
    dim: int = 64
    ffn_dim: int = 96
    context: int = 96

    @property
    def seed(self):
        return zlib.crc32(self.name.encode())

    @property
    def nomic(self):
        return self.architecture == "nomic-bert"

    def metadata(self):
        """Without the architecture's prefix."""
        keys = {"context_length": self.context, "embedding_length": self.dim, "block_count": self.n_layers,
                "feed_forward_length": self.ffn_dim, "attention.head_count": self.n_heads,
                "attention.layer_norm_epsilon": self.norm_eps, "attention.causal": False, "pooling_type": self.pooling}
        return keys | ({"rope.freq_base": 1000.0} if self.nomic else {})


ALL = [
    TinyEncoder("bert", "bert", n_heads=4, n_layers=3, norm_eps=1e-12, pooling=MEAN,
                formats=("F32", "F16", "Q8_0", "Q4_0"),
                notes="learned positions, biases everywhere, exact GELU, no token sees less than all"),
    TinyEncoder("nomic-bert", "nomic-bert", n_heads=2, n_layers=2, norm_eps=1e-5, pooling=CLS,
                formats=("F32", "Q8_0"),
                notes="fused query-key-value, rope by halves with base 1000, gated SiLU, biases of norms alone"),
]


def make_weights(tiny):
    """name -> float32 array; a weight is (out, in)."""
    rng = np.random.default_rng(tiny.seed)
    out = {}

    def normal(name, *shape, deviation):
        out[name] = (rng.standard_normal(shape) * deviation).astype(np.float32)

    def norm(name):
        out[f"{name}.weight"] = (1.0 + 0.25 * rng.standard_normal(tiny.dim)).astype(np.float32)
        normal(f"{name}.bias", tiny.dim, deviation=0.1)

    def linear(name, n_out, n_in, gain):
        normal(f"{name}.weight", n_out, n_in, deviation=gain / np.sqrt(n_in))
        if not tiny.nomic:
            normal(f"{name}.bias", n_out, deviation=0.3)

    normal("token_embd.weight", VOCAB_SIZE, tiny.dim, deviation=0.01)
    normal("token_types.weight", N_TYPES, tiny.dim, deviation=0.01)
    if not tiny.nomic:
        normal("position_embd.weight", tiny.context, tiny.dim, deviation=0.01)
    norm("token_embd_norm")
    for layer in range(tiny.n_layers):
        block = f"blk.{layer}"
        if tiny.nomic:
            linear(f"{block}.attn_qkv", 3 * tiny.dim, tiny.dim, gain=1.6)
        else:
            for name, gain in (("q", 1.6), ("k", 1.6), ("v", 1.0)):
                linear(f"{block}.attn_{name}", tiny.dim, tiny.dim, gain)
        linear(f"{block}.attn_output", tiny.dim, tiny.dim, gain=1.5)
        norm(f"{block}.attn_output_norm")
        for name in ("gate", "up") if tiny.nomic else ("up",):
            linear(f"{block}.ffn_{name}", tiny.ffn_dim, tiny.dim, gain=1.5)
        linear(f"{block}.ffn_down", tiny.dim, tiny.ffn_dim, gain=1.5)
        norm(f"{block}.layer_output_norm")
    return out
