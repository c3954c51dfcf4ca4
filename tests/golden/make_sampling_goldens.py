#!/usr/bin/env python3
"""Make tests/golden/sampling/: real logits, and what the samplers of tests/reference/sampling.py make of them.

    ingot perplexity SmolLM2-135M-Instruct.Q4_1.gguf -f TEXT -c 56 --windows 1 --save-logits logits.npy
    python tests/golden/make_sampling_goldens.py logits.npy

Of each of six positions the 2000 best logits and 2000 others are kept, shuffled, as float32: the shape of a real
distribution in 96 kB. The text is a short dialogue; any would do.
"""
import json
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT.parent / "reference"))
import sampling  # noqa: E402

N_POSITIONS, N_BEST, N_VOCAB = 6, 2000, 4000
PIECES = ["a", "b", "cd", ":", "e\n", "f", "gh", "i", '"j', "k l"]
HISTORY = [5, 6, 7, 15, 16, 3, 5, 6, 7, 26, 27, 5, 6, 7, 15, 0, 1, 2, 15, 26, 5, 6, 7]


def text_of(token):
    return PIECES[token % len(PIECES)]


def cases():
    off = dict(top_k=0, top_p=1.0, min_p=0.0, temperature=1.0)
    yield {}
    yield off
    for name, values in [("temperature", [0.1, 1.7]), ("top_k", [1, 40, 500, 100000]), ("top_p", [0.0, 0.3, 0.9, 0.99]),
                         ("min_p", [0.02, 0.3, 1.0]), ("typical_p", [0.0, 0.2, 0.7, 0.95]),
                         ("top_n_sigma", [0.5, 1.0, 2.5])]:
        for value in values:
            yield {**off, name: value}
    for threshold in [0.0, 0.02, 0.1, 0.4]:
        yield {**off, "xtc_probability": 1.0, "xtc_threshold": threshold}
    for spread, exponent in [(0.3, 1.0), (0.5, 2.0), (2.0, 0.5)]:
        yield {**off, "temperature": 0.8, "dynatemp_range": spread, "dynatemp_exponent": exponent}
    yield {**off, "repeat": 1.3, "frequency": 0.4, "presence": 0.7}
    yield {**off, "repeat": 0.8, "last_n": 5}
    yield {**off, "presence": 2.0, "last_n": -1}
    yield {**off, "dry_multiplier": 0.8}
    yield {**off, "dry_multiplier": 1.5, "dry_base": 2.0, "dry_allowed_length": 1, "dry_last_n": 14}
    yield {**off, "dry_multiplier": 1.0, "dry_allowed_length": 0}
    for version in (1, 2):
        yield {**off, "mirostat": version}
        yield {**off, "mirostat": version, "tau": 2.0, "eta": 0.3, "temperature": 0.7}
    # The order matters.
    yield {"samplers": ["temperature", "top_p"], "temperature": 2.0, "top_p": 0.8}
    yield {"samplers": ["top_p", "temperature"], "temperature": 2.0, "top_p": 0.8}
    yield {"samplers": ["top_k", "penalties", "dry", "xtc"], "presence": 1.0, "dry_multiplier": 1.0, "xtc_probability": 1.0}
    yield {"repeat": 1.1, "dry_multiplier": 0.8, "top_n_sigma": 2.0, "typical_p": 0.95, "xtc_probability": 0.5,
           "dynatemp_range": 0.2}


def expected(logits, params):
    drawer = sampling.Drawer(N_VOCAB, text_of, seed=1, **params)
    probabilities = drawer.distribution(logits, HISTORY)
    best = sampling.ranked(np.log(np.maximum(probabilities, 1e-300)))
    n_kept = int((probabilities > 0).sum())
    shown = best[: min(n_kept, 40 if not params else 10)]
    return {"n": n_kept, "id_sum": int(np.flatnonzero(probabilities).sum()),
            "best": [[int(token), float(f"{probabilities[token]:.9g}")] for token in shown]}


def drawn(logits, params):
    """Tokens of 30 draws over all positions in turn, each appended to the history."""
    drawer = sampling.Drawer(N_VOCAB, text_of, seed=2026, **params)
    history = list(HISTORY)
    for step in range(30):
        history.append(drawer.draw(logits[step % N_POSITIONS], history))
    return history[len(HISTORY):]


def main():
    all_logits = np.load(sys.argv[1])
    random = np.random.default_rng(1)
    rows = []
    for row in all_logits[np.linspace(0, len(all_logits) - 1, N_POSITIONS).astype(int)]:
        order = np.argsort(-row, kind="stable")
        ids = np.concatenate([order[:N_BEST], random.choice(order[N_BEST:], N_VOCAB - N_BEST, replace=False)])
        rows.append(row[random.permutation(ids)])
    logits = np.stack(rows).astype("<f4")
    folder = ROOT / "sampling"
    logits.tofile(folder / "logits.bin")
    document = {
        "about": "by make_sampling_goldens.py; logits.bin: float32, positions x vocabulary",
        "positions": N_POSITIONS, "vocabulary": N_VOCAB, "pieces": PIECES, "history": HISTORY,
        "cases": [{"params": params, "expected": [expected(row, params) for row in logits], "drawn": drawn(logits, params)}
                  for params in cases()],
    }
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in document.pop("cases"))
    head = "".join(f'"{key}": {json.dumps(value)},\n' for key, value in document.items())
    (folder / "cases.json").write_text(f'{{{head}"cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
