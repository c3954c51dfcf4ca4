#include "chat/output_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/cpu_time.h"
#include "parsed_output.h"

namespace ingot::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<OutputDelta> push(OutputParser& parser, std::string_view text) {
  std::vector<OutputDelta> deltas;
  parser.push(text, deltas);
  return deltas;
}

std::string text_of(const std::vector<OutputDelta>& deltas, OutputDeltaKind kind) {
  std::string text;
  for (const OutputDelta& delta : deltas) text += delta.kind == kind ? delta.text : "";
  return text;
}

TEST(OutputParser, HandsOnWhatIsCertain) {
  OutputParser parser = make_parser("hermes");
  EXPECT_EQ(text_of(push(parser, "a <b>"), OutputDeltaKind::kText), "a <b>");
  EXPECT_THAT(push(parser, " \n<tool"), IsEmpty()) << "space and the beginning of a marker may be markup";
  EXPECT_EQ(text_of(push(parser, "s> c"), OutputDeltaKind::kText), " \n<tools> c");
  EXPECT_THAT(push(parser, " <tool_call>{\"name\": \"f\", \"argum"), IsEmpty());

  auto deltas = push(parser, "ents\": {\"a\"");
  ASSERT_EQ(deltas.size(), 2u);
  EXPECT_EQ(deltas[0].kind, OutputDeltaKind::kCallBegin);
  EXPECT_EQ(deltas[0].name, "f");
  EXPECT_EQ(deltas[1].text, "{\"a\"");
  EXPECT_EQ(text_of(push(parser, ": [1"), OutputDeltaKind::kCallArguments), ": [1");
  deltas = push(parser, "]} } ");
  ASSERT_EQ(deltas.size(), 2u);
  EXPECT_EQ(deltas[0].text, "]}");
  EXPECT_EQ(deltas[1].kind, OutputDeltaKind::kCallEnd) << "at once, before the closing marker";
  EXPECT_THAT(push(parser, "</tool_call>"), IsEmpty());
  deltas.clear();
  parser.finish(deltas);
  EXPECT_THAT(deltas, IsEmpty());
  EXPECT_FALSE(parser.malformed_at());
}

TEST(OutputParser, TakesACallBackAsText) {
  OutputParser parser = make_parser("hermes");
  const std::string before = "Hm.\n<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": ";
  auto deltas = push(parser, before);
  ASSERT_EQ(deltas.size(), 3u);
  EXPECT_EQ(deltas[2].text, "{\"a\": ");
  deltas = push(parser, "1,x");
  ASSERT_EQ(deltas.size(), 3u);
  EXPECT_EQ(deltas[0].text, "1,") << "what fits is handed on in every case";
  EXPECT_EQ(deltas[1].kind, OutputDeltaKind::kCallFailed);
  EXPECT_EQ(deltas[2].kind, OutputDeltaKind::kText);
  EXPECT_EQ(deltas[2].text, before.substr(3) + "1,x");
  EXPECT_EQ(parser.malformed_at(), before.size() + 2);
}

TEST(OutputParser, ReportsTheFirstPlace) {
  const ParsedOutput output = parse("hermes", "ab <tool_call> x <tool_call> y");
  EXPECT_EQ(output.malformed_at, 15u);
  EXPECT_EQ(output.text, "ab <tool_call> x <tool_call> y");
  EXPECT_EQ(parse("hermes", "</think>").malformed_at, 0u);
}

TEST(OutputParser, GoesOnWithTheReasoningOfThePrompt) {
  const ParsedOutput output = parse("hermes", "\nHm.\n</think>\n\nYes.", {.in_reasoning = true});
  EXPECT_EQ(output.reasoning, "Hm.");
  EXPECT_EQ(output.text, "Yes.");
  EXPECT_FALSE(output.malformed());
  const ParsedOutput harmony =
      parse("gpt-oss", "Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.", {.in_reasoning = true});
  EXPECT_EQ(harmony.reasoning, "Hm.");
  EXPECT_EQ(harmony.text, "Yes.");
  EXPECT_EQ(parse("plain", "Hm.", {.in_reasoning = true}).text, "Hm.") << "a format without reasoning";
}

TEST(OutputParser, HoldsALimitedAmountOfSpace) {
  const std::string much(1000, '\n');
  const ParsedOutput output = parse("hermes", "a" + much + "<tool_call>{\"name\": \"f\"}</tool_call>");
  EXPECT_EQ(output.text, "a" + much) << "more than is held back is text";
  OutputParser parser = make_parser("hermes");
  EXPECT_EQ(text_of(push(parser, much), OutputDeltaKind::kText), much);
  const ParsedOutput little = parse("hermes", "a" + std::string(64, ' ') + "<tool_call>{\"name\": \"f\"}</tool_call>");
  EXPECT_EQ(little.text, "a");
}

