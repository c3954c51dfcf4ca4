"""ingot convert: a Hugging Face folder becomes a file that runs; what fails leaves nothing behind."""
import json
import os
import struct
import unittest

from program import Case, run

DIM, FFN, HEADS, VOCABULARY = 32, 64, 2, 258


def byte_alphabet():
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in kept]
    return {byte: chr(byte) for byte in kept} | {byte: chr(0x100 + rank) for rank, byte in enumerate(moved)}


def safetensors(tensors):
    """name -> shape; F32, small values that are not all alike."""
    header, data = {}, b""
    for name, shape in tensors.items():
        n_values = 1
        for dim in shape:
            n_values *= dim
        values = [0.01 * (index % 7 - 3) + (1.0 if name.endswith("norm.weight") else 0.0) for index in range(n_values)]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * n_values]}
        data += struct.pack(f"<{n_values}f", *values)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def llama_tensors():
    layer = "model.layers.0."
    return {"model.embed_tokens.weight": [VOCABULARY, DIM], "model.norm.weight": [DIM],
            layer + "input_layernorm.weight": [DIM], layer + "post_attention_layernorm.weight": [DIM],
            **{f"{layer}self_attn.{name}_proj.weight": [DIM, DIM] for name in "qkvo"},
            layer + "mlp.gate_proj.weight": [FFN, DIM], layer + "mlp.up_proj.weight": [FFN, DIM],
            layer + "mlp.down_proj.weight": [DIM, FFN]}


CONFIG = {"architectures": ["LlamaForCausalLM"], "hidden_size": DIM, "num_hidden_layers": 1, "intermediate_size": FFN,
          "num_attention_heads": HEADS, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "hidden_act": "silu",
          "tie_word_embeddings": True}
TOKENIZER = {"added_tokens": [{"id": 256, "content": "<|end|>", "special": True}],
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
             "model": {"type": "BPE", "vocab": {letter: byte for byte, letter in byte_alphabet().items()}, "merges": []}}
SETTINGS = {"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|end|>", "chat_template": "{{ messages }}"}


class Convert(Case):
    def model(self, config=None, tensors=None):
        folder = self.folder / "tiny-llama"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps(CONFIG | (config or {})))
        (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER))
        (folder / "tokenizer_config.json").write_text(json.dumps(SETTINGS))
        (folder / "model.safetensors").write_bytes(safetensors(tensors or llama_tensors()))
        return folder

    def out(self):
        return self.folder / "out.gguf"

    def assert_nothing_written(self):
        self.assertEqual([name for name in os.listdir(self.folder) if "out.gguf" in name], [])

    def test_a_folder_becomes_a_file_that_runs(self):
        finished = run("convert", self.model(), self.out())
        self.assertEqual(finished.code, 0, finished.err)
        self.assertEqual(finished.err, "")
        for part in ["out.gguf: llama", '"tiny-llama"', "11 tensors", "tokenizer gpt2"]:
            self.assertIn(part, finished.text)
        info = run("inspect", self.out(), "--json").json
        self.assertTrue(info["runnable"], info)
        self.assertEqual(run("tokenize", self.out(), "hi<|end|>", "--special").text, "104 105 256\n")
        self.assertEqual(run("run", self.out(), "-p", "hi", "-n", "2", "--raw", "--temp", "0").code, 0)

    def test_json_tells_the_same(self):
        result = run("convert", self.model(), self.out(), "--type", "f16", "--name", "My model", "--json").json
        self.assertEqual(result["schema"], 1)
        self.assertEqual((result["architecture"], result["name"], result["tokenizer"]), ("llama", "My model", "gpt2"))
        self.assertEqual(result["tensors"], 11)
        self.assertEqual(result["file_bytes"], os.path.getsize(self.out()))
        self.assertEqual(set(result["format_bytes"]), {"F16", "F32"})
        self.assertEqual(result["notes"], [])

    def test_a_file_beside_its_config(self):
        finished = run("convert", self.model() / "model.safetensors", self.out())
        self.assertEqual(finished.code, 0, finished.err)
        self.assertIn('"tiny-llama"', finished.text)

    def test_an_output_that_is_there_is_kept(self):
        self.out().write_text("what was there")
        self.assert_error(run("convert", self.model(), self.out()), 1, "out.gguf: is there already", "--force")
        self.assertEqual(self.out().read_text(), "what was there")
        self.assertEqual(run("convert", self.model(), self.out(), "--force").code, 0)
        self.assertEqual(self.out().read_bytes()[:4], b"GGUF")

    def test_an_output_that_is_a_folder_or_the_input(self):
        self.assert_error(run("convert", self.model(), self.folder, "--force"), 1, "is no regular file")
        file = self.model() / "model.safetensors"
        self.assert_error(run("convert", file, file, "--force"), 1, "is the input")
        self.assert_error(run("convert", self.model(), self.folder / "no" / "out.gguf"), 1, "cannot write")

    def test_what_would_not_run_is_not_written(self):
        # The shapes of the file are those of two heads of 16.
        finished = run("convert", self.model({"head_dim": 8}), self.out())
        self.assert_error(finished, 1, "nothing was written, since the result would not run", "attn_q")
        self.assert_nothing_written()

    def test_what_cannot_be_converted_is_named(self):
        self.assert_error(run("convert", self.model({"architectures": ["BertModel"]}), self.out()), 1, "BertModel",
                          "LlamaForCausalLM")
        (self.folder / "tiny-llama" / "tokenizer.json").unlink()
        (self.folder / "tiny-llama" / "config.json").write_text(json.dumps(CONFIG))
        self.assert_error(run("convert", self.folder / "tiny-llama", self.out()), 1, "tokenizer.json is missing")
        self.assert_error(run("convert", self.folder / "nothing", self.out()), 1, "nothing: no such file")
        empty = self.folder / "empty"
        empty.mkdir()
        self.assert_error(run("convert", empty, self.out()), 1, "holds neither model.safetensors nor")
        self.assert_error(run("convert", self.file("x.pth", b"PK\x03\x04"), self.out()), 1, "PyTorch checkpoint",
                          "rwkv_pth_to_safetensors.py")
        self.assert_nothing_written()

    def test_a_damaged_checkpoint_is_named(self):
        whole = safetensors(llama_tensors())
        for n_bytes in [4, 100, len(whole) - 1]:
            path = self.file("cut.safetensors", whole[:n_bytes])
            self.assert_error(run("convert", path, self.out()), 1, "cut.safetensors: ")
        self.assert_nothing_written()

    def test_wrong_usage(self):
        self.assert_error(run("convert", self.model()), 2, "OUTPUT")
        self.assert_error(run("convert", self.model(), self.out(), "--type", "q4_0"), 2, "q4_0")
        self.assert_error(run("convert", self.model(), self.out(), "--vocab", "x.txt"), 1, "x.txt")

    def test_variables_are_flags(self):
        finished = run("convert", self.model(), self.out(), env={"INGOT_TYPE": "bf16", "INGOT_JSON": "1"})
        self.assertIn("BF16", finished.json["format_bytes"])


if __name__ == "__main__":
    unittest.main()
