"""Random weights in formats that the package `gguf` decodes but cannot encode: random codes under sane scales."""

import gguf
import numpy as np
from gguf.quants import dequantize

Type = gguf.GGMLQuantizationType

# Byte offsets of the float16 scale of a block, and of the scale of its minimum where there is one.
_SCALE_OFFSETS = {
    Type.Q2_K: (80, 82), Type.Q3_K: (108, None), Type.Q4_K: (0, 2), Type.Q5_K: (0, 2), Type.Q6_K: (208, None),
    Type.IQ2_XXS: (0, None), Type.IQ2_XS: (0, None), Type.IQ2_S: (0, None), Type.IQ3_XXS: (0, None),
    Type.IQ3_S: (0, None), Type.IQ1_S: (0, None), Type.IQ4_NL: (0, None), Type.IQ4_XS: (0, None),
}
# Mean of scale * code over mean of minimum for uniform codes: with this ratio of the two scales the mean is near zero.
_MINIMUM_RATIO = {Type.Q2_K: 1.5, Type.Q4_K: 7.5, Type.Q5_K: 15.5}

ENCODED_BY_HAND = set(_SCALE_OFFSETS) | {Type.IQ1_M, Type.NVFP4}


def random_blocks(shape, block_type, deviation, rng):
    """uint8 array of the encoded tensor whose decoded values have about the given standard deviation."""
    block_values, block_bytes = gguf.GGML_QUANT_SIZES[block_type]
    blocks = rng.integers(0, 256, size=(int(np.prod(shape)) // block_values, block_bytes), dtype=np.uint8)
    jitter = rng.uniform(0.7, 1.3, size=len(blocks))  # scales that are all equal would hide an error in their order
    if block_type == Type.NVFP4:  # four scales in E4M3 (bias 7) without sign lead the block
        exponent = int(np.clip(np.round(np.log2(deviation / 3.0)) + 7, 1, 14))
        blocks[:, :4] = exponent * 8 + rng.integers(0, 8, size=(len(blocks), 4))
    else:
        _set_scale(blocks, block_type, jitter)
        spread = np.std(_decode(blocks, block_type))
        _set_scale(blocks, block_type, jitter * deviation / spread)
    return blocks.reshape(*shape[:-1], -1)


def _decode(blocks, block_type):
    return dequantize(blocks.reshape(1, -1), block_type)


def _set_scale(blocks, block_type, scale):
    halves = scale.astype(np.float16)
    if block_type == Type.IQ1_M:  # its float16 scale lies in the top four bits of the four 16-bit scale words
        words = blocks[:, 48:56].copy().view("<u2") & 0x0FFF
        bits = halves.view(np.uint16)
        for word in range(4):
            words[:, word] |= ((bits >> (4 * word)) & 0xF).astype(np.uint16) << 12
        blocks[:, 48:56] = words.view(np.uint8)
        return
    offset, minimum_offset = _SCALE_OFFSETS[block_type]
    blocks[:, offset : offset + 2] = halves.reshape(-1, 1).view(np.uint8)
    if minimum_offset is not None:
        minimum = (halves.astype(np.float64) * _MINIMUM_RATIO[block_type]).astype(np.float16)
        blocks[:, minimum_offset : minimum_offset + 2] = minimum.reshape(-1, 1).view(np.uint8)
