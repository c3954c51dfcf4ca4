"""Writes models/: tiny GGUF models of every architecture in several formats, their logits, and index.json.

    python tests/golden/make_tiny_models.py [NAME...]      needs numpy and gguf (0.19)

Logits come from tests/reference in float64 and are stored in float32, for the positions that the index lists; encoders
have hidden states in their place, and the normalised embedding of the whole text beside them. Weights and tokens
depend on a model's name alone, so a second run writes the same bytes. A model is refused if one of its features could
be left out without a visible change (ablations.py): such a golden would prove nothing.
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import quantize

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))

import ablations  # noqa: E402
import bert  # noqa: E402
import random_blocks  # noqa: E402
import tiny_architectures  # noqa: E402
import tiny_encoders  # noqa: E402
import tiny_vocabularies  # noqa: E402
from forward import hidden, logits  # noqa: E402
from gguf_file import GgufFile  # noqa: E402

MODELS = Path(__file__).resolve().parent / "models"
N_TOKENS = tiny_architectures.N_TOKENS
# The first tokens, the neighbourhood of the windows' ends and of the 64-token boundary, and the last ones.
POSITIONS = [0, 1, 7, 8, 9, 12, 13, 14, 16, 31, 33, 62, 63, 64, 65, 87]
# Smallest gap, as a ratio of probabilities, between the last expert taken and the first one left.
ROUTER_MARGIN = 1.01
# As llama.cpp's converter and quantiser keep them.
KEPT_IN_F32 = ("ffn_gate_inp", "position_embd", "token_types", "time_mix_lerp_fused", "time_mix_w1", "time_mix_w2")
KEPT_IN_F16 = tuple(f"time_mix_{name}" for name in ("a1", "a2", "v1", "v2", "g1", "g2"))


def tensor_format(tiny, format_name, name, shape):
    if len(shape) == 1 or any(kept in name for kept in KEPT_IN_F32):
        return gguf.GGMLQuantizationType.F32
    if format_name != "F32" and any(kept in name for kept in KEPT_IN_F16):
        return gguf.GGMLQuantizationType.F16
    if format_name == "mixed":
        return gguf.GGMLQuantizationType[tiny.mixed_format(name)]
    return gguf.GGMLQuantizationType[format_name]


def encode(tiny, name, values, block_type):
    if block_type in random_blocks.ENCODED_BY_HAND:
        rng = np.random.default_rng([tiny.seed, *name.encode()])
        return random_blocks.random_blocks(values.shape, block_type, float(np.std(values)), rng)
    return quantize(values, block_type)


def metadata(tiny):
    """Without the architecture's prefix."""
    keys = {"context_length": 256, "embedding_length": tiny.dim, "block_count": tiny.n_layers,
            "feed_forward_length": tiny.ffn_dim, "attention.head_count": 0 if tiny.recurrent else tiny.n_heads,
            "attention.layer_norm_epsilon" if tiny.layer_norm else "attention.layer_norm_rms_epsilon": 1e-5}
    if tiny.architecture != "gpt2" and not tiny.recurrent:
        keys["attention.head_count_kv"] = tiny.n_kv_heads
        keys["rope.dimension_count"] = tiny.head_dim
    if tiny.head_dim * tiny.n_heads != tiny.dim and not tiny.recurrent:
        keys |= {"attention.key_length": tiny.head_dim, "attention.value_length": tiny.head_dim}
    return keys | tiny.metadata


def add_vocabulary(tiny, writer):
    if tiny.vocabulary == "spm":
        tiny_vocabularies.sentencepiece_bpe(writer, add_space_prefix=not tiny.architecture.startswith("gemma"))
    elif tiny.vocabulary == "rwkv":
        tiny_vocabularies.rwkv(writer)
    else:
        tiny_vocabularies.byte_level_bpe(writer, tiny.vocabulary)


