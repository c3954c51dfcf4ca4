"""ingot models, names in the place of MODEL, in homes made up for the test."""
import fcntl
import json
import os
import pathlib
import shutil
import struct
import subprocess
import termios
import time
import unittest

from program import GREEDY, PROGRAM, TINY, Case, clean_environment, gguf, read_terminal, run, start

NAME = "tinyllama-q:f32"


class Home(Case):
    """A home with one model that runs, tinyllama-q:f32, in the folder of models."""

    def setUp(self):
        super().setUp()
        self.models = self.folder / ".cache" / "ingot" / "models"
        self.model = self.put(".cache/ingot/models/TinyLlama-Q.F32.gguf", pathlib.Path(TINY).read_bytes())

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def put_ollama(self, name, content):
        digest = "ab" * 32
        self.put(f".ollama/models/blobs/sha256-{digest}", content)
        layer = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"}
        self.put(f".ollama/models/manifests/registry.ollama.ai/library/{name}", json.dumps({"layers": [layer]}).encode())

    def env(self, **extra):
        # Other programs' variables may point out of this home.
        moved = ["XDG_CACHE_HOME", "XDG_DATA_HOME", "OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE",
                 "LLAMA_CACHE"]
        return {"HOME": str(self.folder), **dict.fromkeys(moved, ""), **extra}

    def ingot(self, *args, **options):
        return run(*args, env=self.env(**options.pop("env", {})), cwd=self.folder, **options)


class List(Home):
    def test_table_and_json(self):
        finished = self.ingot("models", "list")
        self.assertEqual(finished.code, 0, finished.err)
        title, line = finished.text.splitlines()
        self.assertEqual(title.split(), ["name", "size", "format", "architecture", "parameters", "context", "from"])
        self.assertEqual(line.split()[0], NAME)
        for word in ["F32", "llama", "256", "models"]:
            self.assertIn(word, line.split())
        listed = self.ingot("models", "list", "--json").json
        self.assertEqual(listed["schema"], 1)
        model = listed["models"][0]
        self.assertEqual((model["name"], model["path"], model["state"], model["supported"], model["context"]),
                         (NAME, self.model, "model", True, 256))
        self.assertEqual(model["bytes"], os.path.getsize(TINY))

    def test_names_alone(self):
        self.put_ollama("llama3.2/1b", pathlib.Path(TINY).read_bytes())
        self.put(".cache/ingot/models/broken.gguf", b"x")
        self.assertEqual(self.ingot("models", "list", "--names").text, f"llama3.2:1b\n{NAME}\n")
        self.assert_error(self.ingot("models", "list", "--names", "--json"), 2, "--names")

    def test_what_cannot_be_used_has_its_reason(self):
        self.put(".cache/ingot/models/broken.gguf", b"x")
        self.put(".cache/ingot/models/mmproj.gguf", gguf({"general.architecture": "clip"}, [("v.patch.weight", (32,))]))
        self.put(".cache/ingot/models/odd.gguf", gguf({"general.architecture": "mamba"}, [("a", (32,))]))
        finished = self.ingot("models", "list")
        self.assertEqual(finished.code, 0)
        self.assertIn("mamba*", finished.text)
        self.assertIn("* an architecture that ingot does not run", finished.text)
        self.assertIn("broken.gguf: ", finished.text)
        self.assertNotIn("mmproj", finished.text)
        self.assertIn("1 more file is no language model", finished.err)
        self.assertIn("mmproj.gguf: a projector", self.ingot("models", "list", "--all").text)
        states = {m["name"]: m["state"] for m in self.ingot("models", "list", "--json", "--all").json["models"]}
        self.assertEqual(states, {NAME: "model", "broken": "damaged", "mmproj": "other", "odd": "model"})

    def test_an_empty_home_says_so(self):
        finished = self.ingot("models", "list", "--models", self.folder / "nowhere")
        self.assertEqual((finished.code, finished.text), (0, ""))
        self.assertIn("no models", finished.err)
        self.assertEqual(self.ingot("models", "list", "--json", "--models", self.folder / "nowhere").json["models"], [])

    def test_the_folder_of_models_moves(self):
        self.put("elsewhere/other.gguf", pathlib.Path(TINY).read_bytes())
        for options in [{"env": {"INGOT_MODELS": "elsewhere"}}, {"env": {"INGOT_MODELS": str(self.folder / "elsewhere/")}}]:
            self.assertEqual(self.ingot("models", "list", "--names", **options).text, "other\n")
        self.assertEqual(self.ingot("models", "list", "--names", "--models", "elsewhere").text, "other\n")

    def test_fits_the_terminal(self):
        self.put(".cache/ingot/models/" + "a-very-long-name-of-a-model-" * 3 + "Q8_0.gguf", pathlib.Path(TINY).read_bytes())
        for columns in (200, 80, 60, 40, 20):
            ours, theirs = self.terminal()
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            process = start("models", "list", env=self.env(), stdout=theirs)
            process.wait(timeout=60)
            os.close(theirs)
            lines = read_terminal(ours).decode().split("\r\n")
            self.assertEqual(len(lines), 4, lines)
            for line in lines:
                self.assertLessEqual(len(line), columns, line)
            self.assertIn("tinyllama-q", "".join(lines)) if columns > 20 else None
            process.stderr.close()

    def test_nothing_in_a_file_steers_the_terminal(self):
        self.put(".cache/ingot/models/ev\x1b[2Jil.gguf", gguf({"general.architecture": "l\x1b[2Jm", "general.name": "\x1b]0;x\x07"},
                                                            [("a", (32,))]))
        self.put(".cache/ingot/models/bad\x1b[2J.gguf", b"\x1b[2J")
        for args in [["list"], ["list", "--json"], ["list", "--names"], ["info", "ev--2jil"]]:
            finished = self.ingot("models", *args)
            self.assertEqual([byte for byte in finished.out + finished.err.encode() if byte < 32 and byte != 10], [], args)

    def test_headers_are_read_once(self):
        # A vocabulary as large as Gemma's; the same file under many names is as many headers.
        large = self.put(".cache/ingot/models/m.gguf", gguf({"general.architecture": "llama",
                                                             "tokenizer.ggml.tokens": [f"t{i}" for i in range(100_000)]},
                                                            [("a", (32,))]))
        for index in range(50):
            os.link(large, self.models / f"m{index}.gguf")
        time.sleep(2.1)  # of a younger file nothing is kept: it may still change within a tick of the clock
        seconds = []
        for _ in range(2):
            before = sum(os.times()[2:4])
            self.assertEqual(len(self.ingot("models", "list", "--names").text.split()), 52)
            seconds.append(sum(os.times()[2:4]) - before)
        self.assertLess(seconds[1], seconds[0] / 4)


