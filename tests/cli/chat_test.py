"""ingot run without a prompt on a terminal: a chat. And prompts that go through a chat template."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from program import MODELS, PROGRAM, TINY, Case, clean_environment, run

RWKV = str(MODELS / "rwkv7.F16.gguf")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]")
TIMEOUT_S = 60
FLAGS = ["--chat-template", "chatml", "--temp", "0", "-t", "2"]


class Terminal:
    """A program on a pseudo-terminal of so many columns."""

    def __init__(self, *args, columns=80, **environment):
        self.main, end = pty.openpty()
        self.resize(columns)
        environment = {"TERM": "xterm", **environment}
        self.process = subprocess.Popen(
            [PROGRAM, *map(str, args)], stdin=end, stdout=end, stderr=end, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=clean_environment(INGOT_HISTORY="", **environment))
        os.close(end)
        self.seen = ""

    def resize(self, columns):
        fcntl.ioctl(self.main, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def type(self, text):
        os.write(self.main, text.encode())

    def read_some(self, seconds):
        if not select.select([self.main], [], [], seconds)[0]:
            return False
        try:
            block = os.read(self.main, 65536)
        except OSError:  # EIO: the program has left
            return False
        self.seen += block.decode(errors="replace")
        return bool(block)

    def wait_for(self, text, count=1):
        """All that came until the text did so many times, without escape sequences."""
        end = time.monotonic() + TIMEOUT_S
        while ESCAPES.sub("", self.seen).count(text) < count:
            if time.monotonic() > end or (not self.read_some(1) and self.process.poll() is not None):
                raise AssertionError(f"{text!r} did not come {count} times: {self.seen!r}")
        return ESCAPES.sub("", self.seen)

    def say(self, line):
        """Types a line and waits for the prompt after what it brings; gives what came in between."""
        n_prompts = ESCAPES.sub("", self.seen).count(">>> ")
        before = len(self.seen)
        self.type(line + "\r")
        end = time.monotonic() + TIMEOUT_S
        # The editor may draw a prompt again while a line is typed; a new one comes after a newline.
        while True:
            came = ESCAPES.sub("", self.seen[before:])
            if re.search(r"\n\r*(>>>|\+>>) $", came):
                return came
            if time.monotonic() > end or (not self.read_some(1) and self.process.poll() is not None):
                raise AssertionError(f"no prompt after {line!r} (seen {n_prompts}): {came!r}")

    def code(self):
        end = time.monotonic() + TIMEOUT_S
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"the program does not leave: {self.seen!r}")
            self.read_some(0.1)
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.main)


class Chat(Case):
    def terminal_of(self, *args, **options):
        try:
            terminal = Terminal(*args, **options)
        except OSError as error:
            self.skipTest(f"this system gives no terminal: {error}")
        self.addCleanup(terminal.close)
        return terminal

    def open(self, *args, model=TINY, n=8, **options):
        terminal = self.terminal_of("run", model, *FLAGS, "-n", n, *args, **options)
        terminal.wait_for(">>> ")
        return terminal

    def known(self, text):
        """Tokens that were read for the answer, those of its prompt, and how many of them were known."""
        found = re.search(r"\[(\d+) of (\d+) tokens read", text)
        self.assertIsNotNone(found, text)
        n_new, n_prompt = map(int, found.groups())
        return n_new, n_prompt, n_prompt - n_new

    def test_each_turn_reads_only_what_is_new(self):
        for model in (TINY, RWKV):
            chat = self.open(model=model)
            first = chat.say("hello")
            n_first, n_prompt, n_known = self.known(first)
            self.assertEqual((n_first, n_known), (n_prompt, 0))
            n_new, n_prompt, n_known = self.known(chat.say("and more"))
            self.assertGreaterEqual(n_known, n_first)
            again = self.known(chat.say("/retry"))
            self.assertEqual(again[0], 0, "the prompt of an answer again is known as a whole")
            chat.type("/bye\r")
            self.assertEqual(chat.code(), 0)

    def test_commands(self):
        chat = self.open()
        self.assertIn("/retry", chat.say("/help"))
        self.assertIn("no system text", chat.say("/system"))
        self.assertIn("Set.", chat.say("/system Be brief."))
        self.assertIn("Be brief.", chat.say("/system"))
        self.assertIn("no answer", chat.say("/retry"))
        self.assertIn("no message", chat.say("/undo"))
        self.assertIn("is no command", chat.say("/nonsense"))
        self.assertIn("temp ", chat.say("/set"))
        self.assertIn("out of range", chat.say("/set top-p 7"))
        self.assertIn("is no setting", chat.say("/set nonsense 1"))
        self.assertIn("top-p is 0.5 now", chat.say("/set top-p 0.5"))
        self.assertIn("tokens read", chat.say("hello"))
        self.assertNotIn("tokens read", chat.say("/set timings false") + chat.say("hello again"))
        self.assertIn("2 messages are left", chat.say("/undo"))
        self.assertIn("weights", chat.say("/stats"))
        self.assertIn("empty again", chat.say("/clear"))
        self.assertIn("context: 0 of", chat.say("/stats"))

    def test_a_conversation_is_saved_and_goes_on(self):
        path = os.path.join(self.folder, "talk.json")
        chat = self.open()
        chat.say("hello")
        self.assertIn("Written", chat.say(f"/save {path}"))
        with open(path) as file:
            saved = json.load(file)
        self.assertEqual([message["role"] for message in saved["messages"]], ["user", "assistant"])
        self.assertEqual(os.stat(path + ".state").st_mode & 0o077, 0)
        later = self.open()
        self.assertIn("nothing to read again", later.say(f"/load {path}"))
        self.assertGreater(self.known(later.say("and more"))[2], 0)
        os.remove(path + ".state")
        self.assertIn("reads again", later.say(f"/load {path}"))
        self.assertIn("no such file", later.say("/load /nowhere/at/all"))
        self.assertIn("holds no conversation", later.say(f"/load {self.file('other.json', '[1]')}"))

    def test_messages_of_several_lines(self):
        chat = self.open()
        chat.type("one \\\r")
        chat.wait_for("... ")
        self.assertIn("tokens read", chat.say("two"))
        chat.type('"""\r')
        chat.wait_for("... ", 2)
        chat.type("three\r")
        self.assertIn("tokens read", chat.say('four"""'))
        path = os.path.join(self.folder, "talk.json")
        chat.say(f"/save {path}")
        with open(path) as file:
            texts = [message["content"] for message in json.load(file)["messages"] if message["role"] == "user"]
        self.assertEqual(texts, ["one \ntwo", "three\nfour"])

    def test_pasted_lines_are_one_message(self):
        chat = self.open()
        chat.type("\x1b[200~first\rsecond\rthird\x1b[201~")
        chat.wait_for("[paste 1: 3 lines]")
        chat.say(" and a tail")
        path = os.path.join(self.folder, "talk.json")
        chat.say(f"/save {path}")
        with open(path) as file:
            self.assertEqual(json.load(file)["messages"][0]["content"], "first\nsecond\nthird and a tail")

    def test_a_file_goes_in_front(self):
        chat = self.open()
        self.assertIn("in front of your next message", chat.say(f"/file {self.file('notes.txt', 'some notes')}"))
        chat.say("what do they say?")
        path = os.path.join(self.folder, "talk.json")
        chat.say(f"/save {path}")
        with open(path) as file:
            self.assertEqual(json.load(file)["messages"][0]["content"], "some notes\nwhat do they say?")
        self.assertIn("cannot read", chat.say("/file /nowhere/at/all"))

    def test_what_cannot_be_answered_changes_nothing(self):
        chat = self.open("-c", 256, n=8)
        chat.say("hello")
        path = os.path.join(self.folder, "talk.json")
        chat.say(f"/save {path}")
        with open(path) as file:
            before = json.load(file)["messages"]
        long = self.file("long.txt", "word " * 1000)
        self.assertIn("in front of your next message", chat.say(f"/file {long}"))
        self.assertIn("was not sent", chat.say("what does it say?"))
        # A longer system text leaves no room for the prompt of the answer that was there.
        chat.say("/system " + "word " * 300)
        self.assertIn("The answer before stays", chat.say("/retry"))
        chat.say(f"/save {path}")
        with open(path) as file:
            self.assertEqual(json.load(file)["messages"], before)

    def test_interrupts(self):
        chat = self.open("--ignore-eos", n=400)
        chat.type("tell me all\r")
        chat.wait_for("\n")
        time.sleep(0.3)
        os.kill(chat.process.pid, signal.SIGINT)
        # A tiny model may have come to its end before the signal came.
        seen = chat.wait_for("tokens read")
        self.assertTrue("(stopped" in seen or "(cut" in seen or "context" in seen, seen)
        chat.wait_for(">>> ", 2)
        # Where no answer is under way the signal leaves the conversation alone.
        os.kill(chat.process.pid, signal.SIGINT)
        self.assertIn("tokens", chat.say("/stats"))
        chat.type("/bye\r")
        self.assertEqual(chat.code(), 0)

    def test_who_sees_the_prompt_can_type(self):
        for _ in range(5):
            chat = self.open()
            for n_prompts in (1, 2):
                chat.wait_for(">>> ", n_prompts)
                local_modes = termios.tcgetattr(chat.main)[3]
                self.assertFalse(local_modes & (termios.ICANON | termios.ISIG), "keys are still the terminal's own")
                chat.type("/nonsense\r")

    # Apart from signals: the editor leaves its mode for a moment where one comes, and a key of that moment is lost.
    def test_ctrl_c_at_the_prompt(self):
        chat = self.open()
        chat.type("half a line\x03")
        chat.wait_for("^C")
        chat.type("\x03")
        self.assertEqual(chat.code(), 130)

    def test_the_end_of_input_leaves(self):
        chat = self.open()
        chat.type("\x04")
        self.assertEqual(chat.code(), 0)

    def test_colours_only_where_they_are_wanted(self):
        colours = re.compile(r"\x1b\[[0-9;]*m")
        chat = self.open()
        chat.say("hello")
        self.assertTrue(colours.search(chat.seen))
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            plain = self.open(**environment)
            plain.say("hello")
            self.assertIsNone(colours.search(plain.seen), environment)

    def test_lines_are_broken_between_words(self):
        chat = self.open("--system", "x", columns=60)
        chat.resize(40)
        text = chat.say("/help") + chat.say("wide: \u65e5\u672c\u8a9e \U0001F600 text")
        self.assertIn("tokens read", " ".join(text.split()))
        notice = chat.say("/load a_file_that_is_not_there_and_has_a_name").split("\n")[1:-1]
        notice = [line.strip("\r") for line in notice]
        self.assertIn("a_file_that_is_not_there_and_has_a_name: no such file", " ".join(notice))
        self.assertTrue(all(len(line) <= 40 for line in notice), notice)
        help_line = chat.say("/nonsense").split("\n")[1:-1]
        self.assertEqual([line.strip("\r") for line in help_line],
                         ["/nonsense is no command. /help lists", "them; put a space in front to say it."])

    def test_a_queued_file_can_be_put_away(self):
        chat = self.open()
        notes = self.file("notes.txt", "one two three")
        for put_away in ("/clear", "/undo"):
            self.assertIn("+>>", chat.say(f"/file {notes}"))
            self.assertNotIn("+>>", chat.say(put_away))
        self.assertIn("no message", chat.say("/undo"))

    def test_save_keeps_what_is_no_conversation(self):
        chat = self.open()
        keep = self.file("keep.txt", "precious")
        self.assertIn("stays as it is", " ".join(chat.say(f"/save {keep}").split()))
        self.assertEqual(pathlib.Path(keep).read_text(), "precious")
        mine = keep + ".json"
        for _ in range(2):
            self.assertIn("Written to", chat.say(f"/save {mine}"))

    def test_commands_refuse_what_they_would_drop(self):
        chat = self.open()
        self.assertIn("/undo takes nothing", chat.say("/undo 2"))
        self.assertIn("/bye takes nothing", chat.say("/bye now"))

    def test_without_a_template(self):
        chat = self.terminal_of("run", TINY)
        self.assertEqual(chat.code(), 1)
        self.assertIn("--chat-template", chat.seen)


