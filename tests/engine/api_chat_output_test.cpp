#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ingot/chat_output.h>

namespace ingot {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(ChatOutput, ParsesAWholeAnswer) {
  const auto output =
      parse_chat_output("<think>Hm.</think>Well.\n<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1}}</tool_call>",
                        {.format = "hermes"});
  ASSERT_TRUE(output);
  EXPECT_EQ(output->text, "Well.");
  EXPECT_EQ(output->reasoning, "Hm.");
  ASSERT_EQ(output->tool_calls.size(), 1u);
  EXPECT_EQ(output->tool_calls[0].name, "f");
  EXPECT_EQ(output->tool_calls[0].arguments_json, "{\"a\": 1}");
  EXPECT_FALSE(output->malformed);
}

TEST(ChatOutput, KeepsWhatCannotBeParsedAsText) {
  const std::string answer = "[TOOL_CALLS]f[ARGS]{\"a\": ]";
  const auto output = parse_chat_output(answer, {.format = "mistral"});
  ASSERT_TRUE(output);
  EXPECT_EQ(output->text, answer);
  EXPECT_TRUE(output->tool_calls.empty());
  EXPECT_TRUE(output->malformed);
  EXPECT_EQ(output->malformed_at, answer.size() - 1);
}

TEST(ChatOutput, StreamsDeltas) {
  auto parser = ChatOutputParser::create({.format = "mistral"});
  ASSERT_TRUE(parser);
  ChatOutputParser moved = std::move(*parser);
  const auto deltas = moved.push("[TOOL_CALLS]f[CALL_ID]7[ARGS]{\"a\":1}");
  ASSERT_EQ(deltas.size(), 3u);
  EXPECT_EQ(deltas[0].kind, ChatDeltaKind::kCallBegin);
  EXPECT_EQ(deltas[0].id, "7");
  EXPECT_EQ(deltas[1].text, "{\"a\":1}");
  EXPECT_EQ(deltas[2].kind, ChatDeltaKind::kCallEnd);
  EXPECT_EQ(deltas[2].id, "7");
  EXPECT_TRUE(moved.finish().empty());
  EXPECT_FALSE(moved.malformed_at());
}

TEST(ChatOutput, CollectsDeltas) {
  auto parser = ChatOutputParser::create({.format = "mistral"});
  ASSERT_TRUE(parser);
  ChatOutput output;
  append(output, parser->push("a[TOOL_CALLS]f{\"a\""));
  ASSERT_EQ(output.tool_calls.size(), 1u);
  EXPECT_EQ(output.tool_calls[0].arguments_json, "{\"a\"");
  append(output, parser->push(":1}[TOOL_CALLS]g{]"));
  append(output, parser->finish());
  ASSERT_EQ(output.tool_calls.size(), 1u) << "a call that failed is taken back";
  EXPECT_EQ(output.tool_calls[0].arguments_json, "{\"a\":1}");
  EXPECT_EQ(output.text, "a[TOOL_CALLS]g{]");
}

TEST(ChatOutput, KnowsTheFormats) {
  EXPECT_THAT(chat_output_formats(), Contains("gpt-oss"));
  EXPECT_EQ(detect_chat_output_format("… <tool_call> …"), "hermes");
  EXPECT_EQ(detect_chat_output_format(""), "plain");
  EXPECT_TRUE(opens_chat_reasoning("deepseek", "<think>\n"));
  EXPECT_FALSE(opens_chat_reasoning("nothing", "<think>\n"));
}

TEST(ChatOutput, NamesWhatIsWrongWithItsOptions) {
  const auto format = ChatOutputParser::create({.format = "herms\n"});
  ASSERT_FALSE(format);
  EXPECT_THAT(format.error().message, HasSubstr("'herms\\x0a' is not known: one of command-r, command-r7b, "));
  const auto tools = parse_chat_output("", {.tools_json = "{}"});
  ASSERT_FALSE(tools);
  EXPECT_THAT(tools.error().message, HasSubstr("JSON list"));
}

}  // namespace
}  // namespace ingot
