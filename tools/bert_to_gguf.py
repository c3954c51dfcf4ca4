#!/usr/bin/env python3
"""Converts an encoder of the BERT family from a Hugging Face directory to GGUF.

    tools/bert_to_gguf.py all-MiniLM-L6-v2/ minilm.F16.gguf --type f16

GGUF names, keys and types are those of llama.cpp's converter for `bert` and `nomic-bert`. Needs numpy and gguf;
safetensors is read here, as its layout is a length, a JSON header and the bytes.
"""

import argparse
import json
import os
import re
import struct
import sys
from pathlib import Path

import gguf
import numpy as np

# Stems without the prefix of a larger model; "bid" is the layer. Nomic's are those of its own code and of transformers.
NAMES = {
    "bert": {
        "embeddings.word_embeddings": "token_embd", "embeddings.token_type_embeddings": "token_types",
        "embeddings.position_embeddings": "position_embd", "embeddings.LayerNorm": "token_embd_norm",
        "encoder.layer.bid.attention.self.query": "blk.bid.attn_q",
        "encoder.layer.bid.attention.self.key": "blk.bid.attn_k",
        "encoder.layer.bid.attention.self.value": "blk.bid.attn_v",
        "encoder.layer.bid.attention.output.dense": "blk.bid.attn_output",
        "encoder.layer.bid.attention.output.LayerNorm": "blk.bid.attn_output_norm",
        "encoder.layer.bid.intermediate.dense": "blk.bid.ffn_up", "encoder.layer.bid.output.dense": "blk.bid.ffn_down",
        "encoder.layer.bid.output.LayerNorm": "blk.bid.layer_output_norm",
    },
    "nomic-bert": {
        "embeddings.word_embeddings": "token_embd", "embeddings.token_type_embeddings": "token_types",
        "emb_ln": "token_embd_norm", "embeddings.LayerNorm": "token_embd_norm",
        "encoder.layers.bid.attn.Wqkv": "blk.bid.attn_qkv", "encoder.layers.bid.attn.out_proj": "blk.bid.attn_output",
        "encoder.layers.bid.norm1": "blk.bid.attn_output_norm", "encoder.layers.bid.mlp.fc11": "blk.bid.ffn_up",
        "encoder.layers.bid.mlp.fc12": "blk.bid.ffn_gate", "encoder.layers.bid.mlp.fc2": "blk.bid.ffn_down",
        "encoder.layers.bid.norm2": "blk.bid.layer_output_norm",
        "layers.bid.self_attn.q_proj": "blk.bid.attn_q", "layers.bid.self_attn.k_proj": "blk.bid.attn_k",
        "layers.bid.self_attn.v_proj": "blk.bid.attn_v", "layers.bid.self_attn.o_proj": "blk.bid.attn_output",
        "layers.bid.post_attention_layernorm": "blk.bid.attn_output_norm",
        "layers.bid.mlp.up_proj": "blk.bid.ffn_up", "layers.bid.mlp.gate_proj": "blk.bid.ffn_gate",
        "layers.bid.mlp.down_proj": "blk.bid.ffn_down", "layers.bid.post_mlp_layernorm": "blk.bid.layer_output_norm",
    },
}
# Heads for other tasks, and positions stored as numbers: an embedding needs none of them.
IGNORED = re.compile(r"(.*\.)?(position_ids|inv_freq)|(pooler|cls|classifier|dropout)\..*")
KEPT_IN_F32 = ("position_embd.weight", "token_types.weight")
FLOAT_TYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
POOLING = {"none": gguf.PoolingType.NONE, "mean": gguf.PoolingType.MEAN, "cls": gguf.PoolingType.CLS,
           "last": gguf.PoolingType.LAST}
SPECIAL_TOKENS = {"cls": "[CLS]", "sep": "[SEP]", "unk": "[UNK]", "mask": "[MASK]", "pad": "[PAD]"}


class Unusable(Exception):
    pass


def read_json(path, kind=dict, required=True):
    if not required and not path.exists():
        return kind()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise Unusable(f"{path.name} is not JSON") from None
    if not isinstance(content, kind):
        raise Unusable(f"{path.name} does not hold {'an object' if kind is dict else 'a list'}")
    return content


