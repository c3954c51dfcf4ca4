// The public interface as a program sees it: conversations.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tiny_model.h"

namespace ingot {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Messages one after another, with a text between them.
ChatTemplate separated_by(const std::string& separator, const std::string& end = "") {
  auto parsed = ChatTemplate::parse("{% for m in messages %}{{ m.content }}{% if not loop.last %}" + end + separator +
                                    "{% endif %}{% endfor %}");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return *parsed;
}

Conversation converse(const Model& model, const std::string& separator) {
  auto created =
      Conversation::create(model, {.system = {}, .chat_template = separated_by(separator), .output_format = "plain"});
  EXPECT_TRUE(created) << created.error().message;
  return std::move(*created);
}

ReplyOptions greedy(int64_t max_tokens) {
  ReplyOptions options;
  options.generate.max_tokens = max_tokens;
  options.generate.sampling.temperature = 0;
  options.generate.ignore_end = true;
  return options;
}

std::vector<std::string> contents(const Conversation& conversation) {
  std::vector<std::string> texts;
  for (const ChatMessage& message : conversation.messages()) texts.push_back(message.role + ": " + message.content);
  return texts;
}

// A model whose template separates messages by text alone would write the separator, and then the next message.
TEST(Conversation, EndsWhereTheTemplateBeginsTheNextMessage) {
  const Model model = open_tiny();
  Conversation open = converse(model, "\n");
  open.add({.role = "user", .content = "hello"});
  const auto whole = open.reply(greedy(40));
  ASSERT_TRUE(whole) << whole.error().message;
  // Something plain that the model writes in the middle of its answer stands for a separator.
  const std::string& text = whole->output.text;
  const auto is_plain = [](char byte) {
    return byte > ' ' && byte < 0x7F && byte != '{' && byte != '%' && byte != '#';
  };
  size_t at = text.size() / 2;
  while (at + 2 < text.size() && !(is_plain(text[at]) && is_plain(text[at + 1]))) ++at;
  ASSERT_LT(at + 2, text.size()) << text;
  const std::string separator = text.substr(at, 2);
  at = text.find(separator);

  Conversation separated = converse(model, separator);
  separated.add({.role = "user", .content = "hello"});
  const auto reply = separated.reply(greedy(40));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->result.finish, Finish::kStop);
  EXPECT_EQ(reply->output.text, text.substr(0, at));
  ASSERT_EQ(separated.messages().size(), 2u);
  EXPECT_EQ(separated.messages()[1].role, "assistant");

  // Of a template that was chosen, also where a token stands between them that the model was not trained to write.
  auto ended = Conversation::create(
      model, {.chat_template = separated_by(separator, "{{ eos_token }}"), .output_format = "plain"});
  ASSERT_TRUE(ended) << ended.error().message;
  ended->add({.role = "user", .content = "hello"});
  const auto cut = ended->reply(greedy(40));
  ASSERT_TRUE(cut) << cut.error().message;
  EXPECT_EQ(cut->result.finish, Finish::kStop);
  EXPECT_EQ(cut->output.text, text.substr(0, at));
}

TEST(Conversation, CollectsWhatItStreams) {
  const Model model = open_tiny();
  Conversation conversation = converse(model, "\n");
  conversation.add({.role = "user", .content = "hello"});
  ReplyOptions options = greedy(20);
  ChatOutput streamed;
  options.on_delta = [&](const ChatDelta& delta) {
    append(streamed, {delta});
    return true;
  };
  const auto reply = conversation.reply(options);
  ASSERT_TRUE(reply);
  EXPECT_FALSE(streamed.text.empty());
  EXPECT_EQ(streamed.text, reply->output.text);

  options.on_delta = [](const ChatDelta&) { return false; };
  conversation.add({.role = "user", .content = "more"});
  const auto stopped = conversation.reply(options);
  ASSERT_TRUE(stopped);
  EXPECT_LT(stopped->result.tokens.size(), 20u);
}