def write_model(tiny, format_name, path, keys, add_tokens, weights):
    writer = gguf.GGUFWriter(path, tiny.architecture)
    writer.add_name(f"tiny {tiny.name}")
    for key, value in keys.items():
        add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string,
               list: writer.add_array}[type(value)]
        add(f"{tiny.architecture}.{key}", value)
    add_tokens(writer)
    for name, values in weights.items():
        block_type = tensor_format(tiny, format_name, name, values.shape)
        writer.add_tensor(name, encode(tiny, name, values, block_type), raw_dtype=block_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def choose_tokens(tiny, file):
    """Random tokens for which no choice of an expert hangs by a thread: a rounding must not send a token elsewhere."""
    for attempt in range(1000):
        rng = np.random.default_rng(tiny.seed + 1 + attempt)
        tokens = [int(token) for token in rng.integers(3, 285, size=N_TOKENS)]
        trace = {}
        logits(file, tokens, trace=trace)
        if trace.get("router margin", np.inf) > ROUTER_MARGIN:
            return tokens
    raise AssertionError(f"{tiny.name}: the router is undecided for every choice of tokens")


def make(tiny, format_name):
    path = MODELS / f"{tiny.name}.{format_name}.gguf"
    write_model(tiny, format_name, path, metadata(tiny), lambda writer: add_vocabulary(tiny, writer),
                tiny_architectures.make_weights(tiny))
    file = GgufFile(path)
    return entry(tiny, format_name, path, file, choose_tokens(tiny, file), logits, "logits", 256)


def make_encoder(tiny, format_name):
    path = MODELS / f"{tiny.name}.{format_name}.gguf"
    write_model(tiny, format_name, path, tiny.metadata(), tiny_vocabularies.wordpiece, tiny_encoders.make_weights(tiny))
    file = GgufFile(path)
    tokens = [int(token) for token in np.random.default_rng(tiny.seed + 1).integers(5, 285, size=N_TOKENS - 2)]
    tokens = [tiny_vocabularies.WORDPIECE_CLS, *tokens, tiny_vocabularies.WORDPIECE_SEP]
    made = entry(tiny, format_name, path, file, tokens, hidden, "hidden", tiny.context)
    embedding = [float(f"{value:.7g}") for value in bert.embedding(file, tokens)]
    return made | {"pooling": bert.read_config(file).pooling, "embedding": embedding}


def entry(tiny, format_name, path, file, tokens, forward, output, context):
    expected = forward(file, tokens)[POSITIONS]
    assert np.all(np.isfinite(expected))
    ablations.require_every_feature_to_show(file, tokens, POSITIONS, expected)
    stored = path.with_suffix(".npy")
    np.save(stored, expected.astype(np.float32))
    print(f"{path.name:28s} {path.stat().st_size / 1024:6.0f} KiB, {output} deviate by {np.std(expected):.2f}")
    return {"file": path.name, "architecture": tiny.architecture, "format": format_name, "context": context,
            "tokens": tokens, "positions": POSITIONS, output: stored.name, "notes": tiny.notes}


def make_all(tinies, make_one, wanted, known):
    """JSON lines of all entries: those just made, and those known of the others."""
    made = [make_one(tiny, format_name) for tiny in tinies if not wanted or tiny.name in wanted
            for format_name in tiny.formats]
    files = {entry["file"] for entry in made}
    entries = sorted([entry for entry in known if entry["file"] not in files] + made, key=lambda entry: entry["file"])
    return ",\n".join("  " + json.dumps(entry) for entry in entries)


def main():
    wanted = sys.argv[1:]
    index_path = MODELS / "index.json"
    known = json.loads(index_path.read_text()) if index_path.exists() and wanted else {}
    models = make_all(tiny_architectures.ALL, make, wanted, known.get("models", []))
    encoders = make_all(tiny_encoders.ALL, make_encoder, wanted, known.get("encoders", []))
    head = '"logits": "float32 (positions, vocabulary)", "hidden": "float32 (positions, dim)"'
    index_path.write_text(f'{{{head}, "models": [\n{models}\n], "encoders": [\n{encoders}\n]}}\n')


if __name__ == "__main__":
    main()
