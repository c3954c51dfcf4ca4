#!/usr/bin/env python3
"""Hold GBNF grammars to an independent matcher: random grammars against random texts.

    python tests/reference/check_gbnf.py DRIVER [--grammars N]

The matcher here works on the tree from which the grammar's text is written: for an expression and a position it gives
the set of positions at which it can end, rules by iteration until nothing changes. DRIVER is
build/release/tests/sampling/constraint_driver.
"""
import argparse
import random
import sys

from check_schema import Driver

ALPHABET = "abé中"


def expression(rng, rules, depth):
    kind = rng.choice(["text", "class", "any", "rule", "sequence", "sequence", "choice", "repeat"] if depth else
                      ["text", "class", "rule"])
    inner = lambda: expression(rng, rules, depth - 1)
    if kind == "text":
        return ("text", "".join(rng.choices(ALPHABET, k=rng.randint(0, 2))))
    if kind == "class":
        return ("class", rng.random() < 0.3, frozenset(rng.sample(ALPHABET, rng.randint(1, 3))))
    if kind == "rule":
        return ("rule", rng.choice(rules))
    if kind in ("sequence", "choice"):
        return (kind, [inner() for _ in range(rng.randint(1, 3))])
    if kind == "repeat":
        low = rng.randint(0, 2)
        return ("repeat", inner(), low, rng.choice([None, low, low + rng.randint(0, 2)]))
    return ("any",)


def written(node):
    kind = node[0]
    if kind == "text":
        return '"' + node[1] + '"'
    if kind == "class":
        return "[" + ("^" if node[1] else "") + "".join(sorted(node[2])) + "]"
    if kind == "rule":
        return node[1]
    if kind == "sequence":
        return "(" + " ".join(map(written, node[1])) + ")"
    if kind == "choice":
        return "(" + " | ".join(map(written, node[1])) + ")"
    if kind == "repeat":
        low, high = node[2], node[3]
        mark = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((low, high))
        if mark is None:
            mark = "{%d}" % low if low == high else "{%d,%s}" % (low, "" if high is None else high)
        return "(" + written(node[1]) + ")" + mark
    return "."


class Matcher:
    def __init__(self, bodies, text):
        self.bodies, self.text, self.ends = bodies, text, {}

    def matches(self):
        before = None
        while before != self.ends:
            before = {key: set(value) for key, value in self.ends.items()}
            for name in self.bodies:
                for start in range(len(self.text) + 1):
                    self.ends.setdefault((name, start), set()).update(self.after(self.bodies[name], {start}))
        return len(self.text) in self.ends[("root", 0)]

    def after(self, node, starts):
        kind = node[0]
        if kind == "text":
            return {start + len(node[1]) for start in starts if self.text.startswith(node[1], start)}
        if kind == "any":
            return {start + 1 for start in starts if start < len(self.text)}
        if kind == "class":
            return {start + 1 for start in starts
                    if start < len(self.text) and (self.text[start] in node[2]) != node[1]}
        if kind == "rule":
            return set().union(*(self.ends.get((node[1], start), set()) for start in starts))
        if kind == "sequence":
            for part in node[1]:
                starts = self.after(part, starts)
            return starts
        if kind == "choice":
            return set().union(*(self.after(part, starts) for part in node[1]))
        for _ in range(node[2]):
            starts = self.after(node[1], starts)
        reached, count = set(starts), node[2]
        while starts and (node[3] is None or count < node[3]):
            starts = self.after(node[1], starts) - (reached if node[3] is None else set())
            reached |= starts
            count += 1
        return reached


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--grammars", type=int, default=400)
    args = parser.parse_args()
    driver, rng = Driver(args.driver), random.Random(5)
    n_right = n_matching = n_refused = 0
    for _ in range(args.grammars):
        names = ["root", "a", "b", "c"][:rng.randint(1, 4)]
        bodies = {name: expression(rng, names, 3) for name in names}
        text = "\n".join(f"{name} ::= {written(body)}" for name, body in bodies.items())
        texts = ["".join(rng.choices(ALPHABET, k=rng.randint(0, 6))) for _ in range(40)]
        answer = driver.ask(gbnf=text, accept=texts)
        if "error" in answer:
            expected = "left recursion" in answer["error"] or "no finite text" in answer["error"]
            if not expected or ("no finite text" in answer["error"]
                                and any(Matcher(bodies, sample).matches() for sample in texts)):
                sys.exit(f"refused: {answer['error']}\n{text}")
            n_refused += 1
            continue
        for sample, accepted in zip(texts, answer["accepted"]):
            if accepted != Matcher(bodies, sample).matches():
                sys.exit(f"wrong: {sample!r} is accepted: {accepted}\n{text}")
            n_right += 1
            n_matching += accepted
    print(f"{args.grammars - n_refused} grammars, {n_right} texts right, {n_matching} of them matching; "
          f"{n_refused} grammars refused for left recursion or having no finite text")


if __name__ == "__main__":
    main()
