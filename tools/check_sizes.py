#!/usr/bin/env python3
"""Refuse source files above 800 lines, report those above 500, and refuse names that say nothing.

A file of tables that a script or another document defines opens with a line that contains "Generated" and is apart.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EMPTY_NAMES = re.compile(r"(^|_)(utils?|common|helpers?|misc|manager)(_|$)")


def main():
    faults = []
    listing = subprocess.run(["git", "ls-files", "*.cpp", "*.h", "*.inc", "*.py", "*.sh"], cwd=ROOT, check=True,
                             capture_output=True, text=True)
    for name in listing.stdout.split():
        path = ROOT / name
        if not path.is_file():
            continue
        if EMPTY_NAMES.search(path.stem):
            faults.append(f"{name}: a file is named after what it holds")
        lines = path.read_text().splitlines()
        if any("Generated" in line for line in lines[:5]):
            continue
        if len(lines) > 800:
            faults.append(f"{name}: {len(lines)} lines, at most 800")
        elif len(lines) > 500:
            print(f"{name}: {len(lines)} lines, look twice", file=sys.stderr)
    print("\n".join(faults), end="\n" if faults else "")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
