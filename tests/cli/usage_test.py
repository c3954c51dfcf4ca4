"""Wrong usage is one line and exit code 2; help teaches; every flag has its variable."""
import unittest

from program import GREEDY, TINY, Case, run

COMMANDS = ["run", "generate", "tokenize", "detokenize", "perplexity", "inspect", "convert"]


class Usage(Case):
    def test_an_error_of_the_environment_says_so(self):
        wrong = run("run", "x.gguf", "-p", "x", env={"INGOT_TEMP": "abc"})
        self.assert_error(wrong, 2, "--temp", "INGOT_TEMP of the environment")
        typed = run("run", "x.gguf", "-p", "x", "--temp=abc", env={"INGOT_TEMP": "1"})
        self.assert_error(typed, 2, "--temp")
        self.assertNotIn("environment", typed.err)
        excluded = run("models", "list", "--names", env={"INGOT_JSON": "1"})
        self.assert_error(excluded, 2, "INGOT_JSON of the environment")

    def test_help_of_no_command_is_an_error(self):
        self.assert_error(run("nosuch", "--help"), 2, "nosuch is no command")

    def test_no_command(self):
        self.assert_error(run(), 2, "command", "run", "inspect")

    def test_unknown_command(self):
        self.assert_error(run("walk", TINY), 2, "walk")

    def test_unknown_flag(self):
        for command in COMMANDS:
            self.assert_error(run(command, TINY, "-f", TINY, "--no-such-flag"), 2, "--no-such-flag")

    def test_missing_model(self):
        for command in COMMANDS:
            self.assert_error(run(command), 2, "INPUT" if command == "convert" else "MODEL")

    def test_values_out_of_range(self):
        for flag, value in [("-t", "0"), ("-t", "257"), ("-t", "two"), ("-c", "0"), ("-c", "-1"), ("-c", "1073741825"),
                            ("-c", "99999999999999999999"), ("-n", "-2"), ("-n", "1.5"), ("--temp", "-1"),
                            ("--temp", "nan"), ("--top-k", "-1"), ("--top-p", "1.01"), ("--top-p", "nan"),
                            ("--min-p", "-0.1"), ("--typical", "2"), ("--repeat-penalty", "0"),
                            ("--repeat-last-n", "-2"), ("--seed", "-1"), ("--seed", "18446744073709551616"),
                            ("--chunk", "0"), ("--chunk", "1048577"), ("--chunk", "all"), ("--chunk", ""),
                            ("--chunk", "auto:lots"), ("--chunk", "incremental:63"), ("--chunk-overlap", "-1"),
                            ("--mode", "quick"), ("--isa", "mmx"), ("--kv-type", "q8_0"),
                            ("--stop", ""), ("--logit-bias", "5"), ("--logit-bias", "x=1"), ("--logit-bias", "5=x")]:
            with self.subTest(flag=flag, value=value):
                # "--flag=value", so that a minus sign is no flag of its own.
                args = [f"{flag}={value}"] if flag.startswith("--") else [flag, value]
                named = {"-t": "--threads", "-c": "--ctx", "-n": "--max-tokens"}.get(flag, flag)
                self.assert_error(run("run", TINY, "-p", "x", *args), 2, named)

    def test_chunks_say_what_was_expected(self):
        self.assert_error(run("run", TINY, "-p", "x", "--chunk", "all"), 2, "none", "auto", "incremental",
                          "layer-by-layer", "minimal", "1048576")
        self.assert_error(run("run", TINY, "-p", "x", "--chunk", "none", "--chunk-overlap", "3"), 2, "--chunk-overlap",
                          "none")
        self.assert_error(run("run", TINY, "-p", "x", "--chunk", "8", "--chunk-overlap", "9"), 2, "0 to 8")
        self.assert_error(run("profile", TINY, "-p", "x", "--chunk", "minimal", "--chunk-overlap", "1"), 2, "minimal")
        self.assert_error(run("bench", TINY, "--chunk", "512,some"), 2, "--chunk", "some", "layer-by-layer")
        self.assert_error(run("bench", TINY, "--chunk", "512,none", "--chunk-overlap", "1"), 2, "--chunk-overlap")
        for command in ("run", "profile", "bench"):
            self.assertIn("layer-by-layer      the whole prompt", run(command, "--help").text)

    def test_perplexity_values_out_of_range(self):
        for flag, value in [("-c", "3"), ("--windows", "0"), ("--windows", "-1")]:
            self.assert_error(run("perplexity", TINY, "-f", TINY, flag, value), 2, "--ctx" if flag == "-c" else flag)

    def test_the_fast_mode_is_announced(self):
        self.assert_error(run("run", TINY, "-p", "x", "--mode", "quick"), 2, "quick is no mode", "exact", "fast", "reference")
        self.assert_error(run("run", TINY, "-p", "x", "--mode", "fast", "--isa", "portable"), 1, "fast mode", "portable")

    def test_flags_that_exclude_each_other(self):
        self.assert_error(run("tokenize", TINY, "x", "--special", "--no-special"), 2, "--no-special")
        self.assert_error(run("tokenize", TINY, "x", "-f", TINY), 2, "exclude")
        self.assert_error(run("run", TINY, "-p", "x", "--stream"), 2, "--stream needs --json")

    def test_a_bias_outside_the_vocabulary(self):
        self.assert_error(run("run", TINY, "-p", "x", "--logit-bias", "288=1"), 1, "288")

    def test_help_teaches(self):
        whole = run("--help")
        self.assertEqual(whole.code, 0)
        self.assertEqual(whole.err, "")
        for command in COMMANDS:
            self.assertIn(command, whole.text)
            finished = run(command, "--help")
            self.assertEqual(finished.code, 0)
            self.assertIn("Examples:", finished.text)
            self.assertIn(f"Usage: ingot {command} ", finished.text)
            self.assertIn(f"ingot {command} ", finished.text)

    def test_every_long_flag_names_its_variable(self):
        for command in COMMANDS:
            for line in run(command, "--help").text.splitlines():
                words = line.split()
                if not words or not words[0].startswith("-") or "--help" in line:
                    continue
                flag = [part for part in words[0].split(",") if part.startswith("--")][0]
                self.assertIn(f"INGOT_{flag[2:].upper().replace('-', '_')}", line, command)

    def test_version(self):
        text = run("--version").text
        for word in ["ingot 0.", "commit", "isa", "kernels"]:
            self.assertIn(word, text)
        version = run("--version", "--json").json
        self.assertEqual(version["schema"], 1)
        for key in ["version", "commit", "compiler", "isa", "kernels"]:
            self.assertIsInstance(version[key], str)
        self.assertIn(version["kernels"], version["kernels_available"])


