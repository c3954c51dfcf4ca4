#!/usr/bin/env python3
"""Puts the tensors of an RWKV checkpoint of PyTorch (.pth) into a safetensors file, for `ingot convert`.

Only the container changes: names, shapes, types and values stay. The checkpoint is loaded with weights_only, so that
it cannot run code. Needs torch (2.1 or later).
"""

import argparse
import json
import os
import struct
import sys
from pathlib import Path

import torch

TYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64",
         torch.int64: "I64", torch.int32: "I32", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}
ALIGNMENT = 8


class Unusable(Exception):
    pass


def load(path):
    """{name: tensor}, in the order of the names."""
    try:
        try:
            tensors = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError:  # files of before torch 1.6 cannot be mapped
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as reason:  # torch raises what it likes for files that are none
        raise Unusable(f"torch cannot load it: {str(reason).splitlines()[0]}") from None
    if not isinstance(tensors, dict) or not tensors:
        raise Unusable("expected a dictionary of tensors")
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
            raise Unusable(f"the entry {name!r} is no named tensor")
        if tensor.dtype not in TYPES:
            raise Unusable(f"tensor {name} has the type {tensor.dtype}; known are {', '.join(TYPES.values())}")
    return dict(sorted(tensors.items()))


def header(tensors):
    entries, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors.items():
        end = offset + tensor.numel() * tensor.element_size()
        entries[name] = {"dtype": TYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return struct.pack("<Q", len(text)) + text


def write(tensors, path):
    with open(path, "wb") as file:
        file.write(header(tensors))
        for tensor in tensors.values():
            file.write(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)


def main():
    parser = argparse.ArgumentParser(
        description="Puts the tensors of an RWKV checkpoint of PyTorch (.pth) into a safetensors file, unchanged, for "
                    "ingot convert. The target appears complete or not at all.",
        epilog="example: rwkv_pth_to_safetensors.py rwkv7-g1.pth rwkv7-g1.safetensors && ingot convert "
               "rwkv7-g1.safetensors rwkv7-g1.gguf --vocab rwkv_vocab_v20230424.txt")
    parser.add_argument("source", type=Path, help="the .pth file")
    parser.add_argument("target", type=Path, help="the safetensors file to write")
    args = parser.parse_args()
    unfinished = args.target.with_name(f".{args.target.name}.{os.getpid()}")
    try:
        write(load(args.source), unfinished)
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
