"""What ingot run generates, reports and refuses."""
import json
import os
import resource
import tempfile
import unittest

from program import GREEDY, MODELS, SANITIZED, TINY, VOCABULARY, Case, gguf, gguf_string, gguf_value, run

TIMINGS = ["load_ms", "prefill_ms", "first_token_ms", "decode_ms", "prefill_tokens_per_second",
           "decode_tokens_per_second"]


class Run(Case):
    def generated(self, *args, model=TINY):
        finished = run("run", model, "-p", "hello world", "--json", *args)
        self.assertEqual(finished.code, 0, finished.err)
        return finished.json

    def test_json_has_what_scripts_rely_on(self):
        result = self.generated("-n", "6", *GREEDY, "--seed", "5")
        self.assertEqual(result["schema"], 1)
        self.assertEqual(len(result["tokens"]), 6)
        self.assertEqual(result["finish"], "length")
        self.assertEqual(result["prompt_tokens"], len(run("tokenize", TINY, "hello world").text.split()))
        self.assertEqual(result["cached_tokens"], 0)
        self.assertEqual(result["mode"], "exact")
        self.assertEqual(result["seed"], 5)
        self.assertEqual(list(result["timings"]), TIMINGS)
        for name, value in result["timings"].items():
            self.assertGreater(value, 0, name)
        self.assertGreaterEqual(result["timings"]["first_token_ms"],
                                result["timings"]["load_ms"] + result["timings"]["prefill_ms"])

    def test_grammar_and_schema_shape_the_text(self):
        with tempfile.TemporaryDirectory() as folder:
            grammar, schema = os.path.join(folder, "a.gbnf"), os.path.join(folder, "s.json")
            with open(grammar, "w") as file:
                file.write('root ::= "yes" | "no"\n')
            with open(schema, "w") as file:
                json.dump({"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3}, file)
            result = self.generated("--raw", "--grammar", grammar, "--temp", "2")
            self.assertIn(result["text"], ["yes", "no"])
            self.assertEqual(result["finish"], "stop")
            items = json.loads(self.generated("--raw", "--json-schema", schema)["text"])
            self.assertTrue(2 <= len(items) <= 3 and all(item in (True, False) for item in items), items)
            both = run("run", TINY, "-p", "x", "--grammar", grammar, "--json-schema", schema)
            self.assertEqual(both.code, 2)
            cut = self.generated("--raw", "--json-object", "-n", "1")
            self.assertEqual(cut["finish"], "length")
            self.assertTrue(cut["text"].startswith("{"))

    def test_a_grammar_from_standard_input(self):
        finished = run("run", TINY, "--raw", "-p", "x", "--grammar", "-", "--json", stdin=b'root ::= "ab"')
        self.assertEqual(finished.json["text"], "ab", finished.err)

    def test_bad_grammars_name_file_and_place(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bad")
            for flag, text, message in [("--grammar", 'root ::= "a', "line 1, column 10"),
                                        ("--json-schema", '{"properties": {"a": {"if": {}}}}', "#/properties/a/if"),
                                        ("--json-schema", "{", "no JSON")]:
                with open(path, "w") as file:
                    file.write(text)
                finished = run("run", TINY, "-p", "x", flag, path)
                self.assertEqual(finished.code, 1)
                self.assertIn(path, finished.err)
                self.assertIn(message, finished.err)
            missing = run("run", TINY, "-p", "x", "--grammar", os.path.join(folder, "nowhere"))
            self.assertEqual(missing.code, 1)

    def test_stream_is_lines_of_json(self):
        finished = run("run", TINY, "-p", "hello world", "-n", "9", "--json", "--stream", *GREEDY)
        lines = [json.loads(line) for line in finished.out.splitlines()]
        self.assertEqual("".join(line["text"] for line in lines[:-1]), lines[-1]["text"])
        self.assertEqual(lines[-1]["finish"], "length")
        self.assertGreater(len(lines), 2)

    def test_tokens_are_those_of_the_text(self):
        result = self.generated("-n", "12", *GREEDY)
        text = run("detokenize", TINY, *result["tokens"]).out.decode(errors="replace")
        self.assertEqual(text.strip(), result["text"].strip())

    def test_generate_is_run_raw(self):
        args = ["-p", "hello", "--max-tokens", "9", "--temp", "0", "--ignore-eos"]
        generated = run("generate", TINY, *args)
        self.assertEqual(generated.code, 0, generated.err)
        self.assertEqual(generated.out, run("run", TINY, "-p", "hello", "-n", "9", *GREEDY).out)

    def test_numbers_depend_neither_on_threads_nor_on_chunks(self):
        expected = self.generated("-n", "20", *GREEDY, "-t", "1")["tokens"]
        for args in [["-t", "2"], ["-t", "3"], ["-t", "4"], ["--chunk", "1"], ["--chunk", "7"], ["--chunk", "100000"],
                     ["--chunk", "none"], ["--chunk", "auto"], ["--chunk", "auto:1M"], ["--chunk", "incremental:64"],
                     ["--chunk", "layer-by-layer"], ["--chunk", "minimal"], ["--chunk", "9", "--chunk-overlap", "4"]]:
            self.assertEqual(self.generated("-n", "20", *GREEDY, *args)["tokens"], expected, args)

    def test_a_seed_repeats_the_text(self):
        first = self.generated("-n", "30", "--raw", "--ignore-eos")
        again = self.generated("-n", "30", "--raw", "--ignore-eos", "--seed", str(first["seed"]))
        other = self.generated("-n", "30", "--raw", "--ignore-eos", "--seed", str(first["seed"] + 1))
        self.assertEqual(first["tokens"], again["tokens"])
        self.assertNotEqual(first["tokens"], other["tokens"])

    def test_a_random_seed_is_printed(self):
        finished = run("run", TINY, "-p", "x", "-n", "2", "--raw")
        self.assertRegex(finished.err, r"seed \d+")

    def test_a_stop_text_is_not_shown(self):
        whole = run("run", TINY, "-p", "hello world", "-n", "30", *GREEDY).out
        stop = os.fsdecode(whole[len(whole) // 2:][:3])  # any bytes may be a stop text
        finished = run("run", TINY, "-p", "hello world", "-n", "30", *GREEDY, "--stop", "never", "--stop", stop)
        self.assertEqual(finished.out, whole[:whole.index(os.fsencode(stop))])
        self.assertEqual(self.generated("-n", "30", *GREEDY, "--stop", stop)["finish"], "stop")

    def test_an_end_token_ends_it(self):
        result = self.generated("--raw", "--temp", "0", "--logit-bias", "2=1000000")
        self.assertEqual((result["finish"], result["tokens"], result["text"]), ("stop", [], ""))

    def test_the_end_of_the_context_is_told(self):
        finished = run("run", TINY, "-p", "hello", "-c", "20", *GREEDY)
        self.assertEqual(finished.code, 0)
        self.assertIn("the context of 20 tokens is full", finished.err)
        result = self.generated("-c", "20", *GREEDY)
        self.assertEqual(result["finish"], "context")
        self.assertEqual(result["prompt_tokens"] + len(result["tokens"]), 20)

    def test_penalties_change_the_text(self):
        plain = self.generated("-n", "40", *GREEDY)["tokens"]
        once = self.generated("-n", "40", *GREEDY, "--presence-penalty", "100", "--repeat-last-n", "-1")["tokens"]
        self.assertEqual(len(set(once)), 40)
        self.assertNotEqual(plain, once)

    def test_special_tokens_stay_text_unless_asked(self):
        for special, n_tokens in [([], 4), (["--special"], 2)]:
            finished = run("run", TINY, "-p", "</s>", "-n", "0", "--json", "--raw", *special)
            self.assertEqual(finished.json["prompt_tokens"] > 2, n_tokens > 2, finished.err)

    def test_a_prompt_that_does_not_fit_is_refused_with_both_numbers(self):
        prompt = self.file("prompt", "hello world " * 100)
        n_tokens = len(run("tokenize", TINY, "-f", prompt).text.split())
        self.assert_error(run("run", TINY, "-f", prompt, "-c", "100", "--raw"), 1, n_tokens, "holds 100")

    def test_a_context_that_does_not_fit_is_refused_with_both_numbers(self):
        self.assert_error(run("run", TINY, "-p", "x", "-c", "1073741824", "--kv-type", "f32"), 1, "824.6", "are free")

    @unittest.skipIf(SANITIZED, "sanitizers need terabytes of address space")
    def test_a_limit_on_address_space_is_respected(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))
        finished = run("run", TINY, "-p", "x", "-n", "1", "--raw", preexec_fn=limit)
        self.assertEqual(finished.code, 0, finished.err)
        refused = run("run", TINY, "-p", "x", "-c", "1000000", "--raw", preexec_fn=limit)
        self.assert_error(refused, 1, "address space", "385.5 MB", "are left", "would fit: a context of ")
        prompt = self.file("long", "hello world " * 30000)
        refused = run("run", TINY, "-f", prompt, "-c", "300000", "--raw", "--chunk", "none", preexec_fn=limit)
        self.assertEqual(refused.code, 1)
        self.assertRegex(refused.err, r"with chunk none needs .* are free; would fit: .*chunk 512 \(.*chunk minimal \(")

    def test_a_models_own_template_is_used(self):
        with open(TINY, "rb") as file:
            plain = file.read()
        # One more key in front of the others; the header stays a multiple of the alignment.
        key = gguf_string("tokenizer.chat_template")
        template = "{% for m in messages %}({{ m.role }}: {{ m.content }}){% endfor %}"
        n_keys, body = int.from_bytes(plain[16:24], "little"), plain[24:]
        padding = -(len(key) + 12 + len(template)) % 32
        value = gguf_value(template + "{#" + "-" * (padding + 28) + "#}")
        self.assertEqual((len(key) + len(value)) % 32, 0)
        header = plain[:16] + (n_keys + 1).to_bytes(8, "little")
        path = self.file("templated.gguf", header + key + value + body)

        def n_prompt(*args):
            finished = run("run", *args, "-n", "1", "--json")
            self.assertEqual(finished.code, 0, finished.err)
            return finished.json["prompt_tokens"]

        rendered = n_prompt(TINY, "--raw", "-p", "(user: x)")
        self.assertEqual(n_prompt(path, "-p", "x"), rendered)
        self.assertEqual(n_prompt(path, "--raw", "-p", "x"), n_prompt(TINY, "--raw", "-p", "x"))
        told = n_prompt(TINY, "--raw", "-p", "(system: y)(user: x)")
        self.assertEqual(n_prompt(path, "-p", "x", "--system", "y"), told)

    def test_standard_input_is_read_once(self):
        for args in (["run", TINY, "-f", "-", "--json-schema", "-"], ["run", TINY, "-f", "-", "-f", "-"],
                     ["template", "--chat-template", "chatml", "--messages", "-", "--tools", "-"]):
            self.assert_error(run(*args, stdin=b"{}"), 2, "standard input")

    def test_a_state_that_cannot_be_written_is_said_first(self):
        finished = run("run", TINY, "--raw", "-p", "x", "-n", "4", "--save-state", "/nonexistent/x")
        self.assert_error(finished, 1, "/nonexistent/x")

    def test_a_state_of_another_type_of_cache(self):
        state = self.file("saved.state", b"")
        self.assertEqual(run("run", TINY, "--raw", "-p", "x", "-n", "1", "--save-state", state).code, 0)
        finished = run("run", TINY, "--load-state", state, "-n", "1", "--kv-type", "f32")
        self.assert_error(finished, 1, "type f16; expected f32")

    def test_timings_tell_what_there_was(self):
        self.assertNotIn("first token", run("run", TINY, "--raw", "-p", "x", "-n", "0").err)
        one = run("run", TINY, "--raw", "-p", "x", "-n", "1").err
        self.assertIn("first token", one)
        self.assertNotIn("generated", one)

    def test_a_vocabulary_without_a_model_is_refused(self):
        path = self.file("vocabulary.gguf", gguf(VOCABULARY))
        finished = run("run", path, "-p", "x")
        self.assert_error(finished, 1, "vocabulary.gguf")

    def test_verbose_says_more(self):
        self.assertIn("2 threads", run("run", TINY, "-p", "x", "-n", "1", "-t", "2", "--raw", "--verbose").err)


class Architectures(Case):
    def test_all_tiny_models_run(self):
        models = sorted(MODELS.glob("*.gguf"))
        self.assertGreater(len(models), 20)
        for model in models:
            with self.subTest(model=model.name):
                finished = run("run", model, "-p", "hello", "-n", "3", *GREEDY)
                if "bert" in model.name:
                    self.assertEqual(finished.code, 1)
                    self.assertIn("encoders: they embed texts", finished.err)
                    finished = run("embed", model, "-p", "hello")
                self.assertEqual(finished.code, 0, finished.err)


if __name__ == "__main__":
    unittest.main()
