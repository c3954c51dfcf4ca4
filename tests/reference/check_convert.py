"""Checks `ingot convert` against Hugging Face: folders as save_pretrained writes them, converted, logits and ids compared.

    python tests/reference/check_convert.py build/release/ingot      needs torch, transformers (5), tokenizers, gguf

Each case of check_against_transformers.py gets random weights and a tokenizer, is saved with shards, and converted.
The NumPy forward on the result must give the logits of the model in torch, and `ingot tokenize` the ids of the
tokenizer. Run by hand when src/convert changes. Exits with 1 where logits differ by more than 1e-4 of their deviation.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import tokenizers
import torch
import transformers as hf
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

from check_against_transformers import N_TOKENS, TOLERANCE, cases, randomise
from forward import logits
from gguf_file import GgufFile

VOCABULARY = 600
SENTENCES = ["Hello world, 12345 it's  fine\n\n  yes", "na\u00efve \u4e2d\u6587 \U0001f600 tabs\tand <|end|> text",
             " leading", "the theory of the thing in other hands\r\n", "x=3.14159; don't WE'LL\n"]
CORPUS = ["the theory of the thing in other hands", "it's fine, yes", "hello world in the other hand"] * 3
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_level(*steps, ignore_merges=False, use_regex=False):
    tokenizer = tokenizers.Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [*steps, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                             special_tokens=["<|begin|>", "<|end|>"], show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer, "<|begin|>", "<|end|>"


def sentencepiece():
    """As the converter of SentencePiece models writes it: every pair that makes a token is a merge."""
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    pieces = list(dict.fromkeys("\u2581" + word[:end] for word in CORPUS[0].split() for end in range(1, len(word) + 1)))
    pieces += ["\u2581", *"abcdefghijklmnopqrstuvwxyz"]
    ids = {token: index for index, token in enumerate(tokens + pieces)}
    merges = [(piece[:cut], piece[cut:]) for piece in pieces for cut in range(1, len(piece))
              if piece[:cut] in ids and piece[cut:] in ids]
    tokenizer = tokenizers.Tokenizer(models.BPE(ids, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    bos = ("<s>", ids["<s>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[bos])
    return tokenizer, "<s>", "</s>"


def tokenizer_of(index):
    split = pre_tokenizers.Split(tokenizers.Regex(LLAMA3), "isolated")
    qwen = pre_tokenizers.Split(tokenizers.Regex(LLAMA3.replace("{1,3}", "")), "isolated")
    kinds = [lambda: byte_level(split, ignore_merges=True), lambda: byte_level(qwen), lambda: byte_level(use_regex=True),
             lambda: byte_level(pre_tokenizers.Digits(True), use_regex=True), sentencepiece]
    return kinds[index % len(kinds)]()


def convert(program, model, folder, index):
    source, target = pathlib.Path(folder) / "model", pathlib.Path(folder) / "model.gguf"
    model.save_pretrained(source, max_shard_size="60KB")
    tokenizer, bos, eos = tokenizer_of(index)
    hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=bos, eos_token=eos).save_pretrained(source)
    subprocess.run([program, "convert", source, target, "--type", "f32"], check=True, stdout=subprocess.DEVNULL)
    for text in SENTENCES:
        found = subprocess.run([program, "tokenize", target, text, "--json"], check=True, stdout=subprocess.PIPE)
        assert json.loads(found.stdout)["tokens"] == tokenizer.encode(text).ids or "<|end|>" in text, (index, text)
    return target


def largest_difference(program, index, architecture, config):
    config._attn_implementation = "eager"
    config.vocab_size = VOCABULARY
    model = hf.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval().float()
    randomise(model, architecture)
    model.tie_weights()
    tokens = np.random.default_rng(2).integers(3, VOCABULARY, size=N_TOKENS)
    with torch.no_grad():
        expected = model(torch.tensor(tokens)[None]).logits[0].numpy().astype(np.float64)
    with tempfile.TemporaryDirectory() as folder:
        found = logits(GgufFile(convert(program, model, folder, index)), tokens, context=N_TOKENS)
    return np.max(np.abs(found - expected)) / np.std(expected)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    failed = False
    for index, (name, architecture, config, _, _) in enumerate(cases()):
        difference = largest_difference(sys.argv[1], index, architecture, config)
        failed |= not difference <= TOLERANCE
        print(f"{name:30s} {difference:.1e}{'' if difference <= TOLERANCE else '  DIFFERS'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
