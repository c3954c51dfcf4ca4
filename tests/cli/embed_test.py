"""ingot embed: vectors of texts; and ingot state: what recurrent models keep of them."""
import os
import struct
import unittest

from program import GREEDY, MODELS, TINY, Case, run

RWKV = str(MODELS / "rwkv7.F16.gguf")
TEXTS = "hello world\nthe cat sat on the mat\nx\n"


class Embed(Case):
    def vectors(self, *args, model=RWKV, **options):
        finished = run("embed", model, "--format", "text", *args, **options)
        self.assertEqual((finished.code, finished.err), (0, ""))
        return [[float(word) for word in line.split()] for line in finished.text.splitlines()]

    def test_json_has_what_scripts_rely_on(self):
        finished = run("embed", RWKV, "-f", self.file("texts", TEXTS), "--normalize")
        self.assertEqual(finished.code, 0, finished.err)
        result = finished.json
        self.assertEqual((result["schema"], result["pool"], result["normalized"], result["dim"]), (1, "last", True, 128))
        self.assertEqual([entry["index"] for entry in result["embeddings"]], [0, 1, 2])
        for entry in result["embeddings"]:
            self.assertEqual(len(entry["embedding"]), 128)
            self.assertAlmostEqual(sum(value * value for value in entry["embedding"]), 1.0, places=5)
            self.assertGreater(entry["tokens"], 0)

    def test_every_line_by_itself_and_together(self):
        for model in (RWKV, TINY):
            for pool in ("last", "mean", "cls", "none"):
                together = self.vectors("-f", self.file("texts", TEXTS), "--pool", pool, model=model)
                single = [row for line in TEXTS.splitlines() for row in self.vectors("-p", line, "--pool", pool, model=model)]
                self.assertEqual(together, single, (model, pool))
                self.assertEqual(together, self.vectors("--pool", pool, model=model, stdin=TEXTS.encode()))

    def test_npy_is_numpys_format(self):
        finished = run("embed", RWKV, "-f", self.file("texts", TEXTS), "--format", "npy")
        self.assertTrue(finished.out.startswith(b"\x93NUMPY\x01\x00"))
        (header_bytes,) = struct.unpack_from("<H", finished.out, 8)
        self.assertEqual((10 + header_bytes) % 64, 0)
        self.assertIn(b"'shape': (3, 128)", finished.out[10:10 + header_bytes])
        values = struct.unpack(f"<{3 * 128}f", finished.out[10 + header_bytes:])
        expected = [value for row in self.vectors("-f", self.file("texts", TEXTS)) for value in row]
        self.assertTrue(all(abs(a - b) <= 1e-8 * abs(b) for a, b in zip(values, expected)))

    def test_truncate_cuts_and_says_so(self):
        bert = str(MODELS / "bert.F32.gguf")
        long_line = self.file("long", "x " * 300 + "\nshort\n")
        refused = run("embed", bert, "-f", long_line)
        self.assertEqual(refused.code, 1)
        self.assertIn("line 1 has 302 tokens, but the context holds 96 (--truncate cuts it)", refused.err)
        finished = run("embed", bert, "-f", long_line, "--truncate")
        self.assertEqual(finished.code, 0)
        self.assertEqual(finished.err, "ingot: line 1 is cut from 302 tokens to the 96 of the context\n")
        self.assertEqual(finished.json["embeddings"][0]["tokens"], 96)
        self.assertEqual(finished.json["pool"], "mean", "as the file says")
        # What is cut ends as every text does.
        same = run("embed", bert, "-p", "x " * 94)
        self.assertEqual(same.json["embeddings"][0]["embedding"], finished.json["embeddings"][0]["embedding"])

    def test_one_line_for_each_mistake(self):
        empty_line = self.file("gap", "a\n\nb\n")
        long_line = self.file("long", "word " * 500)
        for args, code, text in [
                (["-f", empty_line], 1, "line 2 is empty"),
                (["-f", self.file("nothing", "")], 1, "there is no text"),
                (["-f", long_line, "-c", "20"], 1, "but the context holds 20"),
                (["-p", "a", "-f", empty_line], 2, "exclude each other"),
                (["-p", "a", "--pool", "max"], 2, "--pool"),
                (["-p", "a", "--format", "csv"], 2, "--format")]:
            finished = run("embed", RWKV, *args)
            self.assertEqual(finished.code, code, finished.err)
            self.assertIn(text, finished.err)
            self.assertEqual(finished.err.count("\n"), 1, finished.err)
            self.assertEqual(finished.out, b"")