class Names(Home):
    def test_every_command_takes_one(self):
        self.put("text.txt", b"hello world " * 400)
        for args in [["run", "tinyllama", "-p", "hello", "-n", "2", *GREEDY], ["tokenize", "TINYLLAMA-Q", "hello"],
                     ["generate", NAME, "-p", "x", "-n", "1"], ["detokenize", "tiny", "5"], ["inspect", "tinyllama:f"],
                     ["perplexity", "tiny", "-f", "text.txt", "-c", "32", "--windows", "1"],
                     ["embed", "tiny", "-p", "x"], ["profile", "tiny", "-p", "x", "-n", "1"],
                     ["bench", "tiny", "-p", "4", "-n", "0", "-r", "1"]]:
            finished = self.ingot(*args)
            self.assertEqual(finished.code, 0, (args, finished.err))
            by_path = self.ingot(*[self.model if word.lower().startswith("tiny") else word for word in args])
            if args[0] in ("run", "tokenize", "detokenize", "inspect", "perplexity", "embed"):
                self.assertEqual(finished.out, by_path.out, args)

    def test_a_file_comes_first(self):
        self.put("tinyllama", b"no model")
        self.assert_error(self.ingot("tokenize", "tinyllama", "x"), 1, "tinyllama", "GGUF")
        self.assertEqual(self.ingot("models", "path", "tinyllama-q").text, self.model + "\n")

    def test_paths_are_only_paths(self):
        self.assert_error(self.ingot("tokenize", "tinyllama-q.gguf", "x"), 1, "tinyllama-q.gguf", "no such file")
        self.assert_error(self.ingot("tokenize", "./tinyllama-q", "x"), 1, "./tinyllama-q", "no such file")

    def test_no_match_teaches(self):
        for command in (["tokenize", "tinylama", "x"], ["inspect", "tinylama"], ["bench", "tinylama"],
                        ["run", "tinylama", "-p", "x"], ["models", "path", "tinylama"], ["models", "rm", "tinylama"]):
            self.assert_error(self.ingot(*command), 1, "tinylama", f"did you mean {NAME}?", self.models, "Ollama")

    def test_several_matches_are_listed(self):
        self.put(".cache/ingot/models/TinyLlama-Z.F32.gguf", pathlib.Path(TINY).read_bytes() + b"\0")
        self.assert_error(self.ingot("tokenize", "tiny", "x"), 1, "2 models", NAME, "tinyllama-z:f32")

    def test_the_resolved_file_is_said_on_a_terminal_alone(self):
        self.assertEqual(self.ingot("tokenize", "tiny", "x").err, "")
        ours, theirs = self.terminal()
        process = start("tokenize", "tiny", "x", env=self.env(), stderr=theirs)
        process.communicate(timeout=60)
        os.close(theirs)
        self.assertEqual(read_terminal(ours).decode().strip(), f"ingot: tiny is {self.model}")

    def test_ollamas_names(self):
        self.put_ollama("llama3.2/1b", pathlib.Path(TINY).read_bytes())
        self.assertEqual(self.ingot("tokenize", "llama3.2:1b", "x").code, 0)
        self.assertEqual(self.ingot("tokenize", "llama3.2", "x").code, 0)


