"""Ids of byte-level BPE by Hugging Face's own engine: bpe_small.json, bpe_characters.json and bpe_smollm2.json.

The small vocabularies are trained here, on the texts of this file and on Python's own source, with merges that cross
what a pre-tokenizer cuts, so that a wrong cut shows; the last file takes tokens and merges from the GGUF file of
SmolLM2 that is given as the first argument. Needs tokenizers and gguf.
"""

import json
import pathlib
import sys

import gguf
from make_splits import FAMILIES, TEXTS, save
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import Replace
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence, Split
from tokenizers.trainers import BpeTrainer

HERE = pathlib.Path(__file__).parent
CORPUS = TEXTS + pathlib.Path(HERE / "make_splits.py").read_text().splitlines(keepends=True)
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_s"]
USER_DEFINED = ["<tool>", "    ", "  ", "\n\n"]
SPECIAL_TEXTS = [
    "<|im_start|>user\nHi there<|im_end|>\n<|im_start|>assistant\n",
    "<|im_star<|im_end|><|im_s|><|im_start|><|endoftext|><|endoftext|>",
    "a<tool>b  c    d       e\n\n\nf<tool><tool>",
    "no special text at all",
]


def model_parts(tokenizer):
    content = json.loads(tokenizer.to_str())
    vocabulary = content["model"]["vocab"]
    tokens = [None] * len(vocabulary)
    for token, index in vocabulary.items():
        tokens[index] = token
    merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ", 1)) for m in content["model"]["merges"]]
    return tokens, merges


def train_small():
    """Trained without any cutting, so that merges run over spaces, digits, line ends and punctuation."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = BpeTrainer(vocab_size=900, initial_alphabet=ByteLevel.alphabet(), show_progress=False, max_token_length=12)
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokens, merges = model_parts(tokenizer)
    # Words that no merge reaches: only a tokenizer that looks up whole words first gives them.
    for word in ("Hello", "\u0120world", "11", "123", "don", "'t", "\u0120\u0120", "\u010a\u010a", "nai", "wo"):
        if word not in tokens:
            tokens.append(word)
    return tokens, merges


def small():
    tokens, merges = train_small()
    n_plain = len(tokens)
    vocabulary = {token: index for index, token in enumerate(tokens)}
    result = {
        "tokens": tokens + CONTROL + USER_DEFINED,
        "token_type": [1] * n_plain + [3] * len(CONTROL) + [4] * len(USER_DEFINED),
        "merges": [" ".join(merge) for merge in merges],
        "texts": TEXTS,
        "special_texts": SPECIAL_TEXTS,
        "ids": {},
        "special_ids": {},
    }
    for name in ("gpt-2", "smollm", "llama-bpe", "qwen2", "gpt-4o", "tekken", "deepseek-v3", "superbpe", "falcon"):
        ignore_merges = name in ("llama-bpe", "tekken")
        tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=merges, ignore_merges=ignore_merges))
        tokenizer.pre_tokenizer = Sequence(FAMILIES[name] + [ByteLevel(add_prefix_space=False, use_regex=False)])
        if name in ("gpt-2", "smollm", "falcon"):
            # There ByteLevel itself cuts words and turns bytes into characters, in this order.
            steps = [Digits(individual_digits=True)] if name == "smollm" else []
            if name == "falcon":
                tokenizer.pre_tokenizer = Sequence(FAMILIES[name])
            else:
                tokenizer.pre_tokenizer = Sequence(steps + [ByteLevel(add_prefix_space=False, use_regex=True)])
        result["ids"][name] = [tokenizer.encode(text).ids for text in TEXTS]
        tokenizer.add_tokens([AddedToken(token, normalized=False, special=True) for token in CONTROL])
        tokenizer.add_tokens([AddedToken(token, normalized=False) for token in USER_DEFINED])
        result["special_ids"][name] = [tokenizer.encode(text).ids for text in SPECIAL_TEXTS]
    save("bpe_small.json", result)


def characters():
    """The shape of Gemma 4: no byte alphabet, spaces as U+2581, bytes as a last resort."""
    tokenizer = Tokenizer(BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.normalizer = Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = Split(Regex("\n+"), "isolated")
    texts = [text for text in TEXTS if "\x00" not in text and "\u180e" not in text]
    special = ["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(
        CORPUS, BpeTrainer(vocab_size=900, limit_alphabet=90, show_progress=False, special_tokens=special)
    )
    tokens, merges = model_parts(tokenizer)
    plain = Tokenizer(BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges, unk_token="<unk>", byte_fallback=True))
    plain.normalizer = tokenizer.normalizer
    plain.pre_tokenizer = tokenizer.pre_tokenizer
    save(
        "bpe_characters.json",
        {
            "tokens": tokens,
            "token_type": [3, 3, 3, 2] + [6] * 256 + [1] * (len(tokens) - 260),
            "merges": [" ".join(merge) for merge in merges],
            "texts": texts,
            "ids": [plain.encode(text).ids for text in texts],
        },
    )


def smollm2(path):
    fields = gguf.GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
    tokenizer = Tokenizer(BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=True)])
    texts = TEXTS + ["".join(CORPUS[len(TEXTS) :])[:4000]]
    save("bpe_smollm2.json", {"texts": texts, "ids": [tokenizer.encode(text).ids for text in texts]})


if __name__ == "__main__":
    small()
    characters()
    smollm2(sys.argv[1])