def read_sizes(config):
    """(architecture, metadata without its prefix)"""
    architecture = {"bert": "bert", "nomic_bert": "nomic-bert"}.get(config.get("model_type"))
    if architecture is None:
        raise Unusable(f"model_type {config.get('model_type')!r} in config.json; this converts bert and nomic_bert")

    def size(*names):
        for name in names:
            value = config.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
        raise Unusable(f"config.json has no positive number as {' or '.join(names)}")

    keys = {"context_length": size("max_position_embeddings", "n_positions"),
            "embedding_length": size("hidden_size", "n_embd"), "block_count": size("num_hidden_layers", "n_layer"),
            "feed_forward_length": size("intermediate_size", "n_inner"),
            "attention.head_count": size("num_attention_heads", "n_head"),
            "attention.layer_norm_epsilon": number(config, ("layer_norm_eps", "layer_norm_epsilon"), 1e-12)}
    if keys["embedding_length"] % keys["attention.head_count"]:
        raise Unusable(f"{keys['attention.head_count']} heads do not divide a width of {keys['embedding_length']}")
    if architecture == "nomic-bert":
        keys["rope.freq_base"] = rope_base(config)
        # Beyond what a model has seen, Nomic's own code changes the base of the rope (rotary_scaling_factor).
        if "n_positions" in config:
            trained = int(number(config, ("max_trained_positions",), 2048.0))
            keys["context_length"] = min(keys["context_length"], trained)
    refuse_unknown_features(architecture, config)
    return architecture, keys


def number(config, names, default):
    for name in names:
        value = config.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return float(value)
        if value is not None:
            raise Unusable(f"{name} is {value!r} in config.json, not a positive number")
    return default


def rope_base(config):
    rope = config.get("rope_parameters") or {}
    if not isinstance(rope, dict) or rope.get("rope_type", "default") != "default":
        raise Unusable(f"rope_parameters is {rope!r} in config.json; only rope_type 'default' is supported")
    names = ("rope_theta", "rotary_emb_base")
    return number(rope, names, number(config, names, 1000.0))


def refuse_unknown_features(architecture, config):
    expected = {"is_decoder": (False,), "add_cross_attention": (False,)}
    if architecture == "bert":
        expected |= {"position_embedding_type": ("absolute",), "hidden_act": ("gelu",)}
    else:
        expected |= {"hidden_act": ("silu",), "activation_function": ("swiglu",), "prenorm": (False,),
                     "causal": (False,), "rotary_emb_fraction": (1, 1.0), "rotary_emb_interleaved": (False,),
                     "rotary_emb_scale_base": (None,), "qkv_proj_bias": (False,), "mlp_fc1_bias": (False,),
                     "mlp_fc2_bias": (False,), "moe_every_n_layers": (0, None), "use_rms_norm": (False, None)}
    for name, values in expected.items():
        if config.get(name, values[0]) not in values:
            raise Unusable(f"{name} is {config[name]!r} in config.json; only {values[0]!r} is supported")


def read_safetensors(path):
    """{name: float32 or float16 array}"""
    data = np.memmap(path, np.uint8, mode="r") if path.stat().st_size else np.empty(0, np.uint8)
    if len(data) < 8 or struct.unpack("<Q", data[:8].tobytes())[0] > len(data) - 8:
        raise Unusable(f"{path.name} ends within its header")
    start = 8 + struct.unpack("<Q", data[:8].tobytes())[0]
    out = {}
    try:
        for name, entry in json.loads(data[8:start].tobytes()).items():
            if name == "__metadata__" or entry["dtype"] not in FLOAT_TYPES:  # position_ids are integers
                continue
            begin, end = entry["data_offsets"]
            values = data[start + begin : start + end].view(FLOAT_TYPES[entry["dtype"]]).reshape(entry["shape"])
            if entry["dtype"] == "BF16":
                values = (values.astype(np.uint32) << 16).view(np.float32)
            out[name] = values
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unusable(f"{path.name} is damaged: its header does not describe its data") from None
    return out


def gguf_tensors(architecture, tensors):
    """{GGUF name: array}"""
    out = {}
    for full_name, values in tensors.items():
        name = re.sub(r"^(model\.)?((nomic_)?bert\.)?", "", full_name)
        if IGNORED.fullmatch(name):
            continue
        stem, _, suffix = name.rpartition(".")
        suffix = {"gamma": "weight", "beta": "bias"}.get(suffix, suffix)  # as the first BERT spelled its norms
        layer = re.search(r"\.?layers?\.(\d+)\.", stem)
        pattern = stem if not layer else stem.replace(f".{layer[1]}.", ".bid.", 1)
        if pattern not in NAMES[architecture]:
            raise Unusable(f"tensor {full_name} has no place in {architecture}")
        target = NAMES[architecture][pattern]
        out[f"{target.replace('bid', layer[1]) if layer else target}.{suffix}"] = values
    for name in [name for name in out if architecture == "nomic-bert" and name.endswith("attn_q.weight")]:
        parts = [out.pop(name.replace("attn_q", f"attn_{part}"), None) for part in "qkv"]
        if any(part is None for part in parts):
            raise Unusable(f"{name} has no key or value beside it")
        out[name.replace("attn_q", "attn_qkv")] = np.concatenate(parts)
    return out


