"""Writes real/: what real models say in F32, as transformers computes it from the decoded GGUF weights.

    python tests/golden/make_real_goldens.py [--models DIR] [--text /usr/share/common-licenses/GPL-3]

DIR holds the two files named below (../README.md says where they come from; by default the cache of ingot). Per prompt:
token ids of an independent tokenizer, the greedy continuation of 40 tokens, and for each step the margin between the
two best logits, so that a reader can excuse a near tie. `continuation` ends early with the model's end token, which it
then includes. The first logits are compared with the NumPy forward of tests/reference, so that an error in how
transformers reads a GGUF file would show. Perplexity follows `ingot perplexity`: BOS in front of the text and at the
head of each window where the vocabulary adds it, consecutive windows of 512 tokens, scored on the second half.

Needs torch, transformers (5), gguf, tokenizers, sentencepiece; no network. About ten minutes on two cores.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
import transformers

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))

import real_tokenizers  # noqa: E402
from forward import logits as numpy_logits  # noqa: E402
from gguf_file import GgufFile  # noqa: E402

OUT = Path(__file__).resolve().parent / "real"
N_CONTINUED = 40
CONTEXT = 512

TEXTS = [
    "The capital of France is",
    "Once upon a time, in a small village by the sea, there lived",
    "def fibonacci(n):\n    \"\"\"Return the n-th Fibonacci number.\"\"\"\n",
    "Water boils at 100 degrees Celsius because",
    "Question: What is the largest planet in the solar system?\nAnswer:",
    "1, 2, 3, 5, 8, 13, 21,",
    "La R\u00e9volution fran\u00e7aise a commenc\u00e9 en 1789 et",
    "Here is a list of things to pack for a trip to the mountains:\n- Warm socks\n- A map\n-",
    "{\"name\": \"Alice\", \"age\": 31, \"city\": \"Paris\"}\n{\"name\": \"Bob\", \"age\":",
    "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to suffer\n",
    "The quick brown fox jumps over the lazy dog. " * 6 + "The quick brown",
    "Dear Sir or Madam,\n\nI am writing to complain about the washing machine (model WX-2000\u2122, \u20ac499) that I bought"
    " from your shop on 3 March 2024. After only two weeks it began to make a loud grinding noise during every spin"
    " cycle, and last Tuesday it flooded my kitchen floor. I have telephoned your customer service five times",
]
CHAT = ("<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nWhy is the sky blue?<|im_end|>\n<|im_start|>assistant\n")

# file name, name of the golden, [(text, special tokens in it are parsed)]
MODELS = [
    ("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m-instruct", [(text, False) for text in TEXTS[:11]] + [(CHAT, True)]),
    ("gemma-3-270m.Q4_K_M.gguf", "gemma-3-270m", [(text, False) for text in TEXTS]),
]


@torch.no_grad()
def continue_greedily(model, ids, end_ids):
    """(continuation, margins, logits of the first step)"""
    step = model(torch.tensor([ids]), use_cache=True)
    first = step.logits[0, -1].numpy()
    continuation, margins = [], []
    while True:
        best = torch.topk(step.logits[0, -1], 2)
        continuation.append(int(best.indices[0]))
        margins.append(round(float(best.values[0] - best.values[1]), 4))
        if len(continuation) == N_CONTINUED or continuation[-1] in end_ids:
            return continuation, margins, first
        step = model(torch.tensor([continuation[-1:]]), past_key_values=step.past_key_values, use_cache=True)


@torch.no_grad()
def perplexity(model, ids, bos):
    losses = []
    for start in range(0, len(ids) - CONTEXT + 1, CONTEXT):
        window = list(ids[start : start + CONTEXT])
        if bos is not None:
            window[0] = bos
        scored = torch.log_softmax(model(torch.tensor([window])).logits[0, CONTEXT // 2 - 1 : -1].double(), dim=-1)
        # Logits at c/2 ... c-2 score the tokens c/2+1 ... c-1.
        targets = torch.tensor(window[CONTEXT // 2 + 1 :])
        losses.append(-scored[1:].gather(1, targets[:, None])[:, 0])
    losses = torch.cat(losses)
    mean = losses.mean()
    return {"perplexity": round(float(mean.exp()), 4), "tokens": len(losses), "windows": len(ids) // CONTEXT,
            "standard_error": round(float(mean.exp() * losses.std() / len(losses) ** 0.5), 4), "context": CONTEXT}


def make(path, prompts, text_path):
    file = GgufFile(path)
    tokenizer = real_tokenizers.for_file(file.metadata)
    model = transformers.AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    bos = file.metadata["tokenizer.ggml.bos_token_id"] if file.metadata.get("tokenizer.ggml.add_bos_token") else None
    prefix = [] if bos is None else [bos]
    end_ids = {file.metadata["tokenizer.ggml.eos_token_id"]}
    entries = []
    for text, special in prompts:
        ids = prefix + tokenizer.encode(text, special)
        continuation, margins, first = continue_greedily(model, ids, end_ids)
        expected = numpy_logits(file, ids)[-1]
        difference = float(np.max(np.abs(first - expected)) / np.std(expected))
        print(f"{path.name}: {len(ids)} tokens, NumPy differs by {difference:.1e}, smallest margin {min(margins)}: "
              f"{tokenizer.decode(continuation)!r}", flush=True)
        assert difference < 1e-3
        entries.append({"text": text, "parse_special": special, "ids": ids, "continuation": continuation,
                        "margins": margins, "continuation_text": tokenizer.decode(continuation)})
    text = text_path.read_bytes()
    scored = perplexity(model, prefix + tokenizer.encode(text.decode()), bos)
    print(f"{path.name}: {scored}", flush=True)
    digest = hashlib.file_digest(open(path, "rb"), "sha256").hexdigest()
    return {"model": path.name, "sha256": digest, "end_ids": sorted(end_ids),
            "made_with": f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}, F32",
            "perplexity": {"text": str(text_path), "text_sha256": hashlib.sha256(text).hexdigest(), **scored},
            "prompts": entries}


def main():
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ingot" / "models"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=cache)
    parser.add_argument("--text", type=Path, default=Path("/usr/share/common-licenses/GPL-3"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("names", nargs="*", help="goldens to make, by default all")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    OUT.mkdir(exist_ok=True)
    for file_name, name, prompts in MODELS:
        if args.names and name not in args.names:
            continue
        golden = make(args.models / file_name, prompts, args.text)
        entries = ",\n".join("  " + json.dumps(entry) for entry in golden.pop("prompts"))
        head = json.dumps(golden)[:-1]
        (OUT / f"{name}.json").write_text(f'{head},\n "prompts": [\n{entries}\n]}}\n')


if __name__ == "__main__":
    main()
