"""ingot profile."""
import json
import pathlib
import re
import unittest

from program import MODELS, TINY, Case, gguf, run

PROMPT = "The quick brown fox jumps over the lazy dog. " * 5


class Profile(Case):
    def profiled(self, *args, model=TINY, prompt=PROMPT, **options):
        finished = run("profile", model, "-p", prompt, "-n", "8", "-t", "2", *args, **options)
        self.assertEqual(finished.code, 0, finished.err)
        self.assertEqual(finished.err, "")
        return finished

    def test_text_has_every_part(self):
        text = self.profiled().text
        for part in ("time to the first byte: ", "load weights", "prefill: layers", "tokenize", "from there to the end: ",
                     "prefill: ", "decode: ", "layers ", "GFLOP/s", "of the limit", "0-1 ", "qkv_projection", "attention",
                     "thread 1: ", "waiting in loops", "memory: weights ", "buffers allocated", "diagnosis:"):
            self.assertIn(part, text)
        self.assertNotIn("apart", text)

    def test_json_has_what_scripts_rely_on(self):
        profile = self.profiled("--json").json
        self.assertEqual(list(profile), [
            "schema", "model", "mode", "kernels", "threads", "chat_template", "prompt_tokens", "generated_tokens", "wall_ms",
            "first_byte_ms", "stages", "decode_stages", "phases", "operations", "backends", "memory", "prefill", "ceilings",
            "drift", "counters", "energy", "dropped_events", "findings"])
        self.assertEqual(profile["schema"], 1)
        self.assertEqual(profile["threads"], 2)
        self.assertEqual(profile["prompt_tokens"], len(run("tokenize", TINY, PROMPT).text.split()))
        self.assertEqual(profile["dropped_events"], 0)
        self.assertEqual([phase["name"] for phase in profile["phases"]], ["prefill", "decode"])
        self.assertEqual(list(profile["backends"]), ["cpu"])
        self.assertLessEqual({"dram_read", "l3_read", "l2_read", "fp32", "bf16_dot", "int8_vnni", "amx_bf16", "amx_int8"},
                             set(profile["ceilings"]))
        names = {row["operation"] for row in profile["operations"]}
        self.assertLessEqual({"embedding", "attention_norm", "qkv_projection", "rope", "kv_cache_write", "attention",
                              "output_projection", "ffn_norm", "down_projection", "head"}, names)
        for row in profile["operations"]:
            self.assertEqual(list(row), [
                "phase", "layers", "operation", "format", "kernel", "backend", "calls", "ms", "share", "bytes", "flops",
                "gb_per_second", "gflop_per_second", "percent_of_ceiling", "bound", "wait_share", "loops", "serial_ms",
                "apart"])

    def test_the_prompt_is_a_message_where_there_is_a_template(self):
        talk = ["--chat-template", "chatml", "--system", "Be brief."]
        through = self.profiled("--json", *talk, prompt="hello").json
        names = [stage["name"] for stage in through["stages"]]
        self.assertEqual(names[names.index("template") - 1:][:3], ["parse template", "template", "tokenize"])
        self.assertTrue(through["chat_template"])
        answered = run("run", TINY, "-p", "hello", "-n", "8", "-t", "2", "--temp", "0", "--json", *talk).json
        self.assertEqual(through["prompt_tokens"], answered["prompt_tokens"])
        self.assertIn(f"prompt {through['prompt_tokens']} tokens with those of the chat template",
                      self.profiled(*talk, prompt="hello").text)
        without = self.profiled("--json", prompt="hello").json
        self.assertFalse(without["chat_template"])
        self.assertNotIn("template", [stage["name"] for stage in without["stages"]])
        self.assertLess(without["prompt_tokens"], through["prompt_tokens"])

    def test_what_excludes_a_template(self):
        for raw in ("--raw", "--special"):
            for flag in (["--system", "x"], ["--chat-template", "chatml"]):
                self.assert_error(run("profile", TINY, "-p", "x", raw, *flag), 2, raw, flag[0], "exclude")
        self.assert_error(run("profile", TINY, "-p", "x", "--system", "x"), 1, "no chat template")
        self.assert_error(run("profile", TINY, "-p", "x", "--chat-template", "nothing"), 1, "chatml")

    def test_says_how_the_prompt_was_read(self):
        prefill = self.profiled("--json", "--chunk", "16", "--chunk-overlap", "4").json["prefill"]
        self.assertEqual(list(prefill), ["chunking", "reason", "runs", "largest_chunk", "memory", "measured_memory",
                                         "arithmetic_ms", "estimated_ms", "ms", "chunks"])
        self.assertEqual(prefill["chunking"], "16, overlap 4")
        self.assertEqual(prefill["largest_chunk"], 20)
        self.assertEqual(prefill["memory"], prefill["measured_memory"])
        self.assertEqual(prefill["runs"][0], {"chunks": len(prefill["chunks"]) - 1, "tokens": 16})
        self.assertEqual([chunk["repeated"] for chunk in prefill["chunks"]],
                         [0] + [4] * (len(prefill["chunks"]) - 1))
        for chunking in ("none", "auto", "incremental", "layer-by-layer", "minimal"):
            profile = self.profiled("--json", "--chunk", chunking).json
            prefill = profile["prefill"]
            self.assertEqual(prefill["chunking"], chunking)
            self.assertEqual(sum(run["chunks"] * run["tokens"] for run in prefill["runs"]), profile["prompt_tokens"])
            self.assertEqual(sum(chunk["tokens"] for chunk in prefill["chunks"]), profile["prompt_tokens"])
            self.assertGreaterEqual(prefill["memory"]["total"], prefill["measured_memory"]["total"])
            self.assertEqual(profile["dropped_events"], 0)
        text = self.profiled("--chunk", "layer-by-layer").text
        for part in ("reading the prompt with chunk layer-by-layer: ", "planned: 1 x ", "activations", "measured"):
            self.assertIn(part, text)

    def test_figures_agree_with_each_other(self):
        profile = self.profiled("--json").json
        self.assertAlmostEqual(sum(stage["ms"] for stage in profile["stages"]), profile["first_byte_ms"], places=6)
        self.assertAlmostEqual(sum(stage["ms"] for stage in profile["stages"] + profile["decode_stages"]),
                               profile["wall_ms"], places=6)
        for phase in profile["phases"]:
            rows = [row for row in profile["operations"] if row["phase"] == phase["name"]]
            self.assertAlmostEqual(sum(row["ms"] for row in rows), phase["operations_ms"], places=6)
            self.assertLessEqual(phase["operations_ms"], phase["ms"])
            self.assertEqual(sum(row["calls"] for row in rows), phase["operations"])
            for row in rows:
                self.assertAlmostEqual(row["gb_per_second"], row["bytes"] * 1e-6 / row["ms"])
                self.assertAlmostEqual(row["gflop_per_second"], row["flops"] * 1e-6 / row["ms"])
        self.assertEqual(profile["phases"][0]["tokens"], profile["prompt_tokens"])

    def test_layers_gives_a_row_for_each(self):
        profile = self.profiled("--layers", "--json").json
        rows = [row for row in profile["layers"] if row["phase"] == "prefill" and row["operation"] == "rope"]
        self.assertEqual(sorted(row["layers"] for row in rows), ["0", "1"])
        self.assertRegex(self.profiled("--layers").text, r"\n  1 +rope ")

    def test_gemma3_has_sliding_and_global_layers(self):
        profile = self.profiled("--json", model=str(MODELS / "gemma3.F32.gguf")).json
        self.assertEqual({row["layers"] for row in profile["operations"]}, {"", "0-4,6", "5"})

    def test_attention_in_detail_is_part_of_no_sum(self):
        profile = self.profiled("--detail", "attention", "--json").json
        apart = [row for row in profile["operations"] if row["apart"]]
        self.assertEqual({row["operation"] for row in apart}, {"qk_computation", "softmax", "weighted_value"})
        self.assertEqual({row["phase"] for row in apart}, {"prefill", "decode"})
        for phase in profile["phases"]:
            rows = [row for row in profile["operations"] if row["phase"] == phase["name"] and not row["apart"]]
            self.assertAlmostEqual(sum(row["ms"] for row in rows), phase["operations_ms"], places=6)
            self.assertLessEqual(phase["operations_ms"], phase["ms"])
        self.assertAlmostEqual(sum(stage["ms"] for stage in profile["stages"] + profile["decode_stages"]),
                               profile["wall_ms"], places=6)
        text = self.profiled("--detail", "attention").text
        self.assertRegex(text, r"softmax +- +\d+ +[\d.]+ +apart")
        self.assertIn("part of no sum", text)

    def test_the_target_is_met_or_not(self):
        self.assertRegex(self.profiled("--target-ttft", "600000").text, r"\nPASS: .* under the target of 600000")
        self.assertRegex(self.profiled("--target-ttft", "0.001").text, r"\nFAIL: .* over the target of ")
        target = self.profiled("--target-ttft", "600000", "--json").json["target"]
        self.assertEqual((target["first_byte_ms"], target["passed"]), (600000, True))
        self.assertGreater(target["gap_ms"], 0)

    def test_a_trace_opens_in_a_viewer(self):
        path = self.folder / "trace.json"
        self.profiled("--trace", path)
        events = json.loads(path.read_text())["traceEvents"]
        spans = [event for event in events if event["ph"] == "X"]
        names = {event["name"] for event in spans}
        self.assertLessEqual({"load weights", "tokenize", "step", "sampling", "qkv_projection", "rope"}, names)
        self.assertEqual({event["tid"] for event in spans} - {0, 1, 2}, set())
        for event in spans:
            self.assertGreaterEqual(event["ts"], 0)
            self.assertGreaterEqual(event["dur"], 0)

    # -- The page ---------------------------------------------------------------------------------------------------

    def page(self, *args, **options):
        path = self.folder / "page.html"
        finished = self.profiled("--html", path, *args, **options)
        page = path.read_text()
        return finished, page, re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1]

    def test_a_page_holds_the_profile_and_needs_no_network(self):
        finished, page, data = self.page("--json")
        self.assertEqual(json.loads(data), finished.json)
        self.assertTrue(page.startswith("<!doctype html>"))
        self.assertNotRegex(page, r"(src|href)=|url\(|https:")

    def test_a_page_comes_beside_the_text(self):
        finished, _, data = self.page("--target-ttft", "600000", "--layers")
        self.assertIn("diagnosis:", finished.text)
        self.assertTrue(json.loads(data)["target"]["passed"])

    def test_a_hostile_name_stays_text(self):
        hostile = "</script><script>document.title=1</script>"
        original, name = pathlib.Path(TINY).read_bytes(), b"tiny llama"
        # Metadata grows by whole blocks, so that the tensors keep their alignment.
        self.assertEqual((len(hostile) - len(name)) % 32, 0)
        field = len(name).to_bytes(8, "little") + name
        self.assertEqual(original.count(field), 1)
        changed = original.replace(field, len(hostile).to_bytes(8, "little") + hostile.encode())
        _, page, data = self.page(model=self.file("hostile.gguf", changed))
        self.assertEqual(json.loads(data)["model"]["name"], hostile)
        self.assertNotIn("document.title=1</", page)

    # -- Bad input --------------------------------------------------------------------------------------------------

    def test_a_missing_model(self):
        finished = run("profile", "/nonexistent/model.gguf", "-p", "x")
        self.assert_error(finished, 1, "/nonexistent/model.gguf")

    def test_a_model_of_no_known_architecture(self):
        path = self.file("odd.gguf", gguf({"general.architecture": "oddity"}))
        self.assert_error(run("profile", path, "-p", "x"), 1, "oddity")

    def test_files_that_cannot_be_written_cost_no_result(self):
        for flag in ("--trace", "--html"):
            with self.subTest(flag):
                finished = run("profile", TINY, "-p", PROMPT, "-n", "2", flag, "/nonexistent/out")
                self.assertEqual(finished.code, 1)
                self.assertIn("diagnosis:", finished.text)
                lines = finished.err.splitlines()
                self.assertEqual(len(lines), 1, finished.err)
                self.assertIn("/nonexistent/out", lines[0])
                self.assertIn("No such file", lines[0])

    def test_a_full_disk(self):
        if not pathlib.Path("/dev/full").exists():
            self.skipTest("this system has no /dev/full")
        for flag in ("--trace", "--html"):
            with self.subTest(flag):
                finished = run("profile", TINY, "-p", PROMPT, "-n", "2", flag, "/dev/full")
                self.assertEqual(finished.code, 1)
                self.assertIn("No space", finished.err)
                self.assertEqual(len(finished.err.splitlines()), 1, finished.err)

    def test_attention_in_detail_of_the_reference(self):
        finished = run("profile", TINY, "-p", PROMPT, "--detail", "attention", "--mode", "reference")
        self.assert_error(finished, 1, "reference", "one piece")

    def test_wrong_usage(self):
        for args in (["--detail", "everything"], ["--target-ttft", "0"], ["-n", "0"], ["--chunk", "0"]):
            with self.subTest(args):
                self.assert_error(run("profile", TINY, "-p", "x", *args), 2, args[0].replace("-n", "--max-tokens"))

    def test_an_empty_prompt(self):
        self.assert_error(run("profile", str(MODELS / "gpt2.F32.gguf"), "-p", ""), 1, "prompt")


if __name__ == "__main__":
    unittest.main()