TEST(Conversation, TakesMessagesBack) {
  const Model model = open_tiny();
  Conversation conversation = converse(model, "\n");
  EXPECT_FALSE(conversation.undo());
  EXPECT_FALSE(conversation.drop_reply());
  conversation.add({.role = "user", .content = "one"});
  EXPECT_FALSE(conversation.drop_reply());
  const auto first = conversation.reply(greedy(4));
  ASSERT_TRUE(first);
  EXPECT_TRUE(conversation.drop_reply());
  EXPECT_THAT(contents(conversation), ElementsAre("user: one"));
  const auto again = conversation.reply(greedy(4));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->output.text, first->output.text);
  EXPECT_EQ(again->result.n_cached_tokens, again->result.n_prompt_tokens);
  EXPECT_TRUE(conversation.undo());
  EXPECT_TRUE(conversation.messages().empty());
  conversation.clear();
  EXPECT_EQ(conversation.length(), 0);
}

TEST(Conversation, AnErrorLeavesEverythingAsItWas) {
  const Model model = open_tiny("llama.F32.gguf", {.context = 128});
  Conversation conversation = converse(model, "\n");
  EXPECT_FALSE(conversation.reply());
  conversation.add({.role = "user", .content = "one"});
  ASSERT_TRUE(conversation.reply(greedy(4)));
  const std::vector<std::string> before = contents(conversation);
  const int64_t length = conversation.length();
  conversation.add({.role = "user", .content = std::string(4000, 'x')});
  const auto reply = conversation.reply(greedy(4));
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().message, HasSubstr("128"));
  EXPECT_EQ(conversation.length(), length);
  EXPECT_TRUE(conversation.undo());
  EXPECT_EQ(contents(conversation), before);
}

// What the template sees, as the message of its error.
std::string seen_by_template(const std::string& expression, const ConversationOptions& given, ChatMessage message) {
  ConversationOptions options = given;
  auto parsed = ChatTemplate::parse("{{ raise_exception('saw ' ~ (" + expression + ")) }}");
  EXPECT_TRUE(parsed) << parsed.error().message;
  options.chat_template = *parsed;
  options.output_format = "plain";
  const Model model = open_tiny();
  auto conversation = Conversation::create(model, options);
  EXPECT_TRUE(conversation) << conversation.error().message;
  conversation->add(std::move(message));
  const auto reply = conversation->reply(greedy(1));
  EXPECT_FALSE(reply);
  return reply ? "" : reply.error().message;
}

TEST(Conversation, ShowsTheTemplateToolsAndVariables) {
  const ChatMessage hello{.role = "user", .content = "hello"};
  EXPECT_THAT(seen_by_template("tools is defined", {}, hello), HasSubstr("saw False"));
  const ConversationOptions options{
      .tools = R"([{"type": "function", "function": {"name": "look"}}])",
      .variables = {{"enable_thinking", "false"}, {"level", "\"high\""}},
  };
  EXPECT_THAT(seen_by_template("tools[0].function.name ~ enable_thinking ~ level", options, hello),
              HasSubstr("saw lookFalsehigh"));
  const ChatMessage calls{
      .role = "assistant",
      .content = "",
      .tool_calls = {{.id = "c1", .name = "look", .arguments_json = R"({"at": [1, 2]})"}, {.name = "wait"}}};
  EXPECT_THAT(
      seen_by_template("messages[0].tool_calls | tojson", {}, calls),
      HasSubstr(R"([{"type": "function", "function": {"name": "look", "arguments": {"at": [1, 2]}}, "id": "c1"},)"
                R"( {"type": "function", "function": {"name": "wait", "arguments": ""}}])"));
  const ChatMessage result{.role = "tool", .content = "7", .name = "look", .tool_call_id = "c1"};
  EXPECT_THAT(seen_by_template("messages[0].name ~ messages[0].tool_call_id", {}, result), HasSubstr("saw lookc1"));
}

