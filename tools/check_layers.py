#!/usr/bin/env python3
"""Hold every #include under src/ to the layer table of ARCHITECTURE.md.

The table is read from the document itself, between the header row "| folder | may include |" and the next empty line,
so that the picture a reader sees is the rule that is enforced. A cell names folders, or single files of a folder.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def read_table():
    rows, inside = {}, False
    for line in (ROOT / "ARCHITECTURE.md").read_text().splitlines():
        if line.startswith("| folder | may include |"):
            inside = True
        elif inside and not line.startswith("|"):
            break
        elif inside and not line.startswith("|---"):
            folders, allowed = (cell.strip() for cell in line.strip("|").split("|"))
            for folder in folders.split(","):
                rows[folder.strip()] = [entry.strip().strip("`") for entry in allowed.split(",") if entry.strip()]
    return rows


def may_include(rows, folder, included):
    allowed = rows[folder]
    return (included.split("/")[0] == folder or "everything" in allowed or included.split("/")[0] in allowed
            or included in allowed)


def main():
    rows, faults = read_table(), []
    if not rows:
        sys.exit("check_layers: ARCHITECTURE.md holds no layer table")
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in (".h", ".cpp", ".inc"):
            continue
        relative = path.relative_to(ROOT / "src")
        folder = relative.parts[0]
        if folder not in rows:
            faults.append(f"src/{relative}: the layer table has no row for the folder {folder}")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match:
                continue
            included = match.group(1)
            if included.startswith("ingot/"):
                if folder not in ("engine", "cli", "server", "bench"):
                    faults.append(f"src/{relative}:{number}: the public header {included} is above {folder}")
            elif not (ROOT / "src" / included).is_file():
                faults.append(f"src/{relative}:{number}: {included} is not a path below src/")
            elif not may_include(rows, folder, included):
                faults.append(f"src/{relative}:{number}: {folder} may not include {included}")
    for path in sorted((ROOT / "include").rglob("*.h")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', line)
            if match and not (match.group(1) or match.group(2)).startswith("ingot/") and re.search(r"[/.]", match.group(1) or match.group(2)):
                faults.append(f"{path.relative_to(ROOT)}:{number}: a public header includes only ingot/ and the standard library")
    print("\n".join(faults), end="\n" if faults else "")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