def expected_shapes(architecture, keys, n_types, vocab_size):
    dim, ffn_dim = keys["embedding_length"], keys["feed_forward_length"]
    shapes = {"token_embd.weight": (vocab_size, dim), "token_types.weight": (n_types, dim)}
    if architecture == "bert":
        shapes["position_embd.weight"] = (keys["context_length"], dim)
        linear = {name: (dim, dim) for name in ("attn_q", "attn_k", "attn_v")} | {"ffn_up": (ffn_dim, dim)}
    else:
        linear = {"attn_qkv": (3 * dim, dim), "ffn_gate": (ffn_dim, dim), "ffn_up": (ffn_dim, dim)}
    linear |= {"attn_output": (dim, dim), "ffn_down": (dim, ffn_dim)}
    norms = ["token_embd_norm"]
    for layer in range(keys["block_count"]):
        norms += [f"blk.{layer}.attn_output_norm", f"blk.{layer}.layer_output_norm"]
        for name, shape in linear.items():
            shapes[f"blk.{layer}.{name}.weight"] = shape
            if architecture == "bert":
                shapes[f"blk.{layer}.{name}.bias"] = shape[:1]
    return shapes | {f"{name}.{part}": (dim,) for name in norms for part in ("weight", "bias")}


def require_shapes(tensors, shapes):
    for name, shape in shapes.items():
        if name not in tensors:
            raise Unusable(f"the model is incomplete: nothing to become {name}")
        if tensors[name].shape != shape:
            raise Unusable(f"{name} would have shape {tensors[name].shape}, but config.json says {shape}")
    for name in sorted(tensors.keys() - shapes.keys()):
        raise Unusable(f"there is a tensor for {name}, which config.json leaves no room for")


def wordpiece_tokens(tokenizer):
    try:
        kind, vocabulary = tokenizer["model"]["type"], tokenizer["model"]["vocab"]
        if kind != "WordPiece":
            raise Unusable(f"tokenizer.json is of type {kind!r}; only WordPiece is supported")
        ids = vocabulary | {token["content"]: token["id"] for token in tokenizer.get("added_tokens") or []}
        tokens = sorted(ids, key=ids.get)
    except (KeyError, TypeError):
        raise Unusable("tokenizer.json is not laid out as the library tokenizers writes it") from None
    if [ids[token] for token in tokens] != list(range(len(tokens))):
        raise Unusable("the ids in tokenizer.json are not 0, 1, 2 and so on")
    return tokens


