"""The flags of sampling."""
import json
import math
import unittest

from program import GREEDY, TINY, Case, run

WARM = ["--raw", "--ignore-eos", "--seed", "3"]


class Sampling(Case):
    def tokens(self, *args, env=None):
        finished = run("run", TINY, "-p", "hello world", "-n", "24", "--json", *args, env=env)
        self.assertEqual(finished.code, 0, finished.err)
        return finished.json["tokens"]

    def test_every_sampler_changes_the_text(self):
        plain = self.tokens(*WARM)
        for flags in [["--top-nsigma", "0.1"], ["--xtc-probability", "1", "--xtc-threshold", "0"],
                      ["--dynatemp-range", "0.8"], ["--mirostat", "1", "--mirostat-ent", "1"],
                      ["--mirostat", "2", "--mirostat-ent", "1"], ["--samplers", "temperature"], ["--samplers", ""],
                      ["--dry-multiplier", "100", "--dry-allowed-length", "0", "--dry-sequence-breaker", "none"],
                      ["--ban", str(plain[0]), "--ban", str(plain[1])]]:
            self.assertNotEqual(self.tokens(*WARM, *flags), plain, flags)

    def test_flags_that_say_the_default_change_nothing(self):
        plain = self.tokens(*WARM)
        for flags in [["--samplers", "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature"],
                      ["--dry-multiplier", "0", "--xtc-probability", "0", "--top-nsigma", "-1", "--mirostat", "0"]]:
            self.assertEqual(self.tokens(*WARM, *flags), plain, flags)

    def test_dry_breaks_a_loop(self):
        loop = self.tokens(*GREEDY, "--logit-bias", "70=2000", "--logit-bias", "71=1000")
        self.assertEqual(set(loop), {70})
        flags = [*GREEDY, "--logit-bias", "70=2000", "--logit-bias", "71=1000", "--dry-multiplier", "9999"]
        self.assertIn(71, self.tokens(*flags))
        # Every text that either token spells is a breaker: there is nothing to repeat.
        pieces = json.loads(run("run", TINY, "-p", "x", "-n", "1", *GREEDY, "--json", "--n-probs", "0", "--logit-bias",
                                "70=2000").out)["completion_probabilities"]
        self.assertEqual(set(self.tokens(*flags, "--dry-sequence-breaker", pieces[0]["token"])), {70})

    def test_an_escape_names_a_line_end(self):
        newline = run("run", TINY, "-p", "x", "-n", "1", *GREEDY, "--dry-multiplier", "1", "--dry-sequence-breaker", "\\n")
        self.assertEqual(newline.code, 0, newline.err)

    def test_min_tokens_hold_the_end_back(self):
        args = ["run", TINY, "-p", "hello", "--raw", "--temp", "0", "--json", "--logit-bias", "2=1000000", "-n", "30"]
        self.assertEqual(run(*args).json["tokens"], [])
        result = run(*args, "--min-tokens", "7").json
        self.assertEqual((len(result["tokens"]), result["finish"]), (7, "stop"))

    def test_a_banned_text_does_not_come(self):
        whole = run("run", TINY, "-p", "hello world", "-n", "40", *GREEDY).out
        banned = next(chr(byte) for byte in whole if chr(byte).isalnum())
        finished = run("run", TINY, "-p", "hello world", "-n", "40", *GREEDY, "--ban-text", banned)
        self.assertEqual(finished.code, 0, finished.err)
        self.assertNotIn(banned.encode(), finished.out)

    def test_probabilities_are_told(self):
        args = ["run", TINY, "-p", "hello world", "-n", "9", *GREEDY, "--json", "--n-probs", "2"]
        result = run(*args).json
        probs = result["completion_probabilities"]
        self.assertEqual([entry["id"] for entry in probs], result["tokens"])
        for entry in probs:
            self.assertEqual(list(entry), ["id", "token", "bytes", "logprob", "top_logprobs"])
            self.assertEqual(len(entry["top_logprobs"]), 2)
            # Greedy: the drawn token is the best.
            self.assertEqual(entry["top_logprobs"][0]["id"], entry["id"])
            self.assertEqual(entry["top_logprobs"][0]["logprob"], entry["logprob"])
            self.assertLess(entry["logprob"], 0)
            self.assertLessEqual(sum(math.exp(best["logprob"]) for best in entry["top_logprobs"]), 1)
        *lines, last = [json.loads(line) for line in run(*args, "--stream").out.splitlines()]
        streamed = [entry for line in lines for entry in line["completion_probabilities"]]
        self.assertEqual(streamed, probs[:len(streamed)])
        self.assertGreater(len(streamed), 4)
        self.assertEqual(last["completion_probabilities"], probs)

    def test_environment_variables_count(self):
        self.assertEqual(self.tokens("--raw", "--ignore-eos", env={"INGOT_TOP_NSIGMA": "0.1", "INGOT_SEED": "3"}),
                         self.tokens(*WARM, "--top-nsigma", "0.1"))
        self.assertEqual(self.tokens(*WARM, env={"INGOT_SAMPLERS": "temperature"}),
                         self.tokens(*WARM, "--samplers", "temperature"))

    def test_values_out_of_range_are_refused_with_the_range(self):
        for flag, values, expected in [
                ("--top-nsigma", ["-2", "nan"], "-1 to 1"), ("--xtc-probability", ["1.5", "nan"], "0 to 1"),
                ("--xtc-threshold", ["-0.1"], "0 to 1"), ("--dynatemp-range", ["-1", "inf"], "0 to 1"),
                ("--dynatemp-exp", ["-1"], "0 to 1000"), ("--dry-multiplier", ["-1", "nan"], "0 to 1"),
                ("--dry-base", ["0.9"], "1 to 1000"), ("--dry-allowed-length", ["-1", "1e3"], "0 to"),
                ("--dry-penalty-last-n", ["-2"], "-1 to"), ("--mirostat", ["3", "-1"], "0 to 2"),
                ("--mirostat-ent", ["nan"], "0 to 1000"), ("--mirostat-lr", ["-1"], "0 to 1000"),
                ("--ban", ["-1", "x"], "0 to"), ("--min-tokens", ["-1"], "0 to"), ("--n-probs", ["-1"], "0 to")]:
            for value in values:
                self.assert_error(run("run", TINY, "-p", "x", f"{flag}={value}"), 2, flag, expected)

    def test_wrong_names_are_refused(self):
        self.assert_error(run("run", TINY, "-p", "x", "--samplers", "top_k;nothing"), 2, "nothing", "penalties;dry")
        self.assert_error(run("run", TINY, "-p", "x", "--samplers", "top_k;top-k"), 2, "given twice")
        self.assert_error(run("run", TINY, "-p", "x", "--n-probs", "1"), 2, "--n-probs needs --json")
        self.assert_error(run("run", TINY, "-p", "x", "--ban-text", ""), 2, "--ban-text", "empty")
        self.assert_error(run("run", TINY, "-p", "x", "--raw", "--ban", "99999999"), 1, "banned token 99999999")


if __name__ == "__main__":
    unittest.main()
