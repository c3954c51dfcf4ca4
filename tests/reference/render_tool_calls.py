"""What real chat templates make of assistant messages with tool calls: tests/golden/chat_output/rendered.json.

    python tests/reference/render_tool_calls.py TEMPLATES

TEMPLATES is the folder with the templates as their models publish them (shared/data/templates of the development
data). Each is rendered by jinja2, set up as transformers sets it up, with messages of its own kind; the text between
the assistant's header and the end of its turn is what the model would have to write for the same message, so that a
parser of it must give the message back. Needs jinja2 (3.1).
"""
import json
import pathlib
import sys

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "chat_output" / "rendered.json"


def tool(name, properties):
    return {"type": "function", "function": {
        "name": name, "description": "A tool.",
        "parameters": {"type": "object", "properties": properties, "required": list(properties)}}}


TOOLS = [
    tool("get_weather", {"city": {"type": "string", "description": "Where"},
                         "days": {"type": "integer", "description": "How many"}}),
    tool("note", {"text": {"type": "string", "description": "What"}, "zip": {"type": "string", "description": "Code"}}),
    tool("draw", {"shape": {"type": "object", "description": "What"}, "tags": {"type": "array", "description": "Tags"},
                  "fill": {"type": "boolean", "description": "Whether"}}),
    tool("now", {}),
]

# Calls as (name, arguments), with arguments that only formats of JSON can tell apart marked as such.
CALLS = {
    "plain": [("get_weather", {"city": "Paris", "days": 3})],
    "unicode": [("get_weather", {"city": "東京 \u2028 – Köln 🎉 é", "days": -1})],
    "escapes": [("note", {"text": 'say "hi" \\ and\n\tgo </think> {"a": [1}', "zip": "007"})],
    "strings like numbers": [("note", {"text": "true", "zip": "75001"})],
    "line breaks": [("note", {"text": "\nfirst\n\nlast\n", "zip": "\n"})],
    "nested": [("draw", {"shape": {"kind": "box", "at": [[0, 0.5], {"x": None}], "": {}}, "tags": ["a", "b", []],
                         "fill": True})],
    "no arguments": [("now", {})],
    "parallel": [("get_weather", {"city": "Paris", "days": 1}), ("now", {}), ("note", {"text": "ok", "zip": ""})],
}
MARKERS = [("note", {"text": "<tool_call></tool_call>[TOOL_CALLS]<|END_ACTION|>```<｜tool▁call▁end｜>>>>all", "zip": "1"})]
BUILT_IN = [("brave_search", {"query": "Köln (today)", "mode": "a, b=c"})]
CONTENT = "Let me look that up: <b>one</b> moment."
REASONING = "The user wants {something}.\n\nSo I call a tool."

# header and end: what stands around the assistant's turn (the end may be a beginning of several tokens). one: no parallel calls; string: arguments as a JSON string.
TEMPLATES = {
    "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use": dict(format="hermes", header="<|im_start|>assistant\n", end="<|im_end|>"),
    "Qwen-Qwen2.5-7B-Instruct": dict(format="hermes", header="<|im_start|>assistant\n", end="<|im_end|>", content=True),
    "Qwen-Qwen3-0.6B": dict(format="hermes", header="<|im_start|>assistant\n", end="<|im_end|>", content=True,
                            reasoning="reasoning_content"),
    "Qwen3-Coder": dict(format="qwen3-coder", header="<|im_start|>assistant\n", end="<|im_end|>", content=True),
    "meta-llama-Llama-3.1-8B-Instruct": dict(format="llama3", header="assistant<|end_header_id|>\n\n", end="<|e",
                                             one=True),
    "mistralai-Mistral-Nemo-Instruct-2407": dict(format="mistral", header="[/INST]", end="</s>", ids=True),
    "meetkai-functionary-medium-v3.2": dict(format="functionary-v3.2", header="assistant<|end_header_id|>\n\n>>>",
                                            end="<|eot_id|>", content=True, string=True),
    "CohereForAI-c4ai-command-r7b-12-2024-tool_use": dict(
        format="command-r7b", header="<|CHATBOT_TOKEN|>", end="<|END_OF_TURN_TOKEN|>", reasoning="reasoning_content",
        numbered=True),
    "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B": dict(format="deepseek", header="<｜Assistant｜>",
                                                     end="<｜end▁of▁sentence｜>"),
    "openai-gpt-oss-120b": dict(format="gpt-oss", header="<|start|>assistant", end="", one=True, reasoning="thinking"),
}


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    env.filters["tojson"] = lambda value, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda format: "1 January 2025"
    return env


def message(traits, calls, content, reasoning):
    made = []
    for index, (name, arguments) in enumerate(calls):
        made.append({"type": "function", "id": f"call{index:05}",
                     "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)
                                  if traits.get("string") else arguments}})
    result = {"role": "assistant", "content": content, "tool_calls": made}
    if "thinking" == traits.get("reasoning"):
        del result["content"]
    if traits.get("reasoning"):
        result[traits["reasoning"]] = reasoning
    if traits["format"] == "deepseek":
        result["content"] = None  # its template would write another turn of it
    return result


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder, env, goldens = pathlib.Path(sys.argv[1]), environment(), []
    for name, traits in TEMPLATES.items():
        template = env.from_string((folder / f"{name}.jinja").read_text())
        cases = dict(CALLS)
        if traits["format"] != "functionary-v3.2":  # >>> inside a string is JSON; its end of turn is not at fault
            cases["markers"] = MARKERS
        variants = [(title, calls, "", "") for title, calls in cases.items()]
        if traits.get("content"):
            variants.append(("content", CALLS["parallel"], CONTENT, ""))
        if traits["format"] == "llama3":
            variants.append(("built-in", BUILT_IN, "", ""))
        if traits.get("reasoning"):
            variants.append(("reasoning", CALLS["plain"], "", REASONING))
        if traits.get("content") and traits.get("reasoning"):
            variants.append(("reasoning and content", CALLS["plain"], CONTENT, REASONING))
        for title, calls, content, reasoning in variants:
            if traits.get("one") and len(calls) > 1:
                continue
            messages = [{"role": "user", "content": "Hello"}, message(traits, calls, content, reasoning)]
            if traits.get("reasoning") == "thinking" and not reasoning:
                del messages[1]["thinking"]
            extra = {"builtin_tools": ["brave_search"]} if title == "built-in" else {}
            rendered = template.render(messages=messages, tools=TOOLS, **extra, bos_token="<s>", eos_token="</s>",
                                       add_generation_prompt=False, enable_thinking=True)
            start = rendered.index(traits["header"], rendered.rindex("Hello")) + len(traits["header"])
            end = rendered.rindex(traits["end"]) if traits["end"] else len(rendered)
            # The template of Command-R7B goes on with the header of the next turn.
            end = min(end, rendered.find(traits["end"], start)) if traits["format"] == "command-r7b" else end
            goldens.append({
                "template": name, "format": traits["format"], "case": title, "answer": rendered[start:end],
                "content": content, "reasoning": reasoning,
                "calls": [{"name": tool_name, "arguments": arguments,
                           "id": f"call{index:05}" if traits.get("ids") else str(index) if traits.get("numbered") else ""}
                          for index, (tool_name, arguments) in enumerate(calls)]})
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"tools": TOOLS, "goldens": goldens}, ensure_ascii=False, indent=1) + "\n")
    print(f"{len(goldens)} answers of {len(TEMPLATES)} templates")


if __name__ == "__main__":
    main()
