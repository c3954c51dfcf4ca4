"""ingot inspect, on files that run and on files that do not."""
import unittest

from program import MODELS, TINY, VOCABULARY, Case, gguf, run

KEYS = ["architecture", "name", "parameters", "file_bytes", "formats", "context", "layers", "embedding", "heads",
        "kv_heads", "vocabulary", "tokenizer", "chat_template", "memory", "runnable", "reason", "plan"]


class Inspect(Case):
    def test_json_has_what_scripts_rely_on(self):
        info = run("inspect", TINY, "--json").json
        self.assertEqual(info["schema"], 1)
        for key in KEYS:
            self.assertIn(key, info)
        self.assertEqual(info["architecture"], "llama")
        self.assertEqual(info["context"], 256)
        self.assertEqual(info["layers"], 2)
        self.assertEqual(info["vocabulary"], 288)
        self.assertEqual(info["formats"], {"F32": info["memory"]["weights"]})
        self.assertIs(info["runnable"], True)
        self.assertEqual(info["reason"], "")
        self.assertIs(info["chat_template"], False)
        for key in ["weights", "kv_per_token", "activations"]:
            self.assertGreater(info["memory"][key], 0)

    def test_memory_grows_with_the_context(self):
        memory = [run("inspect", TINY, "--json", "-c", context).json["memory"] for context in (100, 200)]
        self.assertEqual(memory[1]["at_context"]["total"] - memory[0]["at_context"]["total"],
                         100 * memory[0]["kv_per_token"])
        wide = run("inspect", TINY, "--json", "--kv-type", "f32").json["memory"]
        self.assertEqual(wide["kv_per_token"], 2 * memory[0]["kv_per_token"])

    def test_text_tells_the_same(self):
        text = run("inspect", TINY, "--tensors", "--plan", "--metadata").text
        for part in ["llama", "F32", "256 tokens", "runnable       yes", "token_embd.weight", "layers 0-1",
                     "general.architecture = llama"]:
            self.assertIn(part, text)

    def test_tensors_are_listed(self):
        tensors = run("inspect", TINY, "--json", "--tensors").json["tensors"]
        self.assertEqual(len(tensors), 21)
        self.assertEqual(next(t for t in tensors if t["name"] == "token_embd.weight")["dims"], [64, 288])

    def test_all_tiny_models_are_runnable(self):
        for model in sorted(MODELS.glob("*.gguf")):
            info = run("inspect", model, "--json", "--check-tensors").json
            self.assertTrue(info["runnable"], (model.name, info["reason"]))

    def test_an_unknown_architecture_is_no_error(self):
        path = self.file("odd.gguf", gguf({"general.architecture": "quux", "quux.context_length": 77, "quux.block_count": 5,
                                           "general.name": "Odd"}, [("a", (32, 4))]))
        finished = run("inspect", path, "--json")
        self.assertEqual(finished.code, 0, finished.err)
        info = finished.json
        self.assertEqual((info["architecture"], info["name"], info["context"], info["layers"], info["parameters"]),
                         ("quux", "Odd", 77, 5, 128))
        self.assertIs(info["runnable"], False)
        self.assertIn("quux", info["reason"])
        self.assertIn("llama", info["reason"])
        self.assertIn("no: ", run("inspect", path).text)

    def test_a_vocabulary_alone_is_no_error(self):
        finished = run("inspect", self.file("vocabulary.gguf", gguf(VOCABULARY)), "--json")
        self.assertEqual(finished.code, 0, finished.err)
        self.assertEqual(finished.json["vocabulary"], 257)
        self.assertFalse(finished.json["runnable"])

    def test_nothing_in_a_file_steers_the_terminal(self):
        evil = "\x1b]0;title\x07\x1b[31mred\x9b5m\nsecond line\u202e\u0085"
        path = self.file("evil.gguf", gguf({"general.architecture": "ev\x1b[2Jil", "general.name": evil, "k.\x1bey": evil},
                                           [("ten\x1bsor\n", (32,))]))
        for args in [[], ["--json"]]:
            finished = run("inspect", path, "--tensors", "--metadata", *args)
            self.assertEqual(finished.code, 0, finished.err)
            controls = [byte for byte in finished.out + finished.err.encode() if byte < 32 and byte != 10 or byte == 127]
            self.assertEqual(controls, [])
            self.assertNotIn("\u0085", finished.text)
        self.assertNotIn("\nsecond line", run("inspect", path, "--metadata").text)


if __name__ == "__main__":
    unittest.main()
