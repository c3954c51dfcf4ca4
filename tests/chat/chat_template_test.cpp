#include "chat/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "chat/builtin_templates.h"
#include "chat/golden.h"
#include "tokenizer/tokenizer.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

constexpr const char* kRealTemplates[] = {"CohereForAI-c4ai-command-r7b-12-2024-tool_use",
                                          "HuggingFaceTB-SmolLM3-3B",
                                          "NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use",
                                          "Qwen-Qwen2.5-7B-Instruct",
                                          "Qwen-Qwen3-0.6B",
                                          "Qwen3-Coder",
                                          "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B",
                                          "google-gemma-2-2b-it",
                                          "ibm-granite-granite-3.3-2B-Instruct",
                                          "llama-cpp-rwkv-world",
                                          "meetkai-functionary-medium-v3.2",
                                          "meta-llama-Llama-3.1-8B-Instruct",
                                          "microsoft-Phi-3.5-mini-instruct",
                                          "mistralai-Mistral-Nemo-Instruct-2407",
                                          "openai-gpt-oss-120b"};

class RealTemplate : public ::testing::TestWithParam<const char*> {};

TEST_P(RealTemplate, EqualsJinja2) {
  const auto source = test::read_data(std::string("templates/") + GetParam() + ".jinja");
  if (!source) GTEST_SKIP() << "no data folder (INGOT_TEST_DATA or ../shared/data) with templates/";
  const auto inputs = test::read_chat_golden("conversations.json");
  const auto golden = test::read_chat_golden(std::string(GetParam()) + ".json");
  ASSERT_EQ(golden.at("cases").size(), inputs.at("cases").size());
  size_t n_texts = 0;
  for (size_t index = 0; index < golden.at("cases").size(); index++) {
    const auto& item = golden.at("cases")[index];
    const auto result = test::render(*source, inputs.at("cases")[index].at("variables").get<test::Data>(),
                                     inputs.at("now").get<std::string>());
    if (item.contains("error")) {
      EXPECT_FALSE(result) << item.at("name");
    } else {
      ASSERT_TRUE(result) << item.at("name") << ": " << result.error().message;
      EXPECT_EQ(result->text, item.at("text").get<std::string>()) << item.at("name");
      n_texts++;
    }
  }
  EXPECT_GE(n_texts, 6U);
}

std::string test_name(const ::testing::TestParamInfo<const char*>& parameter) {
  std::string name = parameter.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(All, RealTemplate, ::testing::ValuesIn(kRealTemplates), test_name);

constexpr std::string_view kMessages =
    R"([{"role": "system", "content": "S"}, {"role": "user", "content": "U"}, {"role": "assistant", "content": "A"}, {"role": "user", "content": "V"}])";

ChatTemplate built_in(std::string_view name) {
  const auto found = builtin_template(name);
  EXPECT_TRUE(found);
  auto made = ChatTemplate::parse({.main = std::string(found->source),
                                   .tool_use = {},
                                   .bos = std::string(found->bos),
                                   .eos = std::string(found->eos)});
  EXPECT_TRUE(made) << name << ": " << (made ? "" : made.error().message);
  return std::move(*made);
}

TEST(BuiltinTemplates, WriteThePublishedFormats) {
  const std::vector<std::pair<std::string, std::string>> expected{
      {"alpaca", "<s>S\n\n### Instruction:\nU\n\n### Response:\nA</s>\n\n### Instruction:\nV\n\n### Response:\n"},
      {"chatml",
       "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
       "<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n"},
      {"deepseek",
       "<｜begin▁of▁sentence｜>S<｜User｜>U<｜Assistant｜>A<｜end▁of▁sentence｜><｜User｜>V<｜Assistant｜>"},
      {"gemma",
       "<bos><start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n<start_of_turn>user\n"
       "V<end_of_turn>\n<start_of_turn>model\n"},
      {"llama2", "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST] A </s><s>[INST] V [/INST]"},
      {"llama3",
       "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_"
       "id|>"
       "\n\nU<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>user<|end_header_"
       "id|>"
       "\n\nV<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"},
      {"mistral", "<s>[INST] S\n\nU[/INST] A</s>[INST] V[/INST]"},
      {"mistral-v7", "<s>[SYSTEM_PROMPT]S[/SYSTEM_PROMPT][INST]U[/INST]A</s>[INST]V[/INST]"},
      {"phi3",
       "<|system|>\nS<|end|>\n<|user|>\nU<|end|>\n<|assistant|>\nA<|end|>\n<|user|>\nV<|end|>\n<|assistant|>\n"},
      {"rwkv-world", "System: S\n\nUser: U\n\nAssistant: A\n\nUser: V\n\nAssistant:"},
      {"vicuna", "<s>S USER: U ASSISTANT: A</s>USER: V ASSISTANT:"},
      {"zephyr", "<|system|>\nS</s>\n<|user|>\nU</s>\n<|assistant|>\nA</s>\n<|user|>\nV</s>\n<|assistant|>\n"},
  };
  for (const auto& [name, text] : expected) {
    const auto result = built_in(name).render({.messages = kMessages});
    ASSERT_TRUE(result) << name << ": " << result.error().message;
    EXPECT_EQ(result->text, text) << name;
  }
  for (const std::string_view name : builtin_template_names()) {
    EXPECT_TRUE(built_in(name).render({.messages = kMessages})) << name;
    EXPECT_TRUE(built_in(name).render({.messages = "[]"})) << name;
  }
  EXPECT_THAT(builtin_template("nosuch").error().message, HasSubstr("chatml"));
}

TEST(ChatTemplate, NamesTheBuiltInOnesWhereThereIsNone) {
  const auto none = ChatTemplate::parse({});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("--chat-template"));
  EXPECT_THAT(none.error().message, HasSubstr("rwkv-world"));
}

TEST(ChatTemplate, DefinesWhatIsGivenOnly) {
  const auto made =
      ChatTemplate::parse({.main = "{{ tools is defined }}{{ documents is defined }}{{ bos_token }}"
                                   "{{ eos_token }}{{ add_generation_prompt }}{{ x }}{{ strftime_now('%F') }}",
                           .tool_use = "tool use {{ tools | length }}",
                           .bos = "B",
                           .eos = "E"});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->render({.messages = "[]", .now = "2024-07-26"})->text, "FalseFalseBETrue2024-07-26");
  EXPECT_EQ(made->render({.messages = "[]",
                          .documents = "[]",
                          .variables = {{"x", "[1]"}},
                          .bos = "b",
                          .add_generation_prompt = false,
                          .now = "2024-07-26T10:00:00"})
                ->text,
            "FalseTruebEFalse[1]2024-07-26");
  EXPECT_EQ(made->render({.messages = "[]", .tools = "[{}]"})->text, "tool use 1");
  EXPECT_THAT(made->render({.messages = "{}"}).error().message, HasSubstr("list"));
  EXPECT_THAT(made->render({.messages = "[", .now = "2024-07-26"}).error().message, HasSubstr("messages: no JSON"));
  EXPECT_THAT(made->render({.messages = "[]", .now = "soon"}).error().message, HasSubstr("soon"));
  EXPECT_THAT(made->render({.messages = "[]", .now = "2023-02-29"}).error().message, HasSubstr("2023-02-29"));
}

}  // namespace
}  // namespace ingot::core
