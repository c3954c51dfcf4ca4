#!/usr/bin/env python3
"""Makes tests/golden/chat: what jinja2 makes of templates, for tests/chat.

    pip install jinja2==3.1.6 && tests/golden/make_chat_goldens.py [FOLDER_OF_TEMPLATES]

snippets.json   the small templates of chat_snippets.py with one set of data
NAME.json       the conversations of chat_conversations.py in the template NAME.jinja of the folder, which is not part of
                the repository: the test reads the template where it is and skips it elsewhere

The environment is Hugging Face's (transformers, utils/chat_template_utils.py). Where jinja2 raises, the golden says
"error": true, and ingot must fail as well.
"""

import datetime
import json
import pathlib
import re
import sys

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

import chat_conversations
import chat_snippets

OUT = pathlib.Path(__file__).parent / "chat"
NOW = "2024-07-26T14:05:09"


class Generation(Extension):
    """{% generation %} ... {% endgeneration %}: a call block that prints what is in it."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_print"), [], [], body).set_lineno(line)

    def _print(self, caller):
        return caller()


def environment():
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda form: datetime.datetime.fromisoformat(NOW).strftime(form)
    return made


def rendered(source, variables):
    try:
        text = environment().from_string(source).render(**variables)
        text.encode()
        return {"text": text}
    except Exception:  # whatever Python raises
        return {"error": True}


def write(name, golden):
    (OUT / name).write_text(json.dumps(golden, indent=0, ensure_ascii=True) + "\n")


def all_snippets():
    for snippet in chat_snippets.snippets():
        yield snippet
        if "{%" not in snippet:
            yield from re.findall(r"\{\{[^{}]*\}\}", snippet)


def main():
    OUT.mkdir(exist_ok=True)
    snippets = dict.fromkeys(all_snippets())
    write("snippets.json", {
        # As text: no JSON library in between may touch its numbers.
        "data": {name: json.dumps(value) for name, value in chat_snippets.DATA.items()}, "now": NOW,
        "cases": [{"template": text, **rendered(text, chat_snippets.DATA)} for text in snippets]})
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.jinja")) if len(sys.argv) > 1 else []:
        source = path.read_bytes().decode()
        cases = [{"name": name, **rendered(source, variables)} for name, variables in chat_conversations.inputs()]
        write(path.stem + ".json", {"cases": cases})
    write("conversations.json", {"now": NOW, "cases": [
        {"name": name, "variables": {key: json.dumps(value) for key, value in variables.items()}}
        for name, variables in chat_conversations.inputs()]})


if __name__ == "__main__":
    main()
