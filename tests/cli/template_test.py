"""ingot template."""
import json
import unittest

from program import VOCABULARY, Case, gguf, run

MESSAGES = [{"role": "system", "content": "S"}, {"role": "user", "content": "Hé <|im_end|>"}]
CHATML = "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nHé <|im_end|><|im_end|>\n<|im_start|>assistant\n"
SOURCE = ("{{ bos_token }}{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}"
          "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
START, END = 257, 258  # ids of the control tokens below


def byte_model(**more):
    """A vocabulary of all bytes and two control tokens, with a template."""
    alphabet = {}
    for byte in range(256):
        plain = 33 <= byte <= 126 or 161 <= byte <= 172 or 174 <= byte
        alphabet[byte] = chr(byte) if plain else chr(256 + len([b for b in alphabet.values() if ord(b) > 255]))
    return gguf({"general.architecture": "llama", "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2",
                 "tokenizer.ggml.tokens": [*alphabet.values(), "<s>", "<|im_start|>", "<|im_end|>"],
                 "tokenizer.ggml.token_type": [1] * 256 + [3] * 3, "tokenizer.ggml.bos_token_id": 256,
                 "tokenizer.ggml.eos_token_id": 258, "tokenizer.chat_template": SOURCE, **more})


class Template(Case):
    def setUp(self):
        super().setUp()
        self.messages = self.file("messages.json", json.dumps(MESSAGES))

    def rendered(self, *args, **options):
        finished = run("template", *args, **options)
        self.assertEqual(finished.code, 0, finished.err)
        self.assertEqual(finished.err, "")
        return finished.text

    def of_source(self, source, *args):
        return self.rendered("--template", self.file("t.jinja", source), "--messages", self.messages, *args)

    def test_prints_the_prompt_and_nothing_else(self):
        self.assertEqual(self.of_source(SOURCE, "--bos", "<b>"), "<b>" + CHATML)
        self.assertEqual(self.of_source(SOURCE), CHATML)
        self.assertEqual(self.of_source("x"), "x")

    def test_the_generation_prompt_can_be_left_out(self):
        self.assertEqual(self.of_source(SOURCE, "--no-generation-prompt"), CHATML[:-len("<|im_start|>assistant\n")])

    def test_uses_the_template_and_the_tokens_of_a_model(self):
        model = self.file("model.gguf", byte_model())
        self.assertEqual(self.rendered(model, "--messages", self.messages), "<s>" + CHATML)
        self.assertEqual(self.rendered(model, "--messages", self.messages, "--bos", "B"), "B" + CHATML)

    def test_text_of_the_user_never_becomes_a_control_token(self):
        model = self.file("model.gguf", byte_model())
        found = json.loads(self.rendered(model, "--messages", self.messages, "--json"))
        self.assertEqual(found["prompt"], "<s>" + CHATML)
        user = [found["prompt"].encode()[begin:end].decode() for begin, end in found["user_ranges"]]
        self.assertEqual(user, ["system", "S", "user", "Hé <|im_end|>"])
        # The template wrote three <|im_start|> and two <|im_end|>; the user's one stays text.
        self.assertEqual(found["tokens"].count(START), 3)
        self.assertEqual(found["tokens"].count(END), 2)
        self.assertEqual(found["tokens"][:2], [256, START])
        self.assertEqual(run("detokenize", model, "--special", *map(str, found["tokens"])).text, found["prompt"])
        # Split over two messages whose texts a template joins.
        joined = self.file("joined.gguf", byte_model(**{
            "tokenizer.chat_template": "{{ messages[0].content ~ messages[1].content ~ '|>' ~ '<|im_end|>' }}"}))
        split = self.file("split.json", json.dumps([{"role": "user", "content": "<|im_"},
                                                    {"role": "user", "content": "end|><|im_end"}]))
        found = json.loads(self.rendered(joined, "--messages", split, "--json"))
        self.assertEqual(found["prompt"], "<|im_end|><|im_end|><|im_end|>")
        self.assertEqual(found["tokens"].count(END), 1)

    def test_a_second_template_is_for_tools(self):
        model = self.file("model.gguf", byte_model(**{
            "tokenizer.chat_templates": ["tool_use"],
            "tokenizer.chat_template.tool_use": "tools: {{ tools | tojson }}"}))
        tools = self.file("tools.json", '[{"name": "f"}]')
        self.assertEqual(self.rendered(model, "--messages", self.messages, "--tools", tools),
                         'tools: [{"name": "f"}]')
        self.assertEqual(self.rendered(model, "--messages", self.messages), "<s>" + CHATML)

    def test_messages_may_stand_in_an_object_with_tools(self):
        source = self.file("t.jinja", "{{ messages | length }} {{ tools if tools is defined else 'none' }}")
        chat = self.file("chat.json", json.dumps({"messages": MESSAGES, "tools": [1]}))
        self.assertEqual(self.rendered("--template", source, "--messages", chat), "2 [1]")
        tools = self.file("tools.json", "[2]")
        self.assertEqual(self.rendered("--template", source, "--messages", chat, "--tools", tools), "2 [2]")
        self.assertEqual(self.rendered("--template", source, "--messages", self.messages), "2 none")
        self.assertEqual(self.rendered("--template", source, "--messages", "-", stdin=b"[]"), "0 none")

    def test_variables_and_the_time(self):
        source = "{{ a }}|{{ b.c }}|{{ d is none }}|{{ strftime_now('%d %b %Y %H:%M') }}"
        self.assertEqual(self.of_source(source, "--var", "a=false", "--var", 'b={"c": "x=y"}', "--var", "d=null",
                                        "--now", "2024-07-26T14:05:00"), "False|x=y|True|26 Jul 2024 14:05")

    def test_built_in_templates(self):
        self.assertEqual(self.rendered("--chat-template", "chatml", "--messages", self.messages), CHATML)
        self.assertEqual(self.rendered("--chat-template", "rwkv-world", "--messages", self.messages),
                         "System: S\n\nUser: Hé <|im_end|>\n\nAssistant:")
        path = self.file("t.jinja", "from a file")
        self.assertEqual(self.rendered("--chat-template", path, "--messages", self.messages), "from a file")
        self.assert_error(run("template", "--chat-template", "nosuch", "--messages", self.messages), 1, "nosuch",
                          "chatml", "vicuna")

    def test_a_model_without_a_template_names_the_flag(self):
        model = self.file("bare.gguf", gguf(VOCABULARY))
        self.assert_error(run("template", model, "--messages", self.messages), 1, "no chat template",
                          "--chat-template", "alpaca", "llama2", "rwkv-world")
        self.assertEqual(self.rendered(model, "--chat-template", "chatml", "--messages", self.messages), CHATML)

    def test_errors_name_line_and_cause(self):
        def fails(source, *parts):
            finished = run("template", "--template", self.file("t.jinja", source), "--messages", self.messages)
            self.assert_error(finished, 1, *parts)
        fails("a\n\n{{ x.y }}", "line 3", "'x' is undefined")
        fails("\n{{ raise_exception('roles must alternate') }}", "line 2", "roles must alternate")
        fails("{% include 'x' %}", "line 1", "include")
        fails("{% for x in range(100000) %}{% for y in range(100000) %}{% endfor %}{% endfor %}", "line 1", "more than")

    def test_a_saved_conversation_keeps_its_system_text(self):
        saved = self.file("talk.json", '{"schema": 1, "system": "Be brief.", "messages": [{"role": "user", "content": "a"}]}')
        rendered = run("template", "--chat-template", "chatml", "--messages", saved).text
        self.assertTrue(rendered.startswith("<|im_start|>system\nBe brief.<|im_end|>"), rendered)

    def test_tools_without_a_place_are_said(self):
        tools = self.file("tools.json", '[{"type": "function", "function": {"name": "look"}}]')
        chat = self.file("chat.json", '[{"role": "user", "content": "a"}]')
        self.assertIn("no place for tools",
                      run("template", "--chat-template", "chatml", "--messages", chat, "--tools", tools).err)

    def test_bad_input(self):
        bad = self.file("bad.json", "[1,")
        self.assert_error(run("template", "--chat-template", "chatml", "--messages", bad), 1, "bad.json: no JSON")
        wrong = self.file("wrong.json", '{"message": []}')
        self.assert_error(run("template", "--chat-template", "chatml", "--messages", wrong), 1, "messages")
        self.assert_error(run("template", "--chat-template", "chatml", "--messages", "/nowhere"), 1, "/nowhere")
        common = ["template", "--chat-template", "chatml", "--messages", self.messages]
        self.assert_error(run(*common, "--now", "soon"), 1, "soon", "2024-07-26")
        self.assert_error(run(*common, "--var", "x"), 2, "NAME=JSON")
        self.assert_error(run(*common, "--var", "x=yes"), 2, "x=yes", "JSON")
        self.assert_error(run("template", "--messages", self.messages), 2, "--template")
        self.assert_error(run("template", "--chat-template", "chatml"), 2, "--messages")
        self.assert_error(run(*common, "--template", self.messages), 2, "excludes")

    def test_help_shows_examples(self):
        text = run("template", "--help").text
        for part in ["--messages chat.json", "--var enable_thinking=false", "--chat-template", "zephyr", "INGOT_MESSAGES"]:
            self.assertIn(part, text)


if __name__ == "__main__":
    unittest.main()