class InfoAndPath(Home):
    def test_info(self):
        text = self.ingot("models", "info", "tiny").text
        for part in [NAME, "llama", "256 tokens", "runnable       yes", self.model]:
            self.assertIn(part, text)
        info = self.ingot("models", "info", "tiny", "--json").json
        self.assertEqual((info["schema"], info["name"], info["files"], info["runnable"], info["layers"]),
                         (1, NAME, [self.model], True, 2))
        self.assertEqual(self.ingot("models", "info", TINY, "--json").json["path"], TINY)

    def test_path_is_alone(self):
        finished = self.ingot("models", "path", "tiny")
        self.assertEqual((finished.code, finished.text, finished.err), (0, self.model + "\n", ""))
        self.assert_error(self.ingot("models", "path", "./nowhere"), 1, "nowhere")
        odd = os.fsencode(str(self.models)) + b"/odd\xff.gguf"
        pathlib.Path(os.fsdecode(odd)).write_bytes(pathlib.Path(TINY).read_bytes())
        self.assertEqual(self.ingot("models", "path", "odd").out, odd + b"\n")

    def test_wrong_usage(self):
        self.assert_error(self.ingot("models"), 2, "ingot models --help")
        self.assert_error(self.ingot("models", "walk"), 2, "list, info, path, rm", "ingot models --help")
        self.assert_error(self.ingot("models", "--bogus", "list"), 2, "--bogus")
        self.assert_error(self.ingot("models", "path"), 2, "MODEL")

    def test_help_teaches(self):
        for args in [[], ["list"], ["info"], ["path"], ["rm"]]:
            finished = self.ingot("models", *args, "--help")
            self.assertEqual(finished.code, 0)
            self.assertIn("INGOT_MODELS", finished.text)
            self.assertIn("Examples:", finished.text)


