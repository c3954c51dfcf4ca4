#!/usr/bin/env python3
"""Converts an RWKV-7 model with a byte vocabulary from rwkv.cpp's .bin format to GGUF.

The file is little-endian, without alignment: a header of six u32 (magic, version, n_vocab, n_embed, n_layer,
data_type), then tensors until its end, each as u32 dim_count, key_length, type, shape (innermost first), the key, data.
GGUF names and types are those of llama.cpp's converter for RWKV-7; needs numpy and gguf.
"""

import argparse
import math
import os
import re
import struct
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import dequantize

MAGIC, VERSION = 0x67676D66, 101
BYTE_VOCABULARY = 256
TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q5_0", 8: "Q5_1", 9: "Q8_0"}
GLOBAL_NAMES = {"emb.weight": "token_embd.weight", "head.weight": "output.weight",
                "ln_out.weight": "output_norm.weight", "ln_out.bias": "output_norm.bias",
                "blocks.0.ln0.weight": "token_embd_norm.weight", "blocks.0.ln0.bias": "token_embd_norm.bias"}
LAYER_NAMES = {"ln1": "attn_norm", "ln2": "attn_norm_2", "att.ln_x": "time_mix_ln",
               "att.x_rwkvag": "time_mix_lerp_fused",
               "ffn.x_k": "channel_mix_lerp_k", "ffn.key": "channel_mix_key", "ffn.value": "channel_mix_value"}
LAYER_NAMES |= {f"att.{name}": f"time_mix_{name}" for name in
                ("w0 w1 w2 a0 a1 a2 v0 v1 v2 g1 g2 k_k k_a r_k receptance key value output").split()}
VECTORS = re.compile(r"time_mix_(w0|a0|v0|k_k|k_a|r_k)\.weight|channel_mix_lerp_k\.weight")
LOW_RANK = re.compile(r"time_mix_[wavg][12]\.weight")
MATRICES_READ_FOR_SIZES = ("channel_mix_key.weight", "time_mix_r_k.weight", "1.weight")
ALWAYS_F32 = re.compile(r"time_mix_(lerp_fused|w[12])\.weight")


class Unusable(Exception):
    pass


def read_bin(path):
    """((n_vocab, n_embed, n_layer), {key: (shape innermost first, type, bytes)})"""
    data = path.read_bytes()
    try:
        magic, version, *sizes, _ = struct.unpack_from("<6I", data)
        if magic != MAGIC:
            raise Unusable(f"not a file of rwkv.cpp: its magic is 0x{magic:08x}, not 0x{MAGIC:08x}")
        if version != VERSION:
            raise Unusable(f"version {version} of rwkv.cpp's format; only {VERSION} is known")
        tensors, at = {}, 24
        while at < len(data):
            n_dims, key_bytes, type_number = struct.unpack_from("<3I", data, at)
            if not 1 <= n_dims <= 3:
                raise Unusable(f"a tensor at byte {at} has {n_dims} dimensions; 1 to 3 are possible")
            shape = struct.unpack_from(f"<{n_dims}I", data, at + 12)
            at += 12 + 4 * n_dims
            key = data[at : at + key_bytes].decode("utf-8", "replace")
            if type_number not in TYPES:
                raise Unusable(f"tensor {key} has type {type_number}; known are {', '.join(map(str, TYPES))}")
            block_type = gguf.GGMLQuantizationType[TYPES[type_number]]
            block_values, block_bytes = gguf.GGML_QUANT_SIZES[block_type]
            if shape[0] % block_values:
                raise Unusable(f"tensor {key} has rows of {shape[0]}, which {block_type.name} cannot hold")
            tensor_bytes = math.prod(shape) // block_values * block_bytes
            at += key_bytes
            if at + tensor_bytes > len(data):
                raise Unusable(f"ends within tensor {key}")
            tensors[key] = shape, block_type, data[at : at + tensor_bytes]
            at += tensor_bytes
    except struct.error:
        raise Unusable("ends within a header") from None
    return tuple(sizes), tensors


def gguf_name(key):
    if key in GLOBAL_NAMES:
        return GLOBAL_NAMES[key]
    match = re.fullmatch(r"blocks\.(\d+)\.(.+?)(?:\.(weight|bias))?", key)
    if not match or match[2] not in LAYER_NAMES:
        raise Unusable(f"tensor {key} belongs to no RWKV-7 model")
    return f"blk.{match[1]}.{LAYER_NAMES[match[2]]}.{match[3] or 'weight'}"


