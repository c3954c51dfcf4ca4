#!/usr/bin/env python3
"""Makes tests/golden/quants: what every tensor type decodes to, for tests/tensor/quant_traits_test.cpp.

    pip install gguf==0.19.0 numpy && tests/golden/make_quant_goldens.py

The reference is gguf.quants.dequantize where the package decodes the type. It decodes neither the plain integers and
F64 (numpy's astype here), nor MXFP6, Q8_1, Q8_K, Q1_0 and Q2_0: those are decoded below, MXFP6 from the definition in
the OCP Microscaling Formats specification v1.0, the others from the comments in llama.cpp's ggml-common.h.

For each type NAME there is
  NAME.bin    n blocks, then their n * block_values floats (n follows from the file's size). The first block has all
              bits clear and the second all bits set, apart from what keeps scales finite; the rest is random;
  a line in   checksums.txt: "NAME n checksum" for n more blocks, that the test makes again by the same generator
              (random_bytes and finite_scales here), compared by a checksum of the floats' bits: enough blocks to meet
              every entry of every grid.
"""

import pathlib

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf import quants

OUT = pathlib.Path(__file__).parent / "quants"


def mix(x):
    """SplitMix64's output function, on an array of uint64."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def random_bytes(seed, n):
    counter = np.arange(1, (n + 7) // 8 + 1, dtype=np.uint64)
    return mix(np.uint64(seed) + counter * np.uint64(0x9E3779B97F4A7C15)).view(np.uint8)[:n].copy()


def checksum(values):
    bits = values.view(np.uint32).astype(np.uint64)
    return int(mix(bits | (np.arange(bits.size, dtype=np.uint64) << np.uint64(32))).sum(dtype=np.uint64))


def half(blocks, offset):
    return blocks[:, offset:offset + 2].copy().view(np.float16).astype(np.float32)


def decode_fp6(codes, exponent_bits, mantissa_bits, bias):
    sign = np.where(codes >> 5 != 0, -1.0, 1.0)
    exponent = (codes >> mantissa_bits) & ((1 << exponent_bits) - 1)
    fraction = (codes & ((1 << mantissa_bits) - 1)) / 2.0**mantissa_bits
    magnitude = np.where(exponent == 0, fraction * 2.0**(1 - bias), (1 + fraction) * 2.0**(exponent - bias))
    return sign * magnitude


def decode_mxfp6(blocks, *element):
    bits = np.unpackbits(blocks[:, 1:], axis=1, bitorder="little").reshape(-1, 32, 6)
    codes = (bits * (1 << np.arange(6))).sum(axis=2)
    scale = 2.0**(blocks[:, :1].astype(float) - 127)
    scale[blocks[:, :1] == 255] = np.nan
    with np.errstate(over="ignore"):
        return (scale * decode_fp6(codes, *element)).astype(np.float32)


def decode_q8_1(blocks):
    return half(blocks, 0) * blocks[:, 4:].view(np.int8).astype(np.float32)


def decode_q8_k(blocks):
    return blocks[:, :4].copy().view(np.float32) * blocks[:, 4:260].view(np.int8).astype(np.float32)


def decode_q1_0(blocks):
    bits = np.unpackbits(blocks[:, 2:], axis=1, bitorder="little")
    return half(blocks, 0) * (bits.astype(np.float32) * 2 - 1)


def decode_q2_0(blocks):
    codes = (blocks[:, 2:, None] >> np.array([0, 2, 4, 6], np.uint8)) & 3
    return half(blocks, 0) * (codes.reshape(len(blocks), 64).astype(np.float32) - 1)


def plain(dtype):
    def decode(blocks):
        with np.errstate(over="ignore"):
            return blocks.copy().view(dtype).astype(np.float32)
    return decode


def package(tensor_type):
    return lambda blocks: quants.dequantize(blocks, tensor_type)


# name: (block values, block bytes, offsets of halves, decoder). The scale of IQ1_M has no place of its own; its
# largest exponents are avoided by clearing bit 6 of byte 55.
TYPES = {
    "F32": (1, 4, [], package(T.F32)), "F16": (1, 2, [0], package(T.F16)), "BF16": (1, 2, [], package(T.BF16)),
    "F64": (1, 8, [], plain(np.float64)), "I8": (1, 1, [], plain(np.int8)), "I16": (1, 2, [], plain(np.int16)),
    "I32": (1, 4, [], plain(np.int32)), "I64": (1, 8, [], plain(np.int64)),
    "Q4_0": (32, 18, [0], package(T.Q4_0)), "Q4_1": (32, 20, [0, 2], package(T.Q4_1)),
    "Q5_0": (32, 22, [0], package(T.Q5_0)), "Q5_1": (32, 24, [0, 2], package(T.Q5_1)),
    "Q8_0": (32, 34, [0], package(T.Q8_0)), "Q8_1": (32, 36, [0], decode_q8_1),
    "Q2_K": (256, 84, [80, 82], package(T.Q2_K)), "Q3_K": (256, 110, [108], package(T.Q3_K)),
    "Q4_K": (256, 144, [0, 2], package(T.Q4_K)), "Q5_K": (256, 176, [0, 2], package(T.Q5_K)),
    "Q6_K": (256, 210, [208], package(T.Q6_K)), "Q8_K": (256, 292, [2], decode_q8_k),
    "IQ2_XXS": (256, 66, [0], package(T.IQ2_XXS)), "IQ2_XS": (256, 74, [0], package(T.IQ2_XS)),
    "IQ3_XXS": (256, 98, [0], package(T.IQ3_XXS)), "IQ1_S": (256, 50, [0], package(T.IQ1_S)),
    "IQ4_NL": (32, 18, [0], package(T.IQ4_NL)), "IQ3_S": (256, 110, [0], package(T.IQ3_S)),
    "IQ2_S": (256, 82, [0], package(T.IQ2_S)), "IQ4_XS": (256, 136, [0], package(T.IQ4_XS)),
    "IQ1_M": (256, 56, [54], package(T.IQ1_M)),
    "TQ1_0": (256, 54, [52], package(T.TQ1_0)), "TQ2_0": (256, 66, [64], package(T.TQ2_0)),
    "MXFP4": (32, 17, [], package(T.MXFP4)), "NVFP4": (64, 36, [], package(T.NVFP4)),
    "Q1_0": (128, 18, [0], decode_q1_0), "Q2_0": (64, 18, [0], decode_q2_0),
    "MXFP6_E2M3": (32, 25, [], lambda blocks: decode_mxfp6(blocks, 2, 3, 1)),
    "MXFP6_E3M2": (32, 25, [], lambda blocks: decode_mxfp6(blocks, 3, 2, 3)),
}


def finite_scales(name, blocks, halves):
    """Halves with the exponent of infinities and NaNs lose the highest bit of it; for a NaN would have no one bit
    pattern to compare. Q8_K's float and IQ1_M's scattered half have theirs cleared always."""
    for offset in halves:
        high = blocks[:, offset + 1]
        always = name in ("Q8_K", "IQ1_M")
        high[(high & 0x7C == 0x7C) | always] &= 0xBF
    if name == "MXFP6_E2M3" or name == "MXFP6_E3M2":
        blocks[blocks[:, 0] == 255, 0] = 254
    if name == "F32":
        blocks[:, 3] &= 0xBF
    if name == "BF16":
        blocks[:, 1] &= 0xBF
    if name == "F64":
        # Exponents between 2^-160 and 2^95, so that most of the values and all of the roundings exist in a float.
        exponent = (blocks[:, 6] >> 4 | (blocks[:, 7] & 15) << 4).astype(np.uint16) + 863
        blocks[:, 7] = (blocks[:, 7] & 0x80) | (exponent >> 4)
        blocks[:, 6] = (blocks[:, 6] & 15) | ((exponent & 15) << 4)
    return blocks


def main():
    OUT.mkdir(exist_ok=True)
    lines = []
    for seed, (name, (block_values, block_bytes, halves, decode)) in enumerate(TYPES.items(), start=1):
        n_blocks = {1: 256, 32: 24, 64: 16, 128: 8, 256: 6}[block_values]
        blocks = random_bytes(1000 + seed, n_blocks * block_bytes).reshape(n_blocks, block_bytes)
        blocks[0], blocks[1] = 0, 255
        blocks = finite_scales(name, blocks, halves)
        values = decode(blocks)
        assert values.dtype == np.float32 and values.size == n_blocks * block_values, name
        assert not np.isnan(values).any(), name
        (OUT / f"{name}.bin").write_bytes(blocks.tobytes() + values.tobytes())

        n_blocks = max(1024, 65536 // block_values)
        blocks = random_bytes(seed, n_blocks * block_bytes).reshape(n_blocks, block_bytes)
        values = decode(finite_scales(name, blocks, halves))
        assert not np.isnan(values).any(), name
        lines.append(f"{name} {n_blocks} {checksum(values.ravel()):016x}\n")
    (OUT / "checksums.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
