"""Compares bert.py with Hugging Face's BertModel and NomicBertModel on random weights, through tools/bert_to_gguf.py.

    python tests/reference/check_encoders_against_transformers.py      needs torch and transformers (5)

Exit status 1 if a hidden state differs by more than float32 on torch's side explains.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers as hf

from forward import hidden
from gguf_file import GgufFile

TOLERANCE = 5e-5  # of the states' deviation
CONVERTER = Path(__file__).resolve().parents[2] / "tools" / "bert_to_gguf.py"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"word{index}" for index in range(92)]
SIZES = dict(vocab_size=101, hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=80)


def cases():
    """(name, model, keeps the names of Nomic's own code)"""
    yield "bert", hf.BertModel(hf.BertConfig(**SIZES, max_position_embeddings=64)), True
    yield "bert, epsilon 1e-3", hf.BertModel(hf.BertConfig(**SIZES, max_position_embeddings=64, layer_norm_eps=1e-3)), True
    yield "bert in a larger model", hf.BertForMaskedLM(hf.BertConfig(**SIZES, max_position_embeddings=64)), True
    nomic = hf.NomicBertConfig(**SIZES, max_position_embeddings=64)
    yield "nomic-bert", hf.NomicBertModel(nomic), True
    yield "nomic-bert, transformers' names", hf.NomicBertModel(nomic), False
    base = {"rope_type": "default", "rope_theta": 77.0}
    yield "nomic-bert, rope base 77", hf.NomicBertModel(hf.NomicBertConfig(
        **SIZES, max_position_embeddings=64, rope_parameters=base)), True


def randomise(model):
    """Weights under which attention is neither uniform nor saturated, and small embeddings."""
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.ndim == 1:
            parameter.data = (0.0 if name.endswith("bias") else 1.0) + 0.25 * noise
        elif "embeddings" in name:
            parameter.data = 0.05 * noise
        else:
            parameter.data = noise * 1.5 / parameter.shape[-1] ** 0.5


def largest_difference(model, original_names):
    model.eval()
    randomise(model)
    tokens = np.random.default_rng(2).integers(5, 97, size=40)
    with torch.no_grad():
        states = model(torch.tensor(tokens)[None], output_hidden_states=True).hidden_states[-1]
    expected = states[0].numpy().astype(np.float64)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, save_original_format=original_names)
        (Path(folder) / "vocab.txt").write_text("\n".join(WORDS) + "\n")
        target = Path(folder) / "model.gguf"
        subprocess.run([sys.executable, CONVERTER, folder, target, "--type", "f32", "--pooling", "mean"], check=True)
        found = hidden(GgufFile(target), tokens)
    return np.max(np.abs(found - expected)) / np.std(expected)


def main():
    failed = False
    for name, model, original_names in cases():
        difference = largest_difference(model, original_names)
        failed |= not difference <= TOLERANCE
        print(f"{name:33s} {difference:.1e}{'' if difference <= TOLERANCE else '  DIFFERS'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
