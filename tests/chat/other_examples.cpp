#include "examples.h"

namespace ingot::core {

namespace {

// Answers that are malformed and stay text from the first byte to the last.
std::vector<Example> all_text() {
  const std::vector<std::pair<std::string, std::string>> answers{
      {"hermes", "Write `<tool_call>` before it."},
      {"hermes", "```\n<tool_call>\nsome JSON\n</tool_call>\n```"},
      {"hermes", "<tool_call>"},
      {"hermes", "a \n<tool_call> \n"},
      {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1}"},
      {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1</tool_call>"},
      {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 01}}</tool_call>"},
      {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"line\nbreak\"}}</tool_call>"},
      {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"\xff\"}}</tool_call>"},
      {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>"},
      {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": \"[1]\"}</tool_call>"},
      {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {}, \"name\": \"g\"}</tool_call>"},
      {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {}, \"arguments\": {}}</tool_call>"},
      {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {}, \"parameters\": 1}</tool_call>"},
      {"hermes", "<tool_call>{\"name\": \"\", \"arguments\": {}}</tool_call>"},
      {"hermes", "<tool_call>{\"name\": \"a\\nb\", \"arguments\": {}}</tool_call>"},
      {"hermes", "<tool_call>{\"name\": 1, \"arguments\": {}}</tool_call>"},
      {"hermes", "<tool_call>{\"arguments\": {\"a\": 1}}</tool_call>"},
      {"hermes", "<tool_call>[{\"name\": \"f\", \"arguments\": {}}]</tool_call>"},
      {"hermes", "<tool_call>{'name': 'f'}</tool_call>"},
      {"hermes", "Thought.</think>Answer."},
      {"qwen3-coder", "<tool_call>\n<function=f>\n<parameter=a>\nb\n</function>\n</tool_call>"},
      {"qwen3-coder", "<tool_call>\n<function=f>\n<parameter=a>\nb\n</parameter>\nc</function>\n</tool_call>"},
      {"qwen3-coder", "<tool_call>\n<function=f>\n<parameter=a>\n\xff\n</parameter>\n</function>\n</tool_call>"},
      {"qwen3-coder", "<tool_call>\n<function=>\n</function>\n</tool_call>"},
      {"qwen3-coder", "<tool_call>\n<function=f>\n"},
      {"llama3", "{\"name\": \"f\", \"parameters\": {\"a\": }}"},
      {"llama3", "<|python_tag|>print(1)"},
      {"llama3", "<|python_tag|>f.call(query=1)"},
      {"llama3", "<|python_tag|>f.call(query=\"a\""},
      {"llama3", "<|python_tag|>f.call(query=\"a\" \"b\")"},
      {"mistral", "[TOOL_CALLS]f[ARGS]"},
      {"mistral", "[TOOL_CALLS]f[ARGS][1]"},
      {"mistral", "[TOOL_CALLS] f g"},
      {"mistral", "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"a\""},
      {"mistral", "Done.[/THINK]"},
      {"functionary-v3.2", "f\n{\"a\":}"},
      {"functionary-v3.1", "<function=f>print(1)</function>"},
      {"functionary-v3.1", "<function=f>{\"a\": 1"},
      {"command-r7b", "<|START_ACTION|>{\"tool_name\": \"f\"}<|END_ACTION|>"},
      {"command-r7b", "Hi<|END_RESPONSE|>"},
      {"command-r", "Action: ```json\n[{\"tool_name\": \"f\", \"parameters\": {1}}]\n```"},
      {"gpt-oss", "<|channel|>other<|message|>text"},
      {"gpt-oss", "<|channel|>commentary to=python code<|message|>print(1)"},
      {"gpt-oss", "<|channel|>commentary to=functions.f<|message|>{\"a\": 1<|call|>"},
      {"gpt-oss", "<|start|>user<|message|>Hi"},
      {"gpt-oss", "<|channel|>ana"},
      {"deepseek", "<｜tool▁calls▁begin｜>f"},
      {"deepseek", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n{\"a\": 1}<｜tool▁call▁end｜>"},
      {"deepseek", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"a\": 1"},
      {"granite", "<|tool_call|>{\"name\": \"f\", \"arguments\": {}}"},
      {"phi4-mini", "<|tool_call|>functools"},
  };
  std::vector<Example> examples;
  for (const auto& [format, answer] : answers) {
    examples.push_back({.title = "all text", .format = format, .answer = answer, .text = answer, .malformed = true});
  }
  return examples;
}

}  // namespace

const std::vector<Example>& other_examples() {
  static const std::vector<Example> kExamples = [] {
    std::vector<Example> examples = all_text();
    const std::vector<Example> mixed{
        {.title = "one brace too many",
         .format = "hermes",
         .answer = "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}}\n</tool_call>",
         .text = "}\n</tool_call>",
         .calls = {{"f", "{}", ""}},
         .malformed = true},
        {.title = "a call inside a call that failed",
         .format = "hermes",
         .answer = "<tool_call>oh <tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>",
         .text = "<tool_call>oh",
         .calls = {{"f", "{}", ""}},
         .malformed = true},
        {.title = "the next call begins where the closing marker lacks",
         .format = "hermes",
         .answer = "<tool_call>{\"name\": \"f\"}<tool_call>{\"name\": \"g\"}</tool_call>",
         .calls = {{"f", "{}", ""}, {"g", "{}", ""}},
         .malformed = true},
        {.title = "a good call after a bad one",
         .format = "hermes",
         .answer = "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": x}}</tool_call>\n<tool_call>{\"name\": "
                   "\"g\"}</tool_call>",
         .text = "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": x}}</tool_call>",
         .calls = {{"g", "{}", ""}},
         .malformed = true},
        {.title = "reasoning is no place for calls",
         .format = "hermes",
         .answer = "<think>Or <tool_call>{\"name\": \"f\"}</tool_call>?",
         .reasoning = "Or <tool_call>{\"name\": \"f\"}</tool_call>?"},
        {.title = "the second of a list",
         .format = "mistral",
         .answer = "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}}, {\"name\": \"g\", \"arguments\": {\"a\": 1]}]",
         .text = ", {\"name\": \"g\", \"arguments\": {\"a\": 1]}]",
         .calls = {{"f", "{}", ""}},
         .malformed = true},
        {.title = "a list cut behind its comma",
         .format = "mistral",
         .answer = "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}}, ",
         .text = ", ",
         .calls = {{"f", "{}", ""}},
         .malformed = true},
        {.title = "a list without its end",
         .format = "mistral",
         .answer = "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}} Hello",
         .text = "Hello",
         .calls = {{"f", "{}", ""}},
         .malformed = true},
        {.title = "code for Python",
         .format = "functionary-v3.2",
         .answer = "all\nI run it.>>>python\nprint(1)",
         .text = "I run it.>>>python\nprint(1)"},
        {.title = "space between sections belongs to the text between them",
         .format = "mistral",
         .answer = "a [TOOL_CALLS]f{} [TOOL_CALLS]g{}\n b",
         .text = "a b",
         .calls = {{"f", "{}", ""}, {"g", "{}", ""}}},
        {.title = "space behind a section only",
         .format = "mistral",
         .answer = "a[TOOL_CALLS]f{}\nb",
         .text = "a\nb",
         .calls = {{"f", "{}", ""}}},
        {.title = "a message that fails inside the reasoning",
         .format = "gpt-oss",
         .answer = "<|channel|>analysis<|message|>Is <|start|> a token?<|end|>",
         .reasoning = "Is <|start|> a token?",
         .malformed = true},
    };
    examples.insert(examples.end(), mixed.begin(), mixed.end());
    return examples;
  }();
  return kExamples;
}

}  // namespace ingot::core
