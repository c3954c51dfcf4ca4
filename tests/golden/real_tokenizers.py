"""Independent tokenizers for the real models, built from nothing but the vocabulary in the GGUF file.

Byte-level BPE runs in Hugging Face's `tokenizers`, SentencePiece BPE in `sentencepiece` itself, whose model file is
written here field by field (a protobuf message, so small that the package protobuf is not needed).
"""

import struct

import sentencepiece
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED = 1, 2, 3, 4  # the same numbers in GGUF and in SentencePiece


class ByteLevelBpe:
    """Pre-tokenizer "smollm": every digit alone, then GPT-2's pattern."""

    def __init__(self, metadata):
        assert metadata["tokenizer.ggml.pre"] == "smollm"
        tokens = metadata["tokenizer.ggml.tokens"]
        merges = [tuple(merge.split(" ")) for merge in metadata["tokenizer.ggml.merges"]]
        self._tokenizer = Tokenizer(models.BPE({token: rank for rank, token in enumerate(tokens)}, merges))
        self._tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
        self._tokenizer.decoder = decoders.ByteLevel()
        self._with_special = Tokenizer.from_str(self._tokenizer.to_str())
        types = metadata["tokenizer.ggml.token_type"]
        self._with_special.add_special_tokens(
            [AddedToken(token, normalized=False) for token, kind in zip(tokens, types) if kind == _CONTROL])

    def encode(self, text, special=False):
        return (self._with_special if special else self._tokenizer).encode(text, add_special_tokens=False).ids

    def decode(self, ids):
        return self._tokenizer.decode(ids, skip_special_tokens=False)


class SentencePieceBpe:
    def __init__(self, metadata):
        pieces = b"".join(
            _message(1, _message(1, token.replace(" ", "\u2581").encode()) + _float(2, score)
                     + _varint(3, _UNKNOWN if rank == metadata["tokenizer.ggml.unknown_token_id"] else kind))
            for rank, (token, score, kind) in enumerate(zip(
                metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.scores"],
                metadata["tokenizer.ggml.token_type"])))
        bpe = 2
        trainer = _message(2, _varint(3, bpe) + _varint(35, True)  # model_type, byte_fallback
                           + _varint(40, metadata["tokenizer.ggml.unknown_token_id"])
                           + _varint(41, metadata["tokenizer.ggml.bos_token_id"])
                           + _varint(42, metadata["tokenizer.ggml.eos_token_id"])
                           + _varint(43, metadata["tokenizer.ggml.padding_token_id"]))
        normalizer = _message(3, _message(1, b"identity")
                              + _varint(3, metadata.get("tokenizer.ggml.add_space_prefix", True))
                              + _varint(4, False) + _varint(5, True))  # extra spaces stay, spaces become U+2581
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=pieces + trainer + normalizer)

    def encode(self, text, special=False):
        assert not special
        return self._processor.encode(text)

    def decode(self, ids):
        return self._processor.decode(ids)


def _number(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def _message(field, content):
    return _number(field << 3 | 2) + _number(len(content)) + content


def _varint(field, value):
    return _number(field << 3) + _number(int(value))


def _float(field, value):
    return _number(field << 3 | 5) + struct.pack("<f", value)


def for_file(metadata):
    return (ByteLevelBpe if metadata["tokenizer.ggml.model"] == "gpt2" else SentencePieceBpe)(metadata)
