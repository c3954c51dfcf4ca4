"""ingot bench report."""
import json
import pathlib
import re
import unittest

from program import TINY, Case, run

SMALL = ["-p", "16", "-n", "4", "-r", "3"]


class BenchReport(Case):
    def saved(self, name):
        path = str(self.folder / name)
        self.assertEqual(run("bench", TINY, *SMALL, "--save-baseline=" + path).code, 0)
        return path

    def data_of(self, page):
        found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
        return json.loads(found.group(1))

    def test_runs_become_one_page(self):
        first = self.saved("first.json")
        second = self.file("second.json", run("bench", TINY, *SMALL, "--json").out)
        lines = self.file("third.jsonl", run("bench", TINY, *SMALL, "--format", "jsonl").out)
        finished = run("bench", "report", second, lines, first)
        self.assertEqual(finished.code, 0, finished.err)
        self.assertEqual(finished.err, "")
        data = self.data_of(finished.text)
        times = [one["timestamp"] for one in data["runs"]]
        self.assertEqual(times, sorted(times))
        self.assertEqual({one["name"] for one in data["runs"]}, {first, second, lines})
        self.assertEqual([test["label"] for test in data["tests"]], ["load", "pp16", "tg4", "ttft16"])
        for test in data["tests"]:
            self.assertEqual([len(point["samples"]) for point in test["points"]], [3, 3, 3])
            self.assertIn(test["first"]["verdict"], ("Ok", "Improved", "Regression", "Drifted"))
        self.assertEqual(len(data["machines"]), 1)

    def test_the_page_goes_where_it_is_told(self):
        first, page = self.saved("first.json"), self.folder / "page.html"
        finished = run("bench", "report", first, "--output", page)
        self.assertEqual((finished.code, finished.out), (0, b""), finished.err)
        self.assertIn("</html>", page.read_text())
        self.assert_error(run("bench", "report", first, "--output", self.folder / "none" / "page.html"), 1, "none")
        before = pathlib.Path(first).read_text()
        self.assert_error(run("bench", "report", first, "--output", first), 2, "first.json")
        self.assertEqual(pathlib.Path(first).read_text(), before)

    def test_a_terminal_gets_no_page(self):
        _, theirs = self.terminal()
        finished = run("bench", "report", self.saved("first.json"), stdout=theirs)
        self.assertEqual(finished.code, 2)
        self.assertIn("--output", finished.err)

    def test_other_hardware_is_said(self):
        first = self.saved("first.json")
        stored = json.loads(pathlib.Path(first).read_text())
        other = pathlib.Path(first).read_text().replace(stored["hardware"]["processor"], "Another Processor")
        finished = run("bench", "report", first, self.file("other.json", other))
        self.assertEqual(finished.code, 0)
        self.assertIn("Another Processor", finished.err)
        for test in self.data_of(finished.text)["tests"]:
            self.assertEqual(test["first"]["verdict"], "HardwareMismatch")

    def test_bad_files(self):
        first = self.saved("first.json")
        for name, content in (("damaged.json", pathlib.Path(first).read_bytes()[:-40]), ("empty.json", b""),
                              ("foreign.json", b'{"a": 1}'), ("model.gguf", pathlib.Path(TINY).read_bytes())):
            with self.subTest(name):
                self.assert_error(run("bench", "report", first, self.file(name, content)), 1, name)
        self.assert_error(run("bench", "report", first, self.folder / "absent.json"), 1, "absent.json")

    def test_wrong_usage(self):
        self.assert_error(run("bench", "report"), 2, "FILE", "ingot bench report --help")
        self.assert_error(run("bench", "report", "a.json", "--no-such-flag"), 2, "--no-such-flag")
        self.assert_error(run("bench", "report", "a.json", "--thresholds", "mean=x"), 2, "mean")
        self.assertIn("--output report.html", run("bench", "report", "--help").text)


if __name__ == "__main__":
    unittest.main()
