"""ingot bench."""
import csv
import io
import json
import pathlib
import signal
import sys
import time
import unittest

from program import SANITIZED, TINY, Case, run, start

SMALL = ["-p", "16", "-n", "4", "-r", "3"]
MORE = ["-p", "16", "-n", "4", "-r", "8"]


class Bench(Case):
    def measured(self, *args, small=SMALL):
        finished = run("bench", TINY, *small, "--json", *args)
        self.assertEqual(finished.code, 0, finished.err)
        return finished.json

    def test_rows_come_in_order_with_their_statistics(self):
        document = self.measured("-pg", "16,4", "-d", "0,8")
        self.assertEqual([row["test"] for row in document["results"]],
                         ["pp16", "pp16@d8", "tg4", "tg4@d8", "pp16+tg4", "pp16+tg4@d8", "load", "ttft16"])
        self.assertEqual(document["schema"], 1)
        self.assertIn("processor", document["machine"])
        for row in document["results"]:
            times = row["nanoseconds"]
            self.assertEqual(len(row["samples_ns"]), 3)
            self.assertEqual(times["best"], min(row["samples_ns"]))
            self.assertEqual(times["median"], sorted(row["samples_ns"])[1])
            self.assertLessEqual(times["median"], times["p99"])
            self.assertGreater(row["peak_bytes"], 0)
            self.assertIn(row["kernels"], ("portable", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx_bf16"))
        prefill, load = document["results"][0], document["results"][6]
        self.assertAlmostEqual(prefill["tokens_per_second"]["best"], 16e9 / prefill["nanoseconds"]["best"], places=3)
        low, high = prefill["tokens_per_second"]["ci95"]
        self.assertLessEqual(low, prefill["tokens_per_second"]["mean"] * 1.001)
        self.assertGreaterEqual(high, prefill["tokens_per_second"]["mean"] * 0.999)
        self.assertNotIn("tokens_per_second", load)

    def test_sizes_that_a_suite_would_drop_are_refused(self):
        self.assert_error(run("bench", TINY, "--suite", "tokenizer", "-p", "32"), 2, "-p")
        self.assert_error(run("bench", TINY, "--suite", "ttft", "-n", "3"), 2, "-n", "but for -p")
        rows = run("bench", TINY, "--suite", "ttft", "-p", "32", "-r", "1", "--json").json["results"]
        self.assertEqual([row["test"] for row in rows], ["ttft32", "load"])

    def test_rows_name_the_strategy(self):
        document = self.measured("-p", "40", "-n", "0", "--chunk", "8-16*2,auto,layer-by-layer", "-t", "1", "-r", "1",
                                 small=[])
        self.assertEqual([row["chunk"] for row in document["results"] if row["test"] == "pp40"],
                         ["8", "16", "auto", "layer-by-layer"])

    def test_lists_ranges_threads_and_chunks(self):
        document = self.measured("-p", "8-32*2", "-n", "0", "--chunk", "4,16", "-t", "1,2", "-r", "1", small=[])
        prefills = [(row["test"], row["chunk"], row["threads"]) for row in document["results"]
                    if row["test"].startswith("pp")]
        self.assertEqual(prefills, [(f"pp{n}", chunk, threads) for threads in (1, 2) for n in (8, 16, 32)
                                    for chunk in ("4", "16")])
        self.assertFalse([row for row in document["results"] if row["test"].startswith("tg")])

    def test_other_formats(self):
        rows = list(csv.DictReader(io.StringIO(run("bench", TINY, *SMALL, "--format", "csv").text)))
        self.assertEqual([row["test"] for row in rows], ["pp16", "tg4", "load", "ttft16"])
        lines = run("bench", TINY, *SMALL, "--format", "jsonl").text.splitlines()
        self.assertEqual([json.loads(line)["test"] for line in lines], ["pp16", "tg4", "load", "ttft16"])
        self.assertIn("| pp16 ", run("bench", TINY, *SMALL).text)

    def test_suites_run(self):
        for suite, args in (("tokenizer", [TINY]), ("sampling", ["--filter", "of 32000"]), ("memory", [TINY]),
                            ("matmul", ["--filter", "32x32x768"]), ("attention", ["--filter", "causal 32 "]),
                            ("recurrence", ["--filter", "16 rows 12"])):
            with self.subTest(suite):
                finished = run("bench", *args, "--suite", suite, "-r", "1", "--json")
                self.assertEqual(finished.code, 0, finished.err)
                self.assertTrue(finished.json["results"])

    @unittest.skipIf(SANITIZED, "minutes under a sanitizer")
    def test_figures_follow_from_the_time(self):
        row = run("bench", "--suite", "matmul", "--filter", "matmul 1x4096x4096 Q8_0", "-r", "2", "--json").json
        row = row["results"][0]
        seconds = row["nanoseconds"]["best"] * 1e-9
        self.assertAlmostEqual(row["figures"]["gflop_per_second"] * seconds * 1e9 / (2 * 4096 * 4096), 1, places=6)
        self.assertAlmostEqual(row["figures"]["weights_gb_per_second"] * seconds * 1e9 / (4096 * 4096 * 34 / 32), 1,
                               places=6)
        row = run("bench", "--suite", "dequant", "--filter", "Q4_0", "-r", "2", "--json").json["results"][0]
        seconds = row["nanoseconds"]["best"] * 1e-9
        self.assertAlmostEqual(row["figures"]["melem_per_second"] * seconds * 1e6 / 4096 ** 2, 1, places=6)
        self.assertAlmostEqual(row["figures"]["gb_in_per_second"] * seconds * 1e9 / (4096 ** 2 * 18 / 32), 1, places=6)
        self.assertAlmostEqual(row["figures"]["compression_ratio"], 128 / 18)

    def test_keys_and_values_take_what_was_computed(self):
        rows = run("bench", TINY, "--suite", "memory", "-r", "1", "--json", "--filter", "append").json["results"]
        for row in rows:
            self.assertEqual(row["figures"]["kv_bytes_per_token_measured"],
                             row["figures"]["kv_bytes_per_token_computed"])

    def test_ablation_names_what_is_off(self):
        finished = run("bench", TINY, "--suite", "ablation", "-r", "1", "--json")
        self.assertEqual(finished.code, 0, finished.err)
        rows = finished.json["results"]
        self.assertEqual([row["test"].split(":")[0] for row in rows][0], "all on")
        self.assertEqual([row["test"].split(":")[0] for row in rows][-1], "all off")
        for row in rows:  # the bound of the exact mode
            self.assertLess(row["figures"]["kl_mean"], 3e-4)


class Baselines(Case):
    def test_a_slower_run_is_a_regression(self):
        path = str(self.folder / "before.json")
        saved = run("bench", TINY, *MORE, "--save-baseline=" + path)
        self.assertEqual(saved.code, 0, saved.err)
        stored = json.loads(pathlib.Path(path).read_text())
        # As if the machine had been ten times as fast: beyond every threshold and beyond chance.
        for entry in stored["baselines"].values():
            entry["samples_ns"] = [sample / 10 for sample in entry["samples_ns"]]
            entry["metrics"] = {name: value / 10 if name.endswith("_ms") else value
                                for name, value in entry["metrics"].items()}
        self.file("before.json", json.dumps(stored))
        compared = run("bench", TINY, *MORE, "--compare-baseline=" + path)
        self.assertEqual(compared.code, 3, compared.err + compared.text)
        self.assertIn("Regression", compared.text)

    def test_a_comparison_is_part_of_the_one_document(self):
        path = str(self.folder / "before.json")
        self.assertEqual(run("bench", TINY, *SMALL, "--save-baseline=" + path).code, 0)
        finished = run("bench", TINY, *SMALL, "--json", "--thresholds", "mean=1000,median=1000,p95=1000,p99=1000",
                       "--compare-baseline=" + path)
        self.assertEqual(finished.code, 0, finished.err)
        self.assertEqual(finished.json["comparison"]["regressions"], [])
        self.assertEqual(finished.json["results"][0]["test"], "pp16")

    def test_names_lie_in_the_data_folder(self):
        home = {"XDG_DATA_HOME": str(self.folder)}
        self.assertEqual(run("bench", TINY, *SMALL, "--save-baseline", "calm", env=home).code, 0)
        self.assertTrue((self.folder / "ingot" / "baselines" / "calm.json").is_file())
        self.assertEqual(run("bench", "--save-baseline", TINY, *SMALL, env=home).code, 0)
        self.assertTrue((self.folder / "ingot" / "baselines" / "default.json").is_file())

    def test_other_hardware_is_never_compared_silently(self):
        path = str(self.folder / "other.json")
        self.assertEqual(run("bench", TINY, *SMALL, "--save-baseline=" + path).code, 0)
        stored = json.loads(pathlib.Path(path).read_text().replace(json.loads(pathlib.Path(path).read_text())["hardware"]["processor"],
                                                      "Another Processor"))
        self.file("other.json", json.dumps(stored))
        compared = run("bench", TINY, *SMALL, "--compare-baseline=" + path)
        self.assertEqual(compared.code, 1)
        self.assertIn("HardwareMismatch", compared.text)

    def test_bad_baselines(self):
        results = ("pp16", "load")
        for name, content in (("damaged.json", "{\"schema\": 2, \"baselines\": {"), ("foreign.json", "{\"a\": 1}"),
                              ("list.json", "[]")):
            with self.subTest(name):
                finished = run("bench", TINY, *SMALL, "--compare-baseline=" + self.file(name, content))
                self.assertEqual(finished.code, 1)
                self.assertIn(name, finished.err)
                # What was measured is kept and printed.
                for test in results:
                    self.assertIn(test, finished.text)
        unwritable = run("bench", TINY, *SMALL, "--save-baseline=" + str(self.folder / "none" / "a.json"))
        self.assertEqual(unwritable.code, 1)
        self.assertIn("pp16", unwritable.text)


class Versus(Case):
    def test_a_plain_number_of_another_program(self):
        finished = run("bench", TINY, "-p", "16", "-n", "0", "--pairs", "4", "--json",
                       "--versus", f"{sys.executable} -c 'print(123)'", timeout=300)
        self.assertIn(finished.code, (0, 1, 3), finished.err)
        if finished.code != 1:
            self.assertEqual(finished.json["pairs"], 4)

    def test_the_same_program_twice(self):
        from program import PROGRAM
        theirs = f"{PROGRAM} bench {TINY} -p 16 -n 4 -r 1 --json"
        finished = run("bench", TINY, "-p", "16", "-n", "4", "--pairs", "4", "--json", "--versus", theirs, timeout=300)
        self.assertIn(finished.code, (0, 3), finished.err)
        metrics = {metric["test"]: metric for metric in finished.json["metrics"]}
        self.assertIn("pp16", metrics)
        self.assertEqual(len(metrics["pp16"]["ours"]), 4)
        low, high = metrics["pp16"]["ci95"]
        self.assertLessEqual(low, high)

    def test_our_side_measures_what_the_flags_say(self):
        from program import PROGRAM
        theirs = f"{PROGRAM} bench {TINY} -p 0 -n 4 -d 8 --isa portable -r 1 --json"
        finished = run("bench", TINY, "-p", "0", "-n", "4", "-d", "8", "--isa", "portable", "--pairs", "2", "--json",
                       "--versus", theirs, timeout=300)
        self.assertIn(finished.code, (0, 3), finished.err)
        self.assertIn("tg4@d8", [metric["test"] for metric in finished.json["metrics"]])

    def test_a_command_that_fails(self):
        finished = run("bench", TINY, "-p", "16", "-n", "0", "--pairs", "2", "--versus", "exit 9")
        self.assertEqual(finished.code, 1)
        self.assertIn("exit code 9", finished.err)


class Log(Case):
    def test_entries_of_a_title_stand_together(self):
        path = str(self.folder / "log.md")
        for title, change in (("Speed", "before"), ("Size", "before"), ("Speed", "after")):
            finished = run("bench", TINY, "-r", "2", "--title", title, "--change", change, "--output", path)
            self.assertEqual(finished.code, 0, finished.err)
        text = pathlib.Path(path).read_text()
        self.assertLess(text.index("- after"), text.index("## Size"))
        self.assertEqual(text.count("## Speed"), 1)

    def test_the_quality_hash_is_the_same_again(self):
        path = str(self.folder / "log.md")
        hashes = set()
        for _ in range(2):
            out = run("bench", TINY, "-r", "1", "--title", "T", "--change", "c", "--output", path).text
            hashes.add(out.split("quality hash ")[1].split(",")[0])
        self.assertEqual(len(hashes), 1)

    def test_bad_logs(self):
        self.assert_error(run("bench", TINY, "--title", "T"), 2, "--change")
        other = self.file("other.md", "# Something else\n")
        finished = run("bench", TINY, "-r", "1", "--title", "T", "--change", "c", "--output", other)
        self.assertEqual(finished.code, 1)
        self.assertIn("other.md", finished.err)
        self.assertEqual(pathlib.Path(other).read_text(), "# Something else\n")


class BadInput(Case):
    def test_wrong_usage(self):
        for args, part in ((["--suite", "nothing"], "nothing"), ([], "needs a model"), (["-p", "12x"], "12x"),
                           (["-p", "9-3"], "9-3"), (["-t", "0"], "0"), (["--thresholds", "mean=x"], "mean"),
                           (["--format", "xml"], "xml"), (["--versus", "true"], "MODEL")):
            with self.subTest(args):
                self.assert_error(run("bench", *args), 2, part)

    def test_a_model_that_fails_leaves_the_others(self):
        finished = run("bench", str(self.folder / "none.gguf"), TINY, *SMALL)
        self.assertEqual(finished.code, 1)
        self.assertIn("none.gguf", finished.err)
        self.assertIn("pp16", finished.text)

    def test_interrupting_prints_what_was_measured(self):
        process = start("bench", TINY, "-p", "16", "-n", "0", "-r", "100000", "--json")
        time.sleep(3 if SANITIZED else 1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, err)
        self.assertTrue(json.loads(out)["results"])
        self.assertIn(b"interrupted", err)


if __name__ == "__main__":
    unittest.main()