def converted(name, shape, block_type, data):
    """(array as GGUFWriter takes it, its type)"""
    rows = tuple(reversed(shape))
    values = np.frombuffer(data, np.uint8).reshape(*rows[:-1], -1)
    kept_exact = VECTORS.search(name) or ALWAYS_F32.search(name) or LOW_RANK.search(name)
    if block_type == gguf.GGMLQuantizationType.F16 and not ALWAYS_F32.search(name):
        values = values.view("<f2")
    elif block_type == gguf.GGMLQuantizationType.F32:
        values = values.view("<f4")
    elif kept_exact:
        values = dequantize(values, block_type).astype(np.float32)
        block_type = gguf.GGMLQuantizationType.F32
    if VECTORS.search(name):
        values = values.reshape(-1)
    elif name.endswith("time_mix_lerp_fused.weight"):
        values = values.reshape(len(values), 1, 1, -1)
    return values, block_type


def read_model(path):
    """((n_embed, n_layer), {GGUF name: (shape innermost first, type, bytes)}), complete."""
    (n_vocab, dim, n_layers), tensors = read_bin(path)
    if n_vocab != BYTE_VOCABULARY:
        raise Unusable(f"has {n_vocab} tokens and, as the format has none, no vocabulary: only bytes "
                       f"({BYTE_VOCABULARY} tokens) need none")
    if not n_layers:
        raise Unusable("has no layers")
    tensors = {gguf_name(key): tensor for key, tensor in tensors.items()}
    # Layer 0 has no value to return to; llama.cpp wants the tensors all the same, and its converter copies the rate's.
    for part in "012":
        if f"blk.0.time_mix_a{part}.weight" in tensors:
            tensors.setdefault(f"blk.0.time_mix_v{part}.weight", tensors[f"blk.0.time_mix_a{part}.weight"])
    names = list(GLOBAL_NAMES.values()) + [f"blk.{layer}.{name}.weight" for layer in range(n_layers)
                                           for name in LAYER_NAMES.values()]
    for name in names:
        if name not in tensors:
            raise Unusable(f"not an RWKV-7 model: nothing to become {name}")
        if name.endswith(MATRICES_READ_FOR_SIZES) and len(tensors[name][0]) != 2:
            raise Unusable(f"{name} would have {len(tensors[name][0])} dimensions, not 2")
    if f"blk.{n_layers}.attn_norm.weight" in tensors:
        raise Unusable(f"has more than the {n_layers} layers that its header states")
    return (dim, n_layers), tensors


def convert(source, target, context_length):
    (dim, n_layers), tensors = read_model(source)

    def rows(name, layer=0):
        return tensors[f"blk.{layer}.{name}.weight"][0][1]

    writer = gguf.GGUFWriter(target, "rwkv7")
    writer.add_name(source.stem)
    writer.add_context_length(context_length)
    writer.add_embedding_length(dim)
    writer.add_block_count(n_layers)
    writer.add_feed_forward_length(rows("channel_mix_key"))
    writer.add_head_count(0)  # llama.cpp requires the key and ignores its value
    writer.add_layer_norm_eps(1e-5)
    writer.add_wkv_head_size(tensors["blk.0.time_mix_r_k.weight"][0][0])
    writer.add_decay_lora_rank(rows("time_mix_w1"))
    writer.add_iclr_lora_rank(rows("time_mix_a1"))
    writer.add_value_residual_mix_lora_rank(rows("time_mix_v1", layer=min(1, n_layers - 1)))
    writer.add_gate_lora_rank(rows("time_mix_g1"))
    writer.add_tokenizer_model("rwkv")
    writer.add_token_list([repr(bytes([byte]))[2:-1] for byte in range(BYTE_VOCABULARY)])
    writer.add_token_types([gguf.TokenType.NORMAL] * BYTE_VOCABULARY)
    for name, (shape, block_type, data) in tensors.items():
        values, block_type = converted(name, shape, block_type, data)
        writer.add_tensor(name, values, raw_dtype=block_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(
        description="Converts an RWKV-7 model from rwkv.cpp's .bin format (version 101) to GGUF. The format holds no "
                    "vocabulary, so only models on bytes (256 tokens, id = byte) can be converted. Matrices keep their "
                    "type; the low-rank matrices become F32 where they are quantised (not tried on such a file yet), and the "
                    "decay's always. The "
                    "target appears complete or not at all.")
    parser.add_argument("source", type=Path, help="the .bin file")
    parser.add_argument("target", type=Path, help="the GGUF file to write")
    parser.add_argument("--context-length", type=int, default=1048576,
                        help="what to state as context length, which the format does not hold (default: %(default)s)")
    args = parser.parse_args()
    unfinished = args.target.with_name(f".{args.target.name}.{os.getpid()}")
    try:
        convert(args.source, unfinished, args.context_length)
        os.replace(unfinished, args.target)
    except Unusable as reason:
        sys.exit(f"{args.source}: {reason}")
    except OSError as error:
        culprit = args.source if error.filename == str(args.source) else args.target
        sys.exit(f"{culprit}: {error.strerror}")
    finally:
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
