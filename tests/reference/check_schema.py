#!/usr/bin/env python3
"""Hold constrained output to independent validators of JSON Schema and to JSON-Schema-Test-Suite.

    python tests/reference/check_schema.py DRIVER --suite FOLDER [--vocabulary FILE.gguf] [--samples N]

DRIVER is build/release/tests/sampling/constraint_driver; FOLDER is tests/draft2020-12 of a checkout of
https://github.com/json-schema-org/JSON-Schema-Test-Suite. Needs the package jsonschema[format] of PyPI.

1. Every schema of the suite is compiled. It is either refused by name, or each of its instances, written in the order
   of keys and the form that we generate, has to be accepted exactly if the suite calls it valid.
2. With --vocabulary: for every schema that compiles, the suite's and those of schemas.json here, random tokens make
   documents; each has to be valid for jsonschema.
"""
import argparse
import decimal
import json
import pathlib
import re
import subprocess
import sys


# Where "format" is only an annotation the suite calls everything valid; we hold texts to it.
ANNOTATION_ONLY = {"format.json"}
CONTROL = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


class Driver:
    def __init__(self, program, vocabulary=None):
        self.process = subprocess.Popen([program] + ([vocabulary] if vocabulary else []), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def text_of(value, order):
    """As we write it: keys in the schema's order, then the others; numbers without exponent, whole ones as integers."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, (int, float)):
        number = decimal.Decimal(repr(value))
        return str(int(number)) if number == number.to_integral_value() else format(number, "f")
    if isinstance(value, str):
        return '"' + "".join(CONTROL.get(c) or ("\\u%04x" % ord(c) if ord(c) < 32 else c) for c in value) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(text_of(item, order) for item in value) + "]"
    keys = sorted(value, key=lambda key: order.index(key) if key in order else len(order))
    return "{" + ", ".join(text_of(key, order) + ": " + text_of(value[key], order) for key in keys) + "}"


def names_of(schema):
    """Every name that a schema declares, properties first where they stand, then what is required."""
    names = []

    def walk(node):
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "properties" and isinstance(value, dict):
                    names.extend(name for name in value if name not in names)
                if key in ("const", "enum"):
                    written_order(value)
                walk(value)
        elif isinstance(node, list):
            for item in node:
                walk(item)

    def written_order(value):
        if isinstance(value, dict):
            names.extend(name for name in value if name not in names)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
            written_order(inner)

    def required(node):
        if isinstance(node, dict):
            if isinstance(node.get("required"), list):
                names.extend(name for name in node["required"] if name not in names)
            for value in node.values():
                required(value)
        elif isinstance(node, list):
            for item in node:
                required(item)

    walk(schema)
    required(schema)
    return names


def of_our_form(name, value):
    """Leap seconds, quoted names and addresses in brackets are valid and never written (docs/constrained_output.md)."""
    if not isinstance(value, str):
        return True
    if name in ("time.json", "date-time.json"):
        return not re.search(r"\d\d:\d\d:60", value)
    return name != "email.json" or not re.search(r'"|@\[', value)


def python_can(schema):
    """Python's regular expressions are not quite ECMA-262's."""
    if isinstance(schema, dict):
        patterns = [schema.get("pattern")] + list(schema.get("patternProperties", {}))
        for pattern in patterns:
            try:
                re.compile(pattern if isinstance(pattern, str) else "")
            except re.error:
                return False
        return all(python_can(value) for value in schema.values())
    return not isinstance(schema, list) or all(python_can(item) for item in schema)


def has_lone_surrogate(value):
    return any(0xD800 <= ord(c) <= 0xDFFF for c in json.dumps(value, ensure_ascii=False))


def check_suite(driver, folder, verbose):
    supported = refused = right = not_written = 0
    wrong, reasons, compiled = [], {}, []
    for path in sorted(folder.rglob("*.json")):
        if path.name in ANNOTATION_ONLY:
            continue
        for group in json.loads(path.read_text()):
            schema, order = group["schema"], names_of(group["schema"])
            answer = driver.ask(schema=json.dumps(schema), accept=[])
            if "error" in answer:
                # A schema that no text satisfies is refused too: right if no instance is valid.
                nothing = "matches no finite text" in answer["error"]
                if answer["kind"] != "unsupported" and not (nothing and not any(t["valid"] for t in group["tests"])):
                    reasons.setdefault("INVALID " + answer["error"], []).append(f"{path.name}: {group['description']}")
                refused += 1
                reason = re.sub(r"^#[^:]*: ", "", answer["error"])
                reasons.setdefault(reason, []).append(f"{path.name}: {group['description']}")
                continue
            supported += 1
            compiled.append((f"{path.name}: {group['description']}", schema))
            tests = [test for test in group["tests"] if not has_lone_surrogate(test["data"])]
            not_written += sum(test["valid"] and not of_our_form(path.name, test["data"]) for test in tests)
            tests = [test for test in tests if not test["valid"] or of_our_form(path.name, test["data"])]
            answer = driver.ask(schema=json.dumps(schema), accept=[text_of(t["data"], order) for t in tests])
            for test, accepted in zip(tests, answer["accepted"]):
                if accepted == test["valid"]:
                    right += 1
                else:
                    wrong.append((path.name, group["description"], test["description"], test["data"], accepted))
    print(f"suite: {supported} schemas supported, {refused} refused, {right} instances right, {len(wrong)} wrong, "
          f"{not_written} valid ones of a form that is never written")
    for line in wrong:
        print("  wrong:", *line)
    for reason, where in sorted(reasons.items(), key=lambda item: -len(item[1])):
        if verbose or reason.startswith("INVALID"):
            print(f"  refused {len(where)}: {reason} ({where[0]})")
    return wrong, compiled


def check_samples(driver, schemas, n_samples):
    import jsonschema  # only here: the suite needs no package

    n_valid, faults, n_stuck = 0, [], 0
    # Python's \\W and \\s are not ECMA-262's, which that file is about.
    schemas = [(name, schema) for name, schema in schemas if python_can(schema) and not name.startswith("ecmascript")]
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    for seed, (name, schema) in enumerate(schemas):
        validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
        answer = driver.ask(schema=json.dumps(schema), sample=n_samples, seed=seed, tokens=40)
        if "error" in answer:
            faults.append((name, answer["error"], ""))
            continue
        n_stuck += len(answer["stuck"])
        for stuck in answer["stuck"]:
            if not stuck.startswith("unfinished"):
                faults.append((name, stuck, ""))
        for text in answer["samples"]:
            try:
                error = jsonschema.exceptions.best_match(validator.iter_errors(json.loads(text)))
            except (ValueError, RecursionError) as caught:
                error = caught
            if error is None:
                n_valid += 1
            else:
                faults.append((name, str(error).splitlines()[0], text))
    print(f"samples: {n_valid} documents of {len(schemas)} schemas valid, {len(faults)} not, {n_stuck} unfinished")
    for fault in faults[:40]:
        print("  fault:", *fault)
    return faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--suite", type=pathlib.Path)
    parser.add_argument("--vocabulary")
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    driver = Driver(args.driver, args.vocabulary)
    own = pathlib.Path(__file__).parent / "schemas.json"
    schemas = list(json.loads(own.read_text()).items())
    faults = []
    if args.suite:
        faults, compiled = check_suite(driver, args.suite, args.verbose)
        schemas += compiled
    if args.vocabulary:
        faults = faults + check_samples(driver, schemas, args.samples)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
