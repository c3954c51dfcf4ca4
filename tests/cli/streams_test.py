"""The three streams: what goes where, pipes that close, terminals, and Ctrl-C."""
import os
import pathlib
import signal
import subprocess
import time
import unittest

from program import GREEDY, TINY, Case, read_terminal, run, start

# Goes on until somebody stops it.
ENDLESS = ["run", TINY, "-p", "hello", "-c", "1000000", *GREEDY]


class Prompt(Case):
    """--echo -n 0 prints the prompt as it was put together."""

    def prompt(self, *args, **options):
        finished = run("run", TINY, "--raw", "--echo", "-n", "0", *args, **options)
        self.assertEqual(finished.code, 0, finished.err)
        return finished.text

    def test_is_the_flag(self):
        self.assertEqual(self.prompt("-p", "hello"), "hello")

    def test_may_begin_with_a_dash(self):
        self.assertEqual(self.prompt("-p", "- item"), "- item")

    def test_is_files_in_order_then_the_flag(self):
        first, second = self.file("1", "one\n"), self.file("2", "two ")
        self.assertEqual(self.prompt("-p", "three", "-f", first, "-f", second), "one\ntwo three")

    def test_is_standard_input_when_nothing_is_given(self):
        self.assertEqual(self.prompt(stdin=b"from a pipe\n"), "from a pipe\n")

    def test_standard_input_comes_before_the_flag(self):
        self.assertEqual(self.prompt("-p", "after", stdin=b"before "), "before after")
        with open(self.file("input", "a file "), "rb") as file:
            self.assertEqual(self.prompt_from(file, "-p", "after"), "a file after")

    def prompt_from(self, file, *args):
        process = start("run", TINY, "--raw", "--echo", "-n", "0", *args, stdin=file)
        out, _ = process.communicate(timeout=60)
        return out.decode()

    def test_an_empty_pipe_adds_nothing(self):
        self.assertEqual(self.prompt("-p", "alone", stdin=b""), "alone")

    def test_a_dash_is_standard_input(self):
        path = self.file("1", "file ")
        self.assertEqual(self.prompt("-f", path, "-f", "-", "-p", "flag", stdin=b"pipe "), "file pipe flag")

    def test_a_file_alone_leaves_standard_input(self):
        self.assertEqual(self.prompt("-f", self.file("1", "file"), stdin=b"unread"), "file")

    def test_a_pipe_of_the_shell_is_a_file(self):
        reader, writer = os.pipe()
        os.write(writer, b"substituted")
        os.close(writer)
        self.addCleanup(os.close, reader)
        self.assertEqual(self.prompt("-f", f"/dev/fd/{reader}", pass_fds=[reader]), "substituted")

    def test_a_late_writer_is_waited_for(self):
        process = start("run", TINY, "--raw", "--echo", "-n", "0", "-p", "after", stdin=subprocess.PIPE)
        time.sleep(1.5)
        out, err = process.communicate(b"late ", timeout=60)
        self.assertEqual(out, b"late after")
        self.assertIn(b"waiting", err)

    def test_nothing_at_all_is_wrong_usage(self):
        self.assert_error(run("run", TINY), 2, "no prompt", "-p", "-f")

    def test_a_terminal_is_never_waited_for(self):
        _, theirs = self.terminal()
        with os.fdopen(theirs, "rb") as terminal:
            self.assertEqual(self.prompt_from(terminal, "-p", "hello"), "hello")
            for command in [["run", TINY], ["tokenize", TINY], ["detokenize", TINY]]:
                process = start(*command, stdin=terminal)
                _, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 2, err)

    def test_a_missing_file_is_an_error(self):
        self.assert_error(run("run", TINY, "-f", "/nonexistent/prompt"), 1, "/nonexistent/prompt", "No such file")
        self.assert_error(run("run", TINY, "-f", str(self.folder)), 1, str(self.folder), "directory")


class Output(Case):
    def test_holds_the_text_alone(self):
        finished = run("run", TINY, "-p", "hello", "-n", "8", *GREEDY)
        self.assertEqual(finished.out.decode(errors="replace"),
                         run("run", TINY, "-p", "hello", "-n", "8", "--json", *GREEDY).json["text"])
        self.assertIn("tok/s", finished.err)

    def test_ends_with_a_newline_on_a_terminal_only(self):
        ours, theirs = self.terminal()
        process = start("run", TINY, "-p", "hello", "-n", "8", *GREEDY, stdout=theirs)
        os.close(theirs)
        shown = read_terminal(ours)
        process.communicate(timeout=60)
        piped = run("run", TINY, "-p", "hello", "-n", "8", *GREEDY).out
        self.assertFalse(piped.endswith(b"\n"))
        self.assertEqual(shown.replace(b"\r\n", b"\n"), piped + b"\n")

    def test_a_reader_that_leaves_ends_it_quietly(self):
        process = start(*ENDLESS)
        process.stdout.read(20)
        process.stdout.close()
        err = process.stderr.read().decode()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=60), 0, err)
        self.assertNotIn("error", err)

    def test_a_reader_that_leaves_before_other_commands_write(self):
        for command in [["tokenize", TINY, "hello"], ["inspect", TINY], ["--version"], ["run", "--help"],
                        ["run", TINY, "-p", "x", "-n", "1", "--json", *GREEDY]]:
            reader, writer = os.pipe()
            os.close(reader)
            process = start(*command, stdout=writer)
            os.close(writer)
            _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, (command, err))
            self.assertNotIn(b"error", err)

    @unittest.skipUnless(pathlib.Path("/dev/full").exists(), "no /dev/full here")
    def test_a_full_disk_is_an_error(self):
        for command in [["run", TINY, "-p", "x", "-n", "4", *GREEDY], ["tokenize", TINY, "hello"], ["inspect", TINY]]:
            with open("/dev/full", "wb") as full:
                process = start(*command, stdout=full)
                _, err = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 1, err)
            self.assertIn(b"No space left", err)


class Interrupt(Case):
    def test_ends_the_generation_in_good_order(self):
        process = start(*ENDLESS)
        head = process.stdout.read(20)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(len(head), 20)
        self.assertIn(b"generated", err)

    def test_still_gives_the_json(self):
        process = start(*ENDLESS, "--json", "--stream")
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn(b'"finish":"interrupted"', out.splitlines()[-1])

    def test_while_waiting_ends_the_program(self):
        process = start("run", TINY, stdin=subprocess.PIPE)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        process.communicate()


if __name__ == "__main__":
    unittest.main()