class State(Case):
    def saved(self, name, text, *args, model=RWKV):
        path = os.path.join(os.path.dirname(self.file(name + ".txt", text)), name + ".state")
        finished = run("run", model, "--raw", "-p", text, "-n", "0", "--save-state", path, *args)
        self.assertEqual(finished.code, 0, finished.err)
        return path

    def test_a_saved_state_goes_on_as_if_it_had_not_stopped(self):
        for model in (RWKV, TINY):
            text = "the cat sat on the mat"
            whole = run("run", model, "-p", text, "-n", "12", *GREEDY)
            self.assertEqual(whole.code, 0, whole.err)
            path = self.saved("half", text, model=model)
            rest = run("run", model, "--load-state", path, "-n", "12", *GREEDY)
            self.assertEqual((rest.code, rest.out), (0, whole.out), rest.err)
            # And in two halves, the second one from what the first one saved.
            first = run("run", model, "--load-state", path, "--save-state", path, "-n", "5", *GREEDY)
            second = run("run", model, "--load-state", path, "-n", "7", *GREEDY)
            self.assertEqual(first.out + second.out, whole.out)

    def test_a_prompt_goes_on_from_a_state_without_a_token_in_front(self):
        path = self.saved("begin", "hello", model=TINY)
        finished = run("run", TINY, "--load-state", path, "-p", " world", "-n", "1", "--json", *GREEDY)
        # Neither BOS nor the space that this vocabulary puts before a text: together they are the text at once.
        n_tokens = [len(run("tokenize", TINY, text).text.split()) for text in ("hello", "hello world")]
        self.assertEqual(finished.json["prompt_tokens"], n_tokens[1] - n_tokens[0])

    def test_compare(self):
        a, b = self.saved("a", "the cat sat on the mat"), self.saved("b", "quite another text")
        same = run("state", "compare", RWKV, a, a, "--json").json
        self.assertAlmostEqual(same["similarity"], 1.0)
        self.assertEqual(same["distance"], 0)
        self.assertEqual(len(same["layers"]), 3)
        other = run("state", "compare", RWKV, a, b, "--json").json
        self.assertLess(other["similarity"], 0.999)
        self.assertIn("similarity", run("state", "compare", RWKV, a, b).text)

    def test_states_that_do_not_fit_are_refused_by_name(self):
        path = self.saved("c", "some text")
        with open(path, "rb") as file:
            contents = bytearray(file.read())
        cut = self.file("cut.state", bytes(contents[:-5]))
        contents[len(contents) // 2] ^= 1
        altered = self.file("altered.state", bytes(contents))
        attention = self.saved("llama", "text", model=TINY)
        for args, text in [(["run", RWKV, "-p", "x", "--load-state", cut], "cut"),
                           (["run", RWKV, "-p", "x", "--load-state", altered], "altered"),
                           (["run", TINY, "-p", "x", "--load-state", path], "another model"),
                           (["run", RWKV, "-p", "x", "--load-state", RWKV], "no saved sequence"),
                           (["run", RWKV, "-p", "x", "--load-state", path + "x"], path + "x"),
                           (["state", "compare", RWKV, path, cut], "cut"),
                           (["state", "compare", TINY, attention, attention], "no recurrent state"),
                           (["run", RWKV, "--raw", "-p", "x", "-n", "0", "--save-state", "/nonexistent/x"],
                            "cannot write /nonexistent/x")]:
            finished = run(*args)
            self.assertEqual(finished.code, 1, finished.err)
            self.assertIn(text, finished.err.splitlines()[-1])
            self.assertEqual(finished.out, b"")


if __name__ == "__main__":
    unittest.main()
