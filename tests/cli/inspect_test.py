"""ingot inspect, on files that run and on files that do not."""
import unittest

from program import LLAMA_KEYS, MODELS, TINY, VOCABULARY, Case, gguf, llama_tensors, run

KEYS = ["architecture", "name", "parameters", "file_bytes", "formats", "context", "layers", "embedding", "heads",
        "kv_heads", "vocabulary", "tokenizer", "chat_template", "memory", "runnable", "reason", "unused_tensors", "plan"]


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
        self.assertEqual(info["unused_tensors"], [])
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

    def test_what_cannot_be_read_is_unknown_not_zero(self):
        odd = self.file("odd.gguf", gguf({"general.architecture": "quux", "quux.block_count": 5}, [("a", (32, 4))]))
        for path, weights, n_layers in [(odd, 512, 5), (self.file("vocabulary.gguf", gguf(VOCABULARY)), 0, 0)]:
            info = run("inspect", path, "--json", "-c", 100).json
            self.assertEqual(info["memory"], {"weights": weights, "kv_per_token": None, "state": None, "activations": None,
                                              "at_context": {"context": 100, "total": None}})
            text = run("inspect", path).text
            self.assertIn(f"weights {weights} bytes; what a token and the scratch need is unknown", text)
            self.assertIn(f"shape          {n_layers or '?'} layers, embedding ?, ? heads", text)
            self.assertNotIn("0 bytes a token", text)

    def test_unused_tensors_are_a_warning_and_a_list(self):
        odd = [("blk.0.attn_q.odd", (4,)), ("od\x1b[2Jd", (4,))]
        path = self.file("odd.gguf", gguf(LLAMA_KEYS, llama_tensors() + odd))
        finished = run("inspect", path, "--json")
        self.assertEqual(finished.code, 0, finished.err)
        self.assertEqual(finished.json["unused_tensors"], ["blk.0.attn_q.odd", "od\x1b[2Jd"])
        self.assertIs(finished.json["runnable"], True)
        self.assertEqual(finished.err, "ingot: warning: 2 of 13 tensors are not used by the architecture llama: "
                                       "blk.0.attn_q.odd, od\\x1b[2Jd\n")
        self.assertEqual(run("run", path, "-p", "x", "-n", "1", "--raw").err.splitlines()[0] + "\n", finished.err)
        self.assertEqual(run("inspect", TINY).err, "")

    def test_verbose_says_more_on_stderr(self):
        plain, verbose = run("inspect", TINY), run("inspect", TINY, "--verbose")
        self.assertEqual(verbose.code, 0)
        self.assertEqual(verbose.out, plain.out)
        self.assertEqual(plain.err, "")
        self.assertIn("21 tensors in ", verbose.err)
        self.assertEqual(run("inspect", TINY, env={"INGOT_VERBOSE": "1"}).out, plain.out)

    def test_the_plan_tells_conventions(self):
        for model, parts, absent in [
                ("llama.F32", ["rms norms before;", "rope (interleaved) on 24, base 10000"], ["biases", "normed"]),
                ("gpt2.F32", ["layer norms with biases before;", "no rope, biases on q, k, v, output;",
                              "biases on up, down"], ["gate", "base"]),
                ("qwen2.F32", ["rope (halves) on 8, base 10000, biases on q, k, v;"], ["output", "up"]),
                ("qwen3.F32", ["q and k normed by head, rope (halves)"], ["biases"]),
                ("olmo2.F32", ["rms norms after;", "q and k normed as a whole"], ["before"]),
                ("gemma2.F32", ["rms norms before and after;"], ["biases", "normed"])]:
            with self.subTest(model=model):
                plan = run("inspect", MODELS / f"{model}.gguf", "--json").json["plan"][0]
                line = plan.split("; in one go")[0]
                for part in parts:
                    self.assertIn(part, line)
                for part in absent:
                    self.assertNotIn(part, line)

    def test_the_plan_lists_what_is_done_in_one_go(self):
        for model, fused in [
                ("llama.F32", "norm, q, k, v; norm, gate, up, activation, packing for down; residual with output, down"),
                ("phi3.F32", "norm, q, k, v, rope, cache write; norm, gate, up; residual with output, down"),
                ("mixtral.F32", "norm, q, k, v; residual with output"),
                ("olmo2.F32", "q, k, v; gate, up, activation, packing for down"),
                ("gpt2.F32", "norm, q, k, v; norm, up, activation; residual with output, down"),
                ("bert.F32", "q, k, v, cache write; up, activation; residual with output, down"),
                ("gemma3.F32", "norm, q, k, v, norms of heads, rope, cache write; norm, gate, up, activation, packing for down")]:
            with self.subTest(model=model):
                plan = run("inspect", MODELS / f"{model}.gguf", "--json").json["plan"][0]
                self.assertEqual(plan.split("; in one go: ")[1], fused)

    def test_a_file_that_cannot_be_loaded_has_a_plan(self):
        path = self.file("lacking.gguf", gguf(LLAMA_KEYS, llama_tensors()[:-1]))
        info = run("inspect", path, "--json").json
        self.assertIn("blk.0.ffn_down.weight is missing", info["reason"])
        self.assertIn("rms norms; attention: 2 heads of 16", info["plan"][0])
        self.assertGreater(info["memory"]["kv_per_token"], 0)

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