class Environment(Case):
    def test_a_variable_is_a_flag(self):
        env = {"INGOT_MAX_TOKENS": "3", "INGOT_TEMP": "0", "INGOT_RAW": "1", "INGOT_IGNORE_EOS": "true", "INGOT_JSON": "1"}
        finished = run("run", TINY, "-p", "hello", env=env)
        self.assertEqual(len(finished.json["tokens"]), 3)

    def test_flags_win(self):
        finished = run("run", TINY, "-p", "hello", "-n", "5", "--json", *GREEDY, env={"INGOT_MAX_TOKENS": "3"})
        self.assertEqual(len(finished.json["tokens"]), 5)

    def test_a_wrong_variable_is_wrong_usage(self):
        self.assert_error(run("run", TINY, "-p", "x", env={"INGOT_TOP_K": "-4"}), 2, "-4")
        self.assert_error(run("run", TINY, "-p", "x", env={"INGOT_ISA": "mmx"}), 2, "mmx")

    def test_the_kernel_set_is_the_one_forced(self):
        for env, args in [({"INGOT_ISA": "portable"}, []), ({}, ["--isa", "portable"]),
                          ({"INGOT_ISA": "reference"}, ["--isa", "portable"])]:
            finished = run("run", TINY, "-p", "x", "-n", "1", "--json", *args, *GREEDY, env=env)
            self.assertEqual(finished.json["kernels"], "portable", finished.err)

    def test_the_reference_mode_has_its_own_kernels(self):
        for env in [{}, {"INGOT_ISA": "portable"}]:
            finished = run("run", TINY, "-p", "x", "-n", "1", "--json", "--mode", "reference", *GREEDY, env=env)
            self.assertEqual(finished.json["kernels"], "reference", finished.err)
            self.assertEqual(finished.json["mode"], "reference")


if __name__ == "__main__":
    unittest.main()
