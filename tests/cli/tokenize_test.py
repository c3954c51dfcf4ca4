"""ingot tokenize and ingot detokenize."""
import json
import unittest

from program import TINY, VOCABULARY, Case, gguf, run


class Tokenize(Case):
    def ids(self, *args, **options):
        finished = run("tokenize", TINY, *args, **options)
        self.assertEqual(finished.code, 0, finished.err)
        self.assertEqual(finished.err, "")
        self.assertRegex(finished.text, r"\A(\d+( \d+)*)?\n\Z")
        return [int(word) for word in finished.text.split()]

    def test_prints_ids_with_bos(self):
        self.assertEqual(self.ids("hello")[0], 1)
        self.assertEqual(self.ids("hello", "--no-bos"), self.ids("hello")[1:])

    def test_reads_file_and_pipe_alike(self):
        text = "hello\nworld \n"
        expected = self.ids(text)
        self.assertEqual(self.ids("-f", self.file("text", text)), expected)
        self.assertEqual(self.ids(stdin=text.encode()), expected)
        self.assertEqual(self.ids("-f", "-", stdin=text.encode()), expected)
        self.assertNotEqual(self.ids(stdin=text.rstrip("\n").encode()), expected)

    def test_an_empty_text_is_no_error(self):
        self.assertEqual(self.ids(""), [1])
        self.assertEqual(self.ids("", "--no-bos"), [])
        self.assertEqual(self.ids(stdin=b""), [1])

    def test_special_tokens_stay_text_unless_asked(self):
        self.assertEqual(self.ids("</s>", "--special", "--no-bos")[-1], 2)
        plain = self.ids("</s>", "--no-bos")
        self.assertNotIn(2, plain)
        self.assertEqual(self.ids("</s>", "--no-bos", "--no-special"), plain)

    def test_pieces_are_json_strings(self):
        lines = run("tokenize", TINY, "hello\tworld", "--pieces").text.splitlines()
        self.assertEqual([int(line.split("\t")[0]) for line in lines], self.ids("hello\tworld"))
        pieces = [json.loads(line.split("\t", 1)[1]) for line in lines]
        self.assertEqual(pieces[0], "<s>")
        self.assertEqual("".join(pieces[1:]).strip(), "hello\tworld")

    def test_json(self):
        self.assertEqual(run("tokenize", TINY, "hello", "--json").json, {"schema": 1, "tokens": self.ids("hello")})

    def test_a_vocabulary_alone_suffices(self):
        path = self.file("vocabulary.gguf", gguf(VOCABULARY))
        finished = run("tokenize", path, "A\x01")
        self.assertEqual(finished.code, 0, finished.err)
        self.assertEqual(run("detokenize", path, stdin=finished.out).text, "A\x01")

    def test_a_file_without_vocabulary_is_refused(self):
        path = self.file("bare.gguf", gguf({"general.architecture": "llama"}))
        self.assert_error(run("tokenize", path, "x"), 1, "tokenizer")


class Detokenize(Case):
    def test_goes_back(self):
        for text in ["hello world", " two  spaces ", "naïve – 日本語 🙂", "line\nline\n"]:
            ids = run("tokenize", TINY, text).out
            self.assertEqual(run("detokenize", TINY, stdin=ids).text, text)
            self.assertEqual(run("detokenize", TINY, *ids.decode().split()).text, text)
            self.assertEqual(run("detokenize", TINY, "-f", self.file("ids", ids)).text, text)

    def test_any_bytes_go_back(self):
        data = bytes(range(256)) * 2
        ids = run("tokenize", TINY, stdin=data).out
        self.assertEqual(run("detokenize", TINY, stdin=ids).out, data)

    def test_control_tokens_are_silent_unless_asked(self):
        self.assertEqual(run("detokenize", TINY, "1", "2").out, b"")
        self.assertEqual(run("detokenize", TINY, "1", "2", "--special").text, "<s></s>")

    def test_what_is_no_token(self):
        self.assert_error(run("detokenize", TINY, "288"), 1, "288")
        self.assert_error(run("detokenize", TINY, "12x"), 2, "12x")
        self.assert_error(run("detokenize", TINY, "99999999999"), 2, "99999999999")
        self.assert_error(run("detokenize", TINY, stdin=b"1 -5"), 1, "-5")
        self.assert_error(run("detokenize", TINY, stdin=b"one two"), 1, "one")


if __name__ == "__main__":
    unittest.main()