class Templated(Case):
    def answer(self, *args, model=TINY, **options):
        return run("run", model, "-p", "hello", "-n", "6", "--temp", "0", *args, **options)

    def test_a_prompt_becomes_a_message(self):
        plain = self.answer("--chat-template", "chatml", "--json")
        self.assertEqual(plain.code, 0, plain.err)
        rendered = "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"
        raw = run("run", TINY, "--raw", "-p", rendered, "-n", "6", "--temp", "0", "--json")
        self.assertEqual(plain.json["finish"], raw.json["finish"])
        told = self.answer("--chat-template", "chatml", "--system", "Be brief.", "--json")
        self.assertGreater(told.json["prompt_tokens"], plain.json["prompt_tokens"])

    def test_no_template_is_said(self):
        finished = self.answer()
        self.assertEqual(finished.code, 0)
        self.assertIn("no chat template", finished.err)
        self.assertNotIn("no chat template", self.answer("--raw").err)
        self.assertEqual(self.answer("--system", "x").code, 1)

    def test_the_template_sees_tools_and_variables(self):
        shown = self.file("shown.jinja", "{{ raise_exception('saw ' ~ tools[0].function.name ~ on) }}")
        tools = self.file("tools.json", '[{"type": "function", "function": {"name": "look"}}]')
        told = self.answer("--chat-template", shown, "--tools", tools, "--var", "on=false")
        self.assert_error(told, 1, "saw lookFalse")
        self.assertIn("no place for tools", self.answer("--chat-template", "chatml", "--tools", tools).err)
        listed = self.file("listed.jinja", "{{ tools | tojson }}{{ messages[0].content }}")
        self.assertNotIn("no place for tools", self.answer("--chat-template", listed, "--tools", tools).err)
        self.assert_error(self.answer("--chat-template", "chatml", "--tools", "nowhere.json"), 1, "nowhere.json")
        self.assert_error(self.answer("--tools", tools), 1, "--tools: the model has no chat template")
        self.assert_error(self.answer("--chat-template", "chatml", "--tools", shown), 1, "JSON")
        self.assert_error(self.answer("--chat-template", "chatml", "--var", "on=yes"), 2, "yes is no JSON")
        self.assert_error(self.answer("--chat-template", "chatml", "--var", "on"), 2, "NAME=JSON")

    def test_flags_that_exclude_each_other(self):
        for flags in (["--raw", "--system", "x"], ["--special", "--chat-template", "chatml"], ["--image", "x.png"],
                      ["--raw", "--tools", "t.json"], ["--save-state", "s", "--var", "a=1"]):
            finished = self.answer(*flags)
            self.assertEqual(finished.code, 2, flags)
        self.assertEqual(self.answer("--chat-template", "nonsense").code, 1)


if __name__ == "__main__":
    unittest.main()
