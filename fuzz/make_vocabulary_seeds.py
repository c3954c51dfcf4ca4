"""Seeds of vocabulary_fuzzer: one small vocabulary-only GGUF file a kind, so that the fuzzer starts past the header."""

import pathlib
import sys

import gguf

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests/golden"))
import tiny_vocabularies  # noqa: E402


def write(name, fill):
    path = HERE / "corpus/vocabulary_fuzzer" / f"{name}.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def unigram(writer):
    tokens = ["<pad>", "</s>", "<unk>", "\u2581", "\u2581the", "\u2581a", "t", "h", "e", "a", "s", "\u2581s"]
    writer.add_tokenizer_model("t5")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * 3 + [-float(rank) for rank in range(2, len(tokens) - 1)])
    writer.add_token_types([3, 3, 2] + [1] * (len(tokens) - 3))
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(2)
    writer.add_precompiled_charsmap(bytes([4, 0, 0, 0, 0, 0, 0, 0, 0]))


def wordpiece(writer):
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "\u2581the", "\u2581a", "a", "he", "\u2581t", "\u2581."]
    writer.add_tokenizer_model("bert")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 2, 3, 3] + [1] * (len(tokens) - 4))
    writer.add_unk_token_id(1)
    writer.add_sep_token_id(3)
    writer.add_pad_token_id(0)
    writer.add_uint32("tokenizer.ggml.cls_token_id", 2)


def world(writer):
    tokens = ["<s>"] + [f"\\x{byte:02x}" for byte in range(256)] + ["the", " the", "\\n\\n"]
    writer.add_tokenizer_model("rwkv")
    writer.add_token_list(tokens)
    writer.add_token_types([3] + [1] * (len(tokens) - 1))


def character_bpe(writer):
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokens += ["\u2581", "t", "h", "e", "he", "\u2581t", "\u2581the", "\n", "\n\n"]
    writer.add_tokenizer_model("gemma4")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, 3, 2] + [6] * 256 + [1] * 9)
    writer.add_token_merges(["h e", "\u2581 t", "\u2581t he"])
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(1)
    writer.add_unk_token_id(3)


if __name__ == "__main__":
    for pre in ("llama-bpe", "deepseek-llm", "superbpe"):
        write(f"bytes_{pre}", lambda writer, pre=pre: tiny_vocabularies.byte_level_bpe(writer, pre))
    write("sentencepiece", tiny_vocabularies.sentencepiece_bpe)
    for fill in (unigram, wordpiece, world, character_bpe):
        write(fill.__name__, fill)
