#!/usr/bin/env python3
"""Does a comparison of two commands keep its promises? Runs compare_commands again and again and counts.

Two identical commands compared twenty times may give at most one false verdict, and a slowdown of prefill by 5 % must
be found with --thresholds mean=3 in at least nine of ten runs. By itself on a machine that is simulated (noisy_command),
so that the result depends on no clock; with --ours on real commands:

    versus_trials.py --compare build/release/tests/bench/compare_commands \\
      --ours 'build/release/ingot bench model.gguf -p 64 -n 0 --json'

The slowdown is planted by multiplying every samples_ns that the command prints by 1.05, or prefill_ms of ingot run.
"""
import argparse
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

SLOWDOWN = 1.05
# Multiplies the times of a JSON document on standard input.
SLOWED = (
    "import json, sys\n"
    "document = json.load(sys.stdin)\n"
    "rows = document if isinstance(document, list) else document.get('results', [])\n"
    "for row in rows:\n"
    f"    row['samples_ns'] = [{SLOWDOWN} * ns for ns in row['samples_ns']]\n"
    "if not rows:\n"
    f"    document['timings']['prefill_ms'] *= {SLOWDOWN}\n"
    "json.dump(document, sys.stdout)\n")


def compare(options, ours, theirs):
    """(exit code, the verdicts of the table)"""
    finished = subprocess.run([options.compare, ours, theirs, str(options.pairs), "mean=3"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if finished.returncode not in (0, 3):
        sys.exit(f"compare_commands failed: {finished.stderr}")
    if options.verbose:
        print(finished.stdout)
    return finished.returncode, re.findall(r"\| (Ok|Improved|Regression)[^|]*\|$", finished.stdout, re.MULTILINE)


def noisy(options, folder, trial, slowdown):
    return shlex.join([options.noisy, str(folder / f"state{trial}"), str(options.seed + trial), str(options.noise),
                       str(slowdown)])


def commands(options, folder, trial, slowdown):
    if not options.ours:
        return noisy(options, folder, trial, slowdown), noisy(options, folder, trial, 1)
    slowed = f"{options.ours} | {shlex.join([sys.executable, '-c', SLOWED])}"
    return (slowed if slowdown != 1 else options.ours), options.ours


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compare", required=True, help="the program compare_commands")
    parser.add_argument("--noisy", help="the program noisy_command")
    parser.add_argument("--ours", help="a real command instead, which prints the JSON of ingot bench, ingot run or llama-bench")
    parser.add_argument("--trials", type=int, default=20, help="of identical commands; half as many with a slowdown")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--noise", type=float, default=0.03)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if bool(options.noisy) == bool(options.ours):
        parser.error("either --noisy or --ours")
    n_slowed = max(1, options.trials // 2)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        outcomes = [compare(options, *commands(options, folder, trial, 1)) for trial in range(options.trials)]
        n_false = sum(any(verdict != "Ok" for verdict in verdicts) for _, verdicts in outcomes)
        outcomes = [compare(options, *commands(options, folder, options.trials + trial, SLOWDOWN))
                    for trial in range(n_slowed)]
        n_found = sum(code == 3 for code, _ in outcomes)
    print(f"{options.trials} comparisons of identical commands: {n_false} false verdicts (at most 1 in 20)")
    print(f"{n_slowed} comparisons with prefill {SLOWDOWN} times slower: found in {n_found} (at least 9 of 10)")
    if n_false > max(1, options.trials // 20) or n_found < 0.9 * n_slowed:
        sys.exit("the promise is broken")


if __name__ == "__main__":
    main()