TEST(Conversation, RefusesToolsAndVariablesThatAreNone) {
  const Model model = open_tiny();
  const auto refusal = [&](ConversationOptions options) {
    options.chat_template = separated_by("\n");
    const auto created = Conversation::create(model, options);
    EXPECT_FALSE(created);
    return created ? "" : created.error().message;
  };
  EXPECT_THAT(refusal({.tools = "{}"}), HasSubstr("list"));
  EXPECT_THAT(refusal({.tools = "[1"}), HasSubstr("JSON"));
  EXPECT_THAT(refusal({.variables = {{"level", "high"}}}), AllOf(HasSubstr("level"), HasSubstr("high is no JSON")));
}

TEST(Conversation, KeepsCallsAndTheirResultsInItsFile) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "ingot-calls";
  std::filesystem::create_directories(folder);
  const std::string path = folder / "talk.json";
  const Model model = open_tiny();
  Conversation conversation = converse(model, "\n");
  conversation.add({.role = "user", .content = "what is there?"});
  conversation.add({.role = "assistant",
                    .content = "I look.",
                    .tool_calls = {{.id = "c1", .name = "look", .arguments_json = R"({"at":[1,2]})"},
                                   {.name = "cut", .arguments_json = R"({"at": )"}}});
  conversation.add({.role = "tool", .content = "a wall", .name = "look", .tool_call_id = "c1"});
  ASSERT_TRUE(conversation.save(path));
  Conversation later = converse(model, "\n");
  ASSERT_TRUE(later.load(path));
  EXPECT_EQ(messages_json(later.messages()), messages_json(conversation.messages()));
  ASSERT_EQ(later.messages().size(), 3u);
  const ChatMessage& calls = later.messages()[1];
  ASSERT_EQ(calls.tool_calls.size(), 2u);
  EXPECT_EQ(calls.tool_calls[0].arguments_json, R"({"at":[1,2]})");
  EXPECT_EQ(calls.tool_calls[1].arguments_json, R"({"at": )");
  EXPECT_EQ(later.messages()[2].tool_call_id, "c1");

  for (const std::string wrong : {"1", "[1]", R"([{"function": {}}])", R"([{"function": {"name": 3}}])"}) {
    std::ofstream(path) << R"({"schema": 1, "system": "", "read": "", "messages": [{"role": "a", "content": "b",)"
                        << R"( "tool_calls": )" << wrong << "}]}";
    const auto refused = later.load(path);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_THAT(refused.error().message, HasSubstr("message 1"));
  }
  std::filesystem::remove_all(folder);
}

TEST(Conversation, IsRestoredWithWhatItHadRead) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "ingot-conversation";
  std::filesystem::create_directories(folder);
  const std::string path = folder / "talk.json";
  const Model model = open_tiny();
  Conversation conversation = converse(model, "\n");
  conversation.set_system("Be brief.");
  conversation.add({.role = "user", .content = "one"});
  ASSERT_TRUE(conversation.reply(greedy(6)));
  ASSERT_TRUE(conversation.save(path));
  conversation.add({.role = "user", .content = "two"});
  const auto expected = conversation.reply(greedy(6));
  ASSERT_TRUE(expected);

  Conversation later = converse(model, "\n");
  const auto loaded = later.load(path);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->n_messages, 2);
  EXPECT_EQ(loaded->unread_reason, "");
  EXPECT_EQ(later.system(), "Be brief.");
  later.add({.role = "user", .content = "two"});
  const auto reply = later.reply(greedy(6));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->output.text, expected->output.text);
  EXPECT_EQ(reply->result.n_cached_tokens, expected->result.n_cached_tokens);

  // Another model reads it again; what is no conversation changes nothing.
  Conversation other = converse(open_tiny("rwkv7.F32.gguf"), "\n");
  const auto unread = other.load(path);
  ASSERT_TRUE(unread);
  EXPECT_NE(unread->unread_reason, "");
  EXPECT_EQ(other.length(), 0);
  std::ofstream(folder / "other.json") << R"({"schema": 1, "system": "", "read": "", "messages": [{}]})";
  const auto refused = other.load(folder / "other.json");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("message 1 has no role and content"));
  EXPECT_EQ(other.messages().size(), 2u);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ingot
