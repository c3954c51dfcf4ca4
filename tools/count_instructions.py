#!/usr/bin/env python3
"""How many instructions does the work of a tiny model take? A regression check that needs no clock.

    count_instructions.py PROGRAM [COUNTS] [--update]

Runs PROGRAM (tests/bench/counted_work of a release build) under valgrind's callgrind for each model and each set of
kernels of COUNTS (tests/golden/instruction_counts.json), and compares what load, tokenisation, prefill, decode and
sampling take with the counts there. A count that has grown or shrunk by more than 2 % fails; --update writes what was
counted, to be committed with the change that caused it.

Counts hold for one compiler and one set of libraries, which the file names. With others the check is skipped, with exit
code 77 and the reason; likewise without valgrind, or on a processor without AVX2, where valgrind's own differs.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
COUNTS = ROOT / "tests" / "golden" / "instruction_counts.json"
MODELS = ROOT / "tests" / "golden" / "models"
# The sets that valgrind 3.19 can run: it knows no AVX-512.
KERNELS = ["avx2", "portable"]
# Plain blocks; super-blocks of several formats; experts; a sliding window and another vocabulary; a recurrent state.
CASES = ["llama.Q8_0.gguf", "llama-k.mixed.gguf", "mixtral.Q4_0.gguf", "gemma3.Q4_0.gguf", "rwkv7.Q8_0.gguf"]
# Part of a load, and as long as what the system has to tell: left out.
MACHINE_DEPENDENT = "ingot::core::query_memory_limits()"
WORK = ["load", "tokenisation", "prefill", "decode", "sampling"]
TOLERANCE_PERCENT = 2.0
SKIPPED = 77


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def built_with(program):
    return f"{output_of(program, '--built-with')}, {output_of('valgrind', '--version')}"


def require_machine():
    if shutil.which("valgrind") is None:
        skip("valgrind is not installed")
    if platform.machine() != "x86_64":
        skip(f"counts are for x86_64, this is {platform.machine()}")
    flags = re.search(r"^flags\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    if flags is None or not {"avx2", "fma", "f16c"} <= set(flags.group(1).split()):
        skip("counts are for processors with AVX2, FMA and F16C")


def read_profile(path):
    """Instructions of each counted function with all that it calls, from callgrind's file."""
    counts, called, left_out = {}, None, 0
    lines = iter(path.read_text(errors="replace").splitlines())
    for line in lines:
        if line.startswith("cfn="):
            called = line[4:]
        elif line.startswith("calls="):
            cost = int(next(lines).split()[1])  # "LINE INSTRUCTIONS"
            name = (called or "").removeprefix("counted_")
            if called == f"counted_{name}" and name in WORK:
                counts[name] = counts.get(name, 0) + cost
            elif called == MACHINE_DEPENDENT:
                left_out += cost
    if "load" in counts:
        counts["load"] -= left_out
    return counts


def count(program, kernels, model):
    with tempfile.TemporaryDirectory() as folder:
        profile = pathlib.Path(folder) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no",
                   f"--callgrind-out-file={profile}", program, model]
        # The caller's environment stays out: it lies on the stack, and holds flags of ingot. Symbols are bound at the
        # start, not in the middle of what is counted.
        environment = {"INGOT_ISA": kernels, "LD_BIND_NOW": "1", "LC_ALL": "C", "PATH": os.environ.get("PATH", "")}
        finished = subprocess.run(command, cwd=MODELS, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        if finished.returncode != 0:
            sys.exit(f"{model} with {kernels} kernels failed under valgrind:\n{finished.stderr}")
        counts = read_profile(profile)
    missing = [name for name in WORK if name not in counts]
    if missing:
        sys.exit(f"callgrind saw no {', '.join(missing)} of {model} with {kernels} kernels")
    return {name: counts[name] for name in WORK}


def changes(expected, counted):
    """(lines of the table, lines of those beyond the tolerance)"""
    table, beyond = [], []
    for kernels, models in counted.items():
        for model, counts in models.items():
            for name, now in counts.items():
                before = expected.get(kernels, {}).get(model, {}).get(name)
                what = f"{kernels:8} {model:20} {name:12}"
                if before is None:
                    beyond.append(f"{what} {now:>12,}, and no stored count")
                    continue
                percent = (now / before - 1) * 100
                line = f"{what} {before:>12,} -> {now:>12,}  {percent:+.2f} %"
                table.append(line)
                if abs(percent) > TOLERANCE_PERCENT:
                    beyond.append(line)
    return table, beyond


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("counts", type=pathlib.Path, nargs="?", default=COUNTS)
    parser.add_argument("--update", action="store_true", help="write what was counted")
    options = parser.parse_args()
    program = str(options.program.resolve())
    require_machine()
    here = built_with(program)
    stored = json.loads(options.counts.read_text()) if options.counts.exists() else {}
    if not options.update and stored.get("built_with") != here:
        skip(f"counts are for {stored.get('built_with')}; this is {here}")

    counted = {kernels: {model: count(program, kernels, model) for model in CASES} for kernels in KERNELS}
    table, beyond = changes(stored.get("counts", {}), counted)
    print("\n".join(table))
    if options.update:
        document = {"about": "Instructions of tests/bench/counted_work, by tools/count_instructions.py --update",
                    "built_with": here, "counts": counted}
        options.counts.write_text(json.dumps(document, indent=2) + "\n")
        print(f"\nwritten to {options.counts}")
    elif beyond:
        print(f"\nmore than {TOLERANCE_PERCENT:g} % from the stored count:\n  " + "\n  ".join(beyond))
        print("\nIf the change is meant, say in its commit why, and commit the new counts with it:\n"
              f"  tools/count_instructions.py {os.path.relpath(program, ROOT)} --update")
        sys.exit(1)


if __name__ == "__main__":
    main()