def read_vocabulary(source):
    """(tokens by id, names of the special ones by their role)"""
    if (source / "tokenizer.json").exists():
        tokens = wordpiece_tokens(read_json(source / "tokenizer.json"))
    elif (source / "vocab.txt").exists():
        tokens = (source / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    else:
        raise Unusable("has neither tokenizer.json nor vocab.txt")
    stated = (read_json(source / "special_tokens_map.json", required=False)
              | read_json(source / "tokenizer_config.json", required=False))
    special = {}
    for role, usual in SPECIAL_TOKENS.items():
        token = stated.get(f"{role}_token") or usual
        token = token.get("content") if isinstance(token, dict) else token
        if token not in tokens:
            raise Unusable(f"the vocabulary lacks its {role} token {token}")
        special[role] = token
    return tokens, special


def write_vocabulary(writer, tokens, special, vocab_size, n_types):
    """A word's start gets U+2581 in front, a continuation loses its ##; rows without a token are padding."""
    control = set(special.values())
    texts = [token if token in control else token[2:] if token.startswith("##") else "\u2581" + token
             for token in tokens]
    types = [gguf.TokenType.CONTROL if token in control else gguf.TokenType.NORMAL for token in tokens]
    texts += [f"[PAD{index}]" for index in range(len(tokens), vocab_size)]
    types += [gguf.TokenType.UNUSED] * (vocab_size - len(tokens))
    ids = {role: tokens.index(token) for role, token in special.items()}
    writer.add_tokenizer_model("bert")
    writer.add_token_list(texts)
    writer.add_token_types(types)
    writer.add_token_type_count(n_types)
    # Newer readers look for [CLS] and [SEP] under the names of other vocabularies, older ones under their own.
    writer.add_bos_token_id(ids["cls"])
    writer.add_eos_token_id(ids["sep"])
    writer.add_uint32("tokenizer.ggml.cls_token_id", ids["cls"])
    writer.add_sep_token_id(ids["sep"])
    writer.add_unk_token_id(ids["unk"])
    writer.add_pad_token_id(ids["pad"])
    writer.add_mask_token_id(ids["mask"])


def read_pooling(source):
    """How sentence-transformers makes one embedding of all; "none" where the directory does not say."""
    modules = read_json(source / "modules.json", list, required=False)
    folders = [module.get("path", "") for module in modules if str(module.get("type", "")).endswith("Pooling")]
    pooling = read_json(source / (folders[0] if folders else "1_Pooling") / "config.json", required=bool(folders))
    known = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_lasttoken": "last"}
    wanted = [name for name, value in pooling.items() if name.startswith("pooling_mode_") and value is True]
    if isinstance(pooling.get("pooling_mode"), str):
        wanted = [pooling["pooling_mode"]]
        known = {name: name for name in POOLING} | {"lasttoken": "last"}
    if len(wanted) > 1 or any(name not in known for name in wanted):
        raise Unusable(f"pooling by {' and '.join(wanted)} is not supported; say --pooling {'|'.join(POOLING)}")
    return known[wanted[0]] if wanted else "none"


def stored(name, values, wanted):
    values = np.asarray(values)
    if wanted == "f16" and values.ndim > 1 and name not in KEPT_IN_F32:
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.all(np.isfinite(half)):
            raise Unusable(f"{name} has values that F16 cannot hold; say --type f32")
        return half
    return np.ascontiguousarray(values, np.float32)


def convert(args, target):
    source = args.source
    config = read_json(source / "config.json")
    architecture, keys = read_sizes(config)
    if not (source / "model.safetensors").exists():
        raise Unusable("has no model.safetensors; a model in several files or of another format has to be saved as one")
    tensors = gguf_tensors(architecture, read_safetensors(source / "model.safetensors"))
    tokens, special = read_vocabulary(source)
    n_types = config.get("type_vocab_size", 2)
    vocab_size = len(tensors.get("token_embd.weight", ()))
    require_shapes(tensors, expected_shapes(architecture, keys, n_types, vocab_size))
    if len(tokens) > vocab_size:
        raise Unusable(f"{len(tokens)} tokens, but embeddings of {vocab_size}")
    pooling = args.pooling or read_pooling(source)

    writer = gguf.GGUFWriter(target, architecture)
    writer.add_name(args.name or source.resolve().name)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32 if args.type == "f32" else gguf.LlamaFileType.MOSTLY_F16)
    for key, value in keys.items():
        (writer.add_float32 if isinstance(value, float) else writer.add_uint32)(f"{architecture}.{key}", value)
    writer.add_causal_attention(False)
    writer.add_pooling_type(POOLING[pooling])
    write_vocabulary(writer, tokens, special, vocab_size, n_types)
    for name in expected_shapes(architecture, keys, n_types, vocab_size):
        writer.add_tensor(name, stored(name, tensors[name], args.type))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Converts an encoder of the BERT family to GGUF, to make embeddings of texts with it.\n\n"
                    "The source is a directory as Hugging Face has it: config.json of a BertModel or NomicBertModel,\n"
                    "model.safetensors, tokenizer.json or vocab.txt (WordPiece), and 1_Pooling/config.json where the\n"
                    "model comes from sentence-transformers. Heads for other tasks are left out. Norms, biases,\n"
                    "positions and token types stay F32. The target appears complete or not at all.",
        epilog="example: %(prog)s all-MiniLM-L6-v2 minilm.F16.gguf --type f16")
    parser.add_argument("source", type=Path, help="the directory of the model")
    parser.add_argument("target", type=Path, help="the GGUF file to write")
    parser.add_argument("--type", choices=("f32", "f16"), default="f16",
                        help="what the matrices are stored as (default: %(default)s)")
    parser.add_argument("--pooling", choices=POOLING,
                        help="how the states of the tokens become one embedding: their mean, that of [CLS], that of the"
                             " last token, or not at all (default: what the directory says, none if it does not)")
    parser.add_argument("--name", help="the model's name in the file (default: that of the directory)")
    args = parser.parse_args()
    unfinished = args.target.with_name(f".{args.target.name}.{os.getpid()}")
    try:
        convert(args, unfinished)
        os.replace(unfinished, args.target)
    except Unusable as reason:
        sys.exit(f"{args.source}: {reason}")
    except OSError as error:
        of_target = error.filename in (None, str(unfinished), str(args.target))
        culprit = args.target if of_target else error.filename
        sys.exit(f"{culprit}: {error.strerror}")
    finally:
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
