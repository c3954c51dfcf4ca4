"""What the tests of the command line share: how to run the program, and files to run it on."""
import json
import os
import pathlib
import pty
import struct
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("INGOT_PROGRAM", str(ROOT / "build" / "release" / "ingot"))
MODELS = ROOT / "tests" / "golden" / "models"
TINY = str(MODELS / "llama.F32.gguf")
GREEDY = ["--raw", "--temp", "0", "--ignore-eos"]
SANITIZED = bool(os.environ.get("INGOT_SANITIZED"))


def clean_environment(**extra):
    """Without the caller's INGOT_* variables: they are flags of the program."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INGOT_")}
    return {**kept, **extra}


def start(*args, env=None, **options):
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([PROGRAM, *map(str, args)], env=clean_environment(**(env or {})), **options)


class Finished:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err.decode(errors="replace")

    @property
    def text(self):
        return self.out.decode()

    @property
    def json(self):
        return json.loads(self.out)


def run(*args, stdin=None, env=None, timeout=120, **options):
    """stdin: bytes for a pipe; None for /dev/null."""
    if stdin is not None:
        options["stdin"] = subprocess.PIPE
    process = start(*args, env=env, **options)
    out, err = process.communicate(stdin, timeout=timeout)
    return Finished(process.returncode, out, err)


def read_terminal(descriptor):
    """All that is written to a pseudo-terminal until its other end is closed."""
    text = b""
    while True:
        try:
            block = os.read(descriptor, 4096)
        except OSError:  # EIO: the other end is closed
            return text
        if not block:
            return text
        text += block


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def terminal(self):
        """(ours, the program's) ends of a pseudo-terminal."""
        try:
            ours, theirs = pty.openpty()
        except OSError as error:
            self.skipTest(f"this system gives no terminal: {error}")
        self.addCleanup(os.close, ours)
        return ours, theirs

    def assert_error(self, finished, code, *parts):
        """One line on stderr that says each of parts, nothing on stdout."""
        lines = finished.err.splitlines()
        self.assertEqual(finished.code, code, finished.err)
        self.assertEqual(len(lines), 1, finished.err)
        self.assertTrue(lines[0].startswith("ingot: error: "), finished.err)
        self.assertEqual(finished.out, b"")
        for part in parts:
            self.assertIn(str(part), lines[0])


# -- GGUF files, written by hand ---------------------------------------------------------------------------------------

def gguf_string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def gguf_value(value):
    """Type and value: bool, int (u32), float (f32), str or bytes, list of str or of int (i32)."""
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, list) and value and isinstance(value[0], int):
        return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)
    if isinstance(value, list):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(gguf_string, value))
    return struct.pack("<I", 8) + gguf_string(value)


def gguf(metadata, tensors=()):
    """A file of version 3. tensors: (name, dims) of F32 zeros."""
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        header += gguf_string(key) + gguf_value(value)
    offset = 0
    for name, dims in tensors:
        header += gguf_string(name) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims)
        header += struct.pack("<IQ", 0, offset)
        n_values = 1
        for dim in dims:
            n_values *= dim
        offset += -(-n_values * 4 // 32) * 32
    return header + bytes(-len(header) % 32) + bytes(offset)


VOCABULARY = {
    "general.architecture": "llama",
    "tokenizer.ggml.model": "rwkv",
    "tokenizer.ggml.tokens": ["<s>"] + [f"\\x{byte:02x}" for byte in range(256)],
}


def llama_tensors():
    """Those of a model of one layer, width 32 and feed-forward 64, under VOCABULARY and LLAMA_KEYS."""
    return [("token_embd.weight", (32, 257)), ("output_norm.weight", (32,)), ("blk.0.attn_norm.weight", (32,)),
            ("blk.0.ffn_norm.weight", (32,)), *((f"blk.0.attn_{name}.weight", (32, 32)) for name in "qkv"),
            ("blk.0.attn_output.weight", (32, 32)), ("blk.0.ffn_gate.weight", (32, 64)),
            ("blk.0.ffn_up.weight", (32, 64)), ("blk.0.ffn_down.weight", (64, 32))]


LLAMA_KEYS = {**VOCABULARY, "llama.context_length": 64, "llama.embedding_length": 32, "llama.block_count": 1,
              "llama.feed_forward_length": 64, "llama.attention.head_count": 2,
              "llama.attention.layer_norm_rms_epsilon": 1e-5}
