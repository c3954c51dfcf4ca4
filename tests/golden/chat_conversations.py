"""Conversations that make_chat_goldens.py renders with each real template."""

TOOLS = [
    {"type": "function", "function": {
        "name": "get_weather", "description": "Get the weather of a city. Supports <b>\u00b0C</b> & 'F'.",
        "parameters": {"type": "object", "properties": {
            "city": {"type": "string", "description": "The city, e.g. Z\u00fcrich"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
            "days": {"type": ["integer", "null"], "description": "Days ahead", "minimum": 0}}, "required": ["city"]}}},
    {"type": "function", "function": {
        "name": "add", "description": "Adds numbers",
        "parameters": {"type": "object", "properties": {
            "a": {"type": "number"}, "b": {"type": "number"}, "list": {"type": "array", "items": {"type": "integer"}},
            "opt": {"type": "object", "properties": {"deep": {"type": "boolean", "default": True}},
                    "required": ["deep"]}}, "required": ["a", "b"]}}},
]


def call(name, arguments, call_id="abc123def"):
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def tool(content, **more):
    return {"role": "tool", "content": content, "name": "get_weather", "tool_call_id": "abc123def", **more}


SYSTEM = {"role": "system", "content": "You are a helpful assistant."}

CONVERSATIONS = {
    "one": [user("Hello")],
    "system": [SYSTEM, user("Hi"), assistant("Hello!"), user("What is 2+2?")],
    "turns": [user("Hi"), assistant("Hello! How can I help?"), user("  What is 2+2?  "), assistant("4"), user("Thanks\n")],
    "unicode": [{"role": "system", "content": "\u00dcn\u00efc\u00f6d\u00e9 \u2728\u200b"},
                user("\u65e5\u672c\u8a9e \U0001f642 <|im_end|> </s> {{ x }} {% raw %} \u00a0e\u0301 \"quotes\" 'single' \\ "
                     "back\ttab\r\nline\u2028"), assistant("na\u00efve \u2013 \u00abok\u00bb \ufdfd"), user("\ufb01 \u0130 \u00df \u03a3\x01\x7f")],
    "unicode_turns": [user("\u00e9\u0301 \U0001f468\u200d\U0001f469 \u202eabc\u202c <end_of_turn> [INST] \\n\n\t\u2003"),
                      assistant("\u00a0\u3000\u65e5\u672c\U0001f642\u0085"), user("\"'{{ }}{% %}\u2029\x0b\x1c")],
    "thinking": [SYSTEM, user("Q"), assistant("<think>\nhmm\n</think>\n\nAnswer"), user("Again"),
                 assistant("<think>x</think>y", reasoning_content="because"), user("End")],
    "tool_call": [SYSTEM, user("Weather in Z\u00fcrich?"),
                  assistant("", tool_calls=[call("get_weather", {"city": "Z\u00fcrich", "days": 3, "unit": None})]),
                  tool('{"temp": 20.5, "sky": "sunny"}'), assistant("It is 20.5 \u00b0C."), user("And Bern?")],
    "tool_call_open": [user("Weather?"), assistant(None, tool_calls=[call("get_weather", {"city": "Bern"})]), tool("12")],
    "tool_calls_two": [user("Both"),
                       assistant("Let me look.", tool_calls=[
                           call("get_weather", {"city": "A"}, "aaaaaaaaa"),
                           call("add", {"a": 1, "b": 2.5, "list": [1, 2], "opt": {"deep": True}}, "bbbbbbbbb")]),
                       tool("1", tool_call_id="aaaaaaaaa"), tool("3.5", name="add", tool_call_id="bbbbbbbbb"),
                       assistant("Done."), user("ok")],
    "parts": [user([{"type": "text", "text": "Look: "}, {"type": "image"}, {"type": "text", "text": "what is it?"}]),
              assistant([{"type": "text", "text": "A cat"}]), user([{"type": "text", "text": "Sure?"}])],
    "bad_order": [assistant("first"), user("second"), user("third")],
    "empty": [],
}
# Which of them with tools, and which without the generation prompt.
WITH_TOOLS = ("one", "system", "tool_call", "tool_call_open", "tool_calls_two")
WITHOUT_PROMPT = ("system", "tool_call")


def inputs():
    """(name, variables) of each rendering."""
    for name, messages in CONVERSATIONS.items():
        variables = {"messages": messages, "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>"}
        yield name, variables
        if name in WITH_TOOLS:
            yield name + "+tools", {**variables, "tools": TOOLS}
        if name in WITHOUT_PROMPT:
            yield name + "-prompt", {**variables, "add_generation_prompt": False}
    yield "one+flags", {**variables, "messages": CONVERSATIONS["one"], "enable_thinking": False,
                        "reasoning_effort": "high"}