class Remove(Home):
    def test_needs_a_yes(self):
        self.assert_error(self.ingot("models", "rm", "tiny"), 2, "--yes", NAME)
        self.assertTrue(os.path.exists(self.model))
        self.assert_error(self.ingot("models", "rm", "tiny", "--yes"), 1, "only a part", NAME)
        self.assertTrue(os.path.exists(self.model))
        finished = self.ingot("models", "rm", NAME.upper(), "--yes")
        self.assertEqual((finished.code, finished.out), (0, b""), finished.err)
        self.assertIn(NAME, finished.err)
        self.assertFalse(os.path.exists(self.model))
        self.assertEqual(list(self.models.iterdir()), [])

    def test_asks_on_a_terminal(self):
        for answer, code, stays in [(b"n\n", 1, True), (b"\n", 1, True), (b"\x04", 1, True), (b"y\n", 0, False)]:
            ours, theirs = self.terminal()
            process = start("models", "rm", "tiny", env=self.env(), stdin=theirs, stderr=theirs)
            os.write(ours, answer)
            out, _ = process.communicate(timeout=60)
            os.close(theirs)
            said = read_terminal(ours).decode()
            self.assertEqual(process.returncode, code, said)
            self.assertIn(f"Delete {NAME}", said)
            self.assertEqual(out, b"")
            self.assertEqual(os.path.exists(self.model), stays)

    def test_other_programs_files_stay(self):
        self.put_ollama("llama3.2/1b", pathlib.Path(TINY).read_bytes())
        self.assert_error(self.ingot("models", "rm", "llama3.2", "--yes"), 1, "Ollama", "ollama rm llama3.2:1b")
        self.put("elsewhere.gguf", pathlib.Path(TINY).read_bytes())
        self.assert_error(self.ingot("models", "rm", "./elsewhere.gguf", "--yes"), 1, "folder of models")
        self.assertTrue((self.folder / "elsewhere.gguf").exists())
        self.assertEqual(len(list((self.folder / ".ollama").rglob("sha256-*"))), 1)

    def test_a_link_is_a_model_of_its_own(self):
        os.symlink(self.model, self.models / "b.gguf")
        self.put(".cache/ingot/models/bad.gguf", b"x")
        self.assertEqual(self.ingot("models", "path", "b").out, os.fsencode(str(self.models / "b.gguf")) + b"\n")
        self.assertEqual(self.ingot("models", "rm", "b", "--yes").code, 0)
        left = {path.name for path in self.models.iterdir()}
        self.assertEqual(left, {"TinyLlama-Q.F32.gguf", "bad.gguf"})

    def test_a_file_that_is_not_there(self):
        self.assert_error(self.ingot("models", "rm", "nowhere.gguf", "--yes"), 1, "no file nowhere.gguf")

    def test_removes_every_part(self):
        for part in (1, 2, 3):
            self.put(f".cache/ingot/models/big-0000{part}-of-00003.gguf", b"x")
        self.assertEqual(self.ingot("models", "rm", "big", "--yes").code, 0)
        self.assertEqual([path.name for path in self.models.iterdir()], ["TinyLlama-Q.F32.gguf"])


# Calls bash's completion as bash would for a line, and prints what it offers, one a line.
BASH = r"""
source "$SCRIPT"
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
"$(complete -p ingot | sed 's/.*-F \([^ ]*\).*/\1/')"
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
"""


