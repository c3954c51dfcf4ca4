"""What is no model is one line on stderr and exit code 1, whatever the command."""
import os
import struct
import unittest
import zipfile

from program import TINY, Case, gguf, run


class BadInput(Case):
    def assert_refused(self, path, *parts):
        for command in [["run", path, "-p", "x"], ["generate", path, "-p", "x"], ["tokenize", path, "x"],
                        ["detokenize", path, "1"], ["inspect", path], ["inspect", path, "--json"],
                        ["perplexity", path, "-f", TINY]]:
            with self.subTest(command=command[0]):
                self.assert_error(run(*command, timeout=20), 1, os.path.basename(path), *parts)

    def test_a_missing_file(self):
        self.assert_refused(str(self.folder / "missing.gguf"), "no such file")

    def test_a_directory(self):
        self.assert_refused(str(self.folder), "directory")

    def test_a_fifo(self):
        path = str(self.folder / "fifo")
        os.mkfifo(path)
        self.assert_refused(path, "FIFO")

    def test_a_device(self):
        self.assert_refused("/dev/null")

    def test_an_empty_file(self):
        self.assert_refused(self.file("empty.gguf", b""), "empty")

    def test_an_unreadable_file(self):
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        path = self.file("secret.gguf", b"GGUF")
        os.chmod(path, 0)
        self.assert_refused(path, "Permission denied")

    def test_safetensors(self):
        header = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
        self.assert_refused(self.file("m.safetensors", struct.pack("<Q", len(header)) + header + bytes(4)), "safetensors")

    def test_a_zip(self):
        path = self.folder / "m.pt"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("data.pkl", b"x" * 100)
        self.assert_refused(str(path), "zip")

    def test_old_ggml(self):
        for magic in [b"lmgg", b"fmgg", b"tjgg"]:
            self.assert_refused(self.file("old.bin", magic + bytes(100)), "GGML")

    def test_a_text(self):
        self.assert_refused(self.file("notes.txt", "These are no weights.\n" * 10))

    def test_a_cut_file(self):
        with open(TINY, "rb") as whole:
            data = whole.read()
        self.assert_refused(self.file("cut.gguf", data[:len(data) // 2]))
        self.assert_refused(self.file("stub.gguf", data[:20]))

    def test_an_unknown_architecture(self):
        path = self.file("odd.gguf", gguf({"general.architecture": "quux"}, [("a", (32,))]))
        for command in ["run", "generate"]:
            self.assert_error(run(command, path, "-p", "x"), 1, "odd.gguf", "quux", "llama", "qwen2", "gemma3")

    def test_no_architecture(self):
        path = self.file("bare.gguf", gguf({"general.name": "x"}, [("a", (32,))]))
        self.assert_error(run("run", path, "-p", "x"), 1, "general.architecture")


if __name__ == "__main__":
    unittest.main()
