"""Rotary position embedding and its ways to reach beyond the context a model was trained on.

Sources: RoFormer (Su et al., 2021); position interpolation (Chen et al., 2023) for `linear`; YaRN (Peng et al., 2023);
Llama 3.1's frequency factors and LongRoPE (Ding et al., 2024) arrive as tensors that divide the frequencies.
"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass
class Rope:
    inv_freq: np.ndarray  # (n_rot / 2,): angle a pair turns per position
    magnitude: float      # cosine and sine are multiplied by it
    interleaved: bool     # pairs (2i, 2i + 1), as in the RoFormer paper; else (i, i + n_rot / 2), as in GPT-NeoX


def plain_inv_freq(n_rot, base):
    return base ** -(np.arange(0, n_rot, 2, dtype=np.float64) / n_rot)


def yarn_inv_freq(n_rot, base, factor, original_context, beta_fast=32.0, beta_slow=1.0):
    """YaRN section 3.2: pairs that turn often within the original context are kept, slow ones are interpolated."""

    def pair_with_rotations(n_rotations):
        return n_rot * math.log(original_context / (n_rotations * 2 * math.pi)) / (2 * math.log(base))

    low = max(math.floor(pair_with_rotations(beta_fast)), 0)
    high = min(math.ceil(pair_with_rotations(beta_slow)), n_rot - 1)
    pair = np.arange(n_rot // 2, dtype=np.float64)
    interpolated_share = np.clip((pair - low) / max(high - low, 0.001), 0.0, 1.0)
    inv_freq = plain_inv_freq(n_rot, base)
    return inv_freq / factor * interpolated_share + inv_freq * (1.0 - interpolated_share)


def yarn_magnitude(factor):
    """YaRN section 3.4: the temperature of the attention, folded into the rotation."""
    return 1.0 if factor <= 1.0 else 0.1 * math.log(factor) + 1.0


def rotate(x, positions, rope):
    """x: (tokens, heads, head_dim). The first n_rot values of a head turn, the rest pass."""
    n_pairs = rope.inv_freq.size
    angles = positions[:, None].astype(np.float64) * rope.inv_freq[None, :]  # (tokens, n_pairs)
    cos = (np.cos(angles) * rope.magnitude)[:, None, :]
    sin = (np.sin(angles) * rope.magnitude)[:, None, :]
    out = x.copy()
    if rope.interleaved:
        first, second = x[..., 0 : 2 * n_pairs : 2], x[..., 1 : 2 * n_pairs : 2]
        out[..., 0 : 2 * n_pairs : 2] = first * cos - second * sin
        out[..., 1 : 2 * n_pairs : 2] = first * sin + second * cos
    else:
        first, second = x[..., :n_pairs], x[..., n_pairs : 2 * n_pairs]
        out[..., :n_pairs] = first * cos - second * sin
        out[..., n_pairs : 2 * n_pairs] = first * sin + second * cos
    return out