class Completion(Home):
    def script(self, shell):
        finished = self.ingot("completion", shell)
        self.assertEqual(finished.code, 0, finished.err)
        return self.file(f"completion.{shell}", finished.text)

    def shell(self, name):
        path = shutil.which(name)
        if not path:
            self.skipTest(f"there is no {name} here")
        return path

    def bash(self, *words):
        finished = subprocess.run([self.shell("bash"), "--norc", "-c", BASH, "bash", PROGRAM, *words], timeout=60, cwd=self.folder,
                                  env=clean_environment(**self.env(SCRIPT=self.script("bash"))), capture_output=True)
        self.assertEqual(finished.stderr, b"")
        return finished.stdout.decode().split("\n")[:-1]

    def test_bash_commands_and_flags(self):
        commands = self.bash("")
        for command in ["run", "bench", "models", "completion", "inspect"]:
            self.assertIn(command, commands)
        self.assertEqual(self.bash("tok"), ["tokenize"])
        self.assertEqual(self.bash("models", ""), ["list", "info", "path", "rm"])
        self.assertEqual(self.bash("run", "m", "--top"), ["--top-k", "--top-p", "--top-nsigma"])
        self.assertEqual(self.bash("models", "list", "--n"), ["--names"])
        self.assertEqual(self.bash("bench", "rep"), ["report"])

    def test_bash_values(self):
        self.assertEqual(self.bash("run", "m", "--kv-type", ""), ["f16", "f32"])
        self.assertEqual(self.bash("run", "m", "--kv-type", "=", "f3"), ["f32"])
        self.assertEqual(self.bash("run", "m", "--mode", ""), ["exact", "fast", "reference"])
        self.assertEqual(self.bash("completion", ""), ["bash", "zsh", "fish"])
        self.assertEqual(self.bash("run", "m", "-p", ""), [])
        # A flag's word is no argument.
        self.assertEqual(self.bash("run", "-n", "5", "tiny"), [NAME])

    def test_bash_models(self):
        self.put_ollama("llama3.2/1b", pathlib.Path(TINY).read_bytes())
        self.assertEqual(self.bash("run", ""), ["llama3.2:1b", NAME])
        self.assertEqual(self.bash("run", "tiny"), [NAME])
        self.assertEqual(self.bash("models", "rm", "tiny"), [NAME])
        self.assertEqual(self.bash("bench", "a", "b", "tiny"), [NAME])
        # bash splits at the colon, and what stands before it is there already.
        self.assertEqual(self.bash("run", "tinyllama-q", ":", "f"), ["f32"])
        self.assertEqual(self.bash("run", "tinyllama-q", ":"), ["f32"])
        self.put("elsewhere/other.gguf", pathlib.Path(TINY).read_bytes())
        self.assertEqual(self.bash("run", "--models", "elsewhere", "o"), ["other"])

    def test_bash_files(self):
        self.put("notes of mine.txt", b"")
        self.put("nothing.gguf", b"")
        self.put("folder/x.gguf", b"")
        self.assertEqual(sorted(self.bash("run", "m", "-f", "no")), ["notes of mine.txt", "nothing.gguf"])
        self.assertEqual(self.bash("run", "folder/"), ["folder/x.gguf"])
        self.assertEqual(self.bash("run", "noth"), ["nothing.gguf"])
        self.assertEqual(sorted(self.bash("state", "compare", "m", "fold")), ["folder"])

    def test_bash_expands_nothing(self):
        self.put(".cache/ingot/models/$(touch pwned).gguf", pathlib.Path(TINY).read_bytes())
        self.put("$(touch pwned) `touch pwned`.txt", b"")
        self.bash("run", "")
        self.bash("run", "m", "-f", "")
        self.assertFalse((self.folder / "pwned").exists())

    def test_zsh(self):
        zsh = self.shell("zsh")
        script = self.script("zsh")
        subprocess.run([zsh, "-n", script], check=True, timeout=60)
        # The functions that zsh would call print what they are told.
        stubs = ("compdef() { :; }; compset() { :; }; _files() { :; }; _describe() { print -rl -- $described }\n"
                 "compadd() { shift; print -rl -- $@ }\n"
                 f"source {script}; words=(\"$@\"); CURRENT=$#; _ingot")
        def offered(*words):
            return subprocess.run([zsh, "-f", "-c", stubs, "zsh", PROGRAM, *words], env=clean_environment(**self.env()),
                                  check=True, capture_output=True, text=True, timeout=60).stdout.split("\n")[:-1]
        self.assertEqual(offered("run", "m", "--kv-type", ""), ["f16", "f32"])
        self.assertEqual(offered("run", "tiny"), [NAME])
        self.assertEqual([line.split(":")[0] for line in offered("models", "")], ["list", "info", "path", "rm"])
        self.assertIn("--top-k:Draw from the K best tokens", offered("run", "--t"))
        self.assertEqual(offered("completion", ""), ["bash", "zsh", "fish"])

    def test_fish(self):
        fish = self.shell("fish")
        script = self.script("fish")
        subprocess.run([fish, "-n", script], check=True, timeout=60)
        path = f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"
        def offered(line):
            text = subprocess.run([fish, "-c", f"source {script}; complete -C '{line}'"], cwd=self.folder, timeout=60,
                                  env=clean_environment(**self.env(PATH=path)), check=True, capture_output=True, text=True)
            return [line.split("\t")[0] for line in text.stdout.splitlines()]
        self.assertEqual(offered("ingot tok"), ["tokenize"])
        self.assertEqual(offered("ingot run m --kv-type "), ["f16", "f32"])
        self.assertEqual(offered("ingot run tiny"), [NAME])
        self.assertEqual(offered("ingot models "), ["info", "list", "path", "rm"])

    def test_wrong_usage(self):
        self.assert_error(self.ingot("completion"), 2, "SHELL")
        self.assert_error(self.ingot("completion", "csh"), 2, "csh")
        self.assertIn("source <(ingot completion bash)", self.ingot("completion", "--help").text)


if __name__ == "__main__":
    unittest.main()
