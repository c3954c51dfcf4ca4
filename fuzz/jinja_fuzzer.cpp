// Any bytes as a template, over one conversation: a text whose marks are in order, or an error of one line.
//
// An input that opens with a line "#expr" is the inside of one expression, so that the fuzzer reaches them sooner.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "chat/jinja/template.h"

namespace {

using ingot::core::jinja::Variable;

constexpr std::string_view kMessages =
    R"([{"role": "system", "content": "Be kind. <|im_end|>"}, {"role": "user", "content": "Hé \u65e5\ud83d\ude42 'x' \"y\"\n"},)"
    R"({"role": "assistant", "content": null, "tool_calls": [{"id": "abcdefghi", "type": "function", "function":)"
    R"({"name": "f", "arguments": {"a": 1, "b": [true, null, 2.5], "c": {"d": "e"}}}}]},)"
    R"({"role": "tool", "name": "f", "tool_call_id": "abcdefghi", "content": "42"}, {"role": "user", "content": "<think>z</think> bye "}])";
constexpr std::string_view kTools =
    R"([{"type": "function", "function": {"name": "f", "description": "D", "parameters": {"type": "object", "properties":)"
    R"({"a": {"type": "integer"}, "b": {"type": ["array", "null"], "items": {"type": "string"}}}, "required": ["a"]}}}])";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  using namespace ingot::core;
  std::string source(reinterpret_cast<const char*>(data), n_bytes);
  constexpr std::string_view kExpression = "#expr\n";
  if (source.starts_with(kExpression)) source = "{{ " + source.substr(kExpression.size()) + " }}";
  const auto parsed = jinja::Template::parse(source);
  Error error;
  if (parsed) {
    const std::vector<Variable> variables{{"messages", Variable::Type::kUserJson, kMessages},
                                          {"tools", Variable::Type::kUserJson, kTools},
                                          {"add_generation_prompt", Variable::Type::kBool, "1"},
                                          {"bos_token", Variable::Type::kTrusted, "<s>"},
                                          {"eos_token", Variable::Type::kTrusted, "</s>"},
                                          {"n", Variable::Type::kUserJson, "7"},
                                          {"x", Variable::Type::kUserJson, "{\"a\": [3, 1, 2], \"b\": \"text\"}"}};
    const auto rendered = parsed->render(variables, {});
    if (rendered) {
      INGOT_CHECK(is_utf8(rendered->text), "a text is UTF-8");
      size_t done = 0;
      for (const jinja::ByteSpan& span : rendered->user) {
        INGOT_CHECK(span.begin < span.end && span.begin >= done && span.end <= rendered->text.size(),
                    "marks are in order");
        done = span.end;
      }
      return 0;
    }
    error = rendered.error();
  } else {
    error = parsed.error();
  }
  INGOT_CHECK(!error.message.empty() && error.message.size() < 3000, "an error is short");
  INGOT_CHECK(is_utf8(error.message), "an error is text");
  for (const char letter : error.message) {
    const bool is_control = letter == '\x7f' || (letter >= 0 && letter < ' ');
    INGOT_CHECK(!is_control, "an error is one line, and nothing that a terminal would obey");
  }
  return 0;
}
