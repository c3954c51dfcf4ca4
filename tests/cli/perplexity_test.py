"""ingot perplexity."""
import math
import struct
import unittest

from program import TINY, Case, run

TEXT = "".join(f"the number of this line is {line * 7}\n" for line in range(60))


class Perplexity(Case):
    def measured(self, *args):
        finished = run("perplexity", TINY, "-f", self.file("text", TEXT), "--json", *args)
        self.assertEqual(finished.code, 0, finished.err)
        return finished.json

    def test_json_has_what_scripts_rely_on(self):
        result = self.measured("-c", "64")
        self.assertEqual(list(result), ["schema", "perplexity", "standard_error", "tokens", "windows", "mode"])
        n_tokens = len(run("tokenize", TINY, TEXT).text.split())
        self.assertEqual(result["windows"], n_tokens // 64)
        self.assertEqual(result["tokens"], result["windows"] * 31)
        self.assertGreater(result["perplexity"], 1)
        self.assertGreater(result["standard_error"], 0)

    def test_windows_are_the_first_ones(self):
        self.assertEqual(self.measured("-c", "64", "--windows", "2")["tokens"], 62)

    def test_kl_compares_with_the_reference(self):
        # Products in FP32 throughout; what this machine does best, prompts perhaps in bf16.
        for isa, bound in ((["--isa", "portable"], 1e-6), ([], 3e-4)):
            result = self.measured("-c", "64", "--windows", "2", "--kl", *isa)
            self.assertLess(result["kl_mean"], bound)
            self.assertGreaterEqual(result["kl_max"], result["kl_mean"])
            self.assertGreater(result["same_top"], 0.95)
        itself = self.measured("-c", "64", "--windows", "2", "--kl", "--mode", "reference")
        self.assertEqual((itself["mode"], itself["kl_mean"], itself["kl_max"], itself["same_top"]), ("reference", 0, 0, 1))

    def test_decode_is_near(self):
        for isa, bound in ((["--isa", "portable"], 5e-5), ([], 5e-3)):
            together = self.measured("-c", "64", "--windows", "2", *isa)["perplexity"]
            alone = self.measured("-c", "64", "--windows", "2", "--decode", *isa)["perplexity"]
            self.assertAlmostEqual(alone / together, 1, delta=bound)

    def test_the_chunk_makes_no_difference(self):
        whole = self.measured("-c", "64", "--windows", "2")["perplexity"]
        for chunk in ("7", "none", "incremental", "layer-by-layer", "minimal"):
            self.assertEqual(self.measured("-c", "64", "--windows", "2", "--chunk", chunk)["perplexity"], whole, chunk)
        self.assertEqual(self.measured("-c", "64", "--windows", "2", "--chunk", "7", "--chunk-overlap", "3")["perplexity"],
                         whole)
        self.assert_error(run("perplexity", TINY, "-f", self.file("text", TEXT), "--chunk", "some"), 2, "--chunk")

    def test_saved_logits_give_the_same_perplexity(self):
        path = self.folder / "logits.npy"
        result = self.measured("-c", "64", "--windows", "2", "--save-logits", path)
        data = path.read_bytes()
        self.assertEqual(data[:8], b"\x93NUMPY\x01\x00")
        n_header = struct.unpack("<H", data[8:10])[0]
        self.assertIn(b"'descr': '<f4'", data[10:10 + n_header])
        self.assertIn(b"'shape': (62, 288)", data[10:10 + n_header])
        logits = struct.unpack(f"<{62 * 288}f", data[10 + n_header:])
        tokens = [int(word) for word in run("tokenize", TINY, TEXT).text.split()]
        scored = [tokens[window * 64 + position] for window in range(2) for position in range(33, 64)]
        nll = 0
        for row, token in enumerate(scored):
            values = logits[row * 288:(row + 1) * 288]
            nll += math.log(sum(map(math.exp, values))) - values[token]
        self.assertAlmostEqual(math.exp(nll / 62) / result["perplexity"], 1, places=9)

    def test_a_short_text_is_refused_with_both_numbers(self):
        finished = run("perplexity", TINY, "-f", self.file("short", "hello"), "-c", "64")
        self.assert_error(finished, 1, "64", len(run("tokenize", TINY, "hello").text.split()))

    def test_a_missing_text_is_an_error(self):
        self.assert_error(run("perplexity", TINY, "-f", "/nonexistent/text"), 1, "/nonexistent/text")
        self.assert_error(run("perplexity", TINY), 2, "--file")

    def test_logits_that_cannot_be_written(self):
        finished = run("perplexity", TINY, "-f", self.file("text", TEXT), "-c", "64", "--save-logits", "/nonexistent/x")
        self.assert_error(finished, 1, "/nonexistent/x")


if __name__ == "__main__":
    unittest.main()