TEST(OutputParser, BoundsACall) {
  const std::string begin = "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"";
  const std::string end = "\"}}</tool_call>";
  for (const size_t n_bytes : {size_t{900}, size_t{1100}}) {
    std::string answer = begin;
    answer.append(n_bytes, 'x').append(end);
    const ParsedOutput output = parse("hermes", answer, {.max_call_bytes = 1000});
    EXPECT_EQ(output.malformed(), n_bytes > 1000);
    EXPECT_EQ(output.text, n_bytes > 1000 ? answer : "");
    std::vector<std::string_view> bytes;
    for (size_t index = 0; index < answer.size(); ++index) bytes.push_back(std::string_view(answer).substr(index, 1));
    EXPECT_EQ(parse_pieces(make_parser("hermes", {.max_call_bytes = 1000}), bytes).malformed_at, output.malformed_at);
  }
  for (const char* format : {"hermes", "qwen3-coder", "deepseek", "mistral", "llama3", "gpt-oss", "functionary-v3.2"}) {
    const std::string space(5000, ' ');
    for (const std::string& opener :
         {std::string("<tool_call>"), std::string("<｜tool▁calls▁begin｜>"), std::string("[TOOL_CALLS]"),
          std::string("<|python_tag|>"), std::string("<tool_call><function=f><parameter=a>")}) {
      std::string answer = opener;
      answer += space;
      EXPECT_EQ(parse(format, answer, {.max_call_bytes = 100}).text, answer) << format << opener;
    }
  }
}

TEST(OutputParser, BoundsNames) {
  const std::string name(256, 'f');
  const std::string longer(257, 'f');
  EXPECT_THAT(parse("mistral", "[TOOL_CALLS]" + name + "{}").calls, ElementsAre(ParsedCall{name, "{}", ""}));
  EXPECT_TRUE(parse("mistral", "[TOOL_CALLS]" + longer + "{}").malformed());
  EXPECT_EQ(parse("hermes", "<tool_call>{\"name\":\"" + name + "\"}").calls.size(), 1u);
  EXPECT_TRUE(parse("hermes", "<tool_call>{\"name\":\"" + longer + "\"}").malformed());
  const std::string long_key =
      "<tool_call>{\"" + std::string(100000, 'k') + "\": \"" + std::string(100000, 'v') + "\", \"name\": \"f\"}";
  EXPECT_EQ(parse("hermes", long_key).calls.size(), 1u) << "a long member that means nothing";
}

TEST(OutputParser, BoundsTheDepth) {
  const std::string deep = "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": " + std::string(100000, '[');
  const ParsedOutput output = parse("hermes", deep);
  EXPECT_EQ(output.text, deep);
  EXPECT_TRUE(output.malformed());
}

TEST(OutputParser, AsksTheToolsForTheTypesOfParameters) {
  auto types = ParameterTypes::create(
      R"([{"type": "function", "function": {"name": "f", "parameters": {"properties": {"zip": {"type": "string"}}}}}])");
  ASSERT_TRUE(types);
  const std::string answer =
      "<tool_call><function=f><parameter=zip>75001</parameter><parameter=n>75001</parameter></function></tool_call>";
  EXPECT_EQ(parse("qwen3-coder", answer, {.types = *types}).calls.at(0).arguments, R"({"zip": "75001", "n": 75001})");
  EXPECT_EQ(parse("qwen3-coder", answer).calls.at(0).arguments, R"({"zip": 75001, "n": 75001})");
}

// Ten times the bytes take about ten times as long, also where everything fails again and again.
TEST(OutputParser, TakesLinearTime) {
  const std::vector<std::pair<const char*, std::string>> hostile{
      {"hermes", "<tool_call>"},
      {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"<tool_call>"},
      {"hermes", "<"},
      {"hermes", " "},
      {"hermes", " <tool_call> "},
      {"qwen3-coder", "<tool_call><function=f><parameter=a></parameter"},
      {"gpt-oss", "<|start|>assistant to="},
      {"gpt-oss", "<|channel|>"},
      {"mistral", "[TOOL_CALLS]["},
      {"deepseek", "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>"},
      {"functionary-v3.2", ">>>"},
  };
  for (const auto& [format, unit] : hostile) {
    std::string answer;
    while (answer.size() < 500'000) answer += unit;
    const double begin = thread_cpu_seconds();
    EXPECT_EQ(parse(format, answer).text.empty(), false);
    OutputParser parser = make_parser(format);
    std::vector<OutputDelta> deltas;
    for (size_t at = 0; at < 100'000; at += 4) parser.push(std::string_view(answer).substr(at, 4), deltas);
    const double took = thread_cpu_seconds() - begin;
    EXPECT_LT(took, 10) << format << ' ' << unit << ": quadratic time would take minutes";
  }
}

}  // namespace
}  // namespace ingot::core
