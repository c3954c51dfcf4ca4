// What of a tokenizer.json is taken over, and what is refused by name.
#include "convert/hf_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "convert/golden_folder.h"
#include "convert/hf_pretokenizer.h"
#include "convert/hf_vocabulary.h"
#include "tokenizer/pretokenizer_table.h"

namespace ingot::core {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kRows = 300;

class HfTokenizer : public testing::Test {
 protected:
  explicit HfTokenizer(const char* golden = "qwen2.F32.gguf", const char* class_name = "Qwen2ForCausalLM")
      : model_(hf_folder(open_golden(golden), class_name, Json::object())) {}

  // Over tokenizer.json, tokenizer_config.json or config.json, where null takes a key away.
  Status convert(const char* tokenizer = "{}", const char* settings = "{}", const char* config = "{}") {
    HfFolder model = model_;
    model.tokenizer.merge_patch(Json::parse(tokenizer));
    model.tokenizer_config.merge_patch(Json::parse(settings));
    model.config.merge_patch(Json::parse(config));
    plan_ = {};
    return add_hf_tokenizer(model.write(folder_), *JsonObject::make(model.config, "config.json"), kRows, plan_);
  }
  void expect_refused(const char* tokenizer, std::initializer_list<std::string_view> parts) {
    const Status status = convert(tokenizer);
    ASSERT_FALSE(status) << tokenizer;
    for (const std::string_view part : parts) EXPECT_THAT(status.error().message, HasSubstr(std::string(part)));
    EXPECT_EQ(status.error().message.find('\n'), std::string::npos);
  }
  std::optional<int64_t> number(const char* key) { return *plan_.metadata.get_int(key); }
  std::optional<bool> flag(const char* key) { return *plan_.metadata.get_bool(key); }
  std::optional<std::string> text(const char* key) { return *plan_.metadata.get_string(key); }

  TemporaryFolder folder_;
  HfFolder model_;
  ModelPlan plan_;
};

class HfSentencePiece : public HfTokenizer {
 protected:
  HfSentencePiece() : HfTokenizer("llama.F32.gguf", "LlamaForCausalLM") {}
};

TEST_F(HfTokenizer, FillsTheEmbeddingsRows) {
  const Status status = convert();
  ASSERT_TRUE(status) << status.error().message;
  const auto tokens = **plan_.metadata.get_strings("tokenizer.ggml.tokens");
  const auto types = **plan_.metadata.get_ints("tokenizer.ggml.token_type");
  ASSERT_EQ(tokens.size(), static_cast<size_t>(kRows));
  EXPECT_EQ(tokens[285], "<|endoftext|>");
  EXPECT_EQ(tokens[288], "[PAD288]");
  EXPECT_THAT(std::vector<int64_t>(types.begin() + 284, types.begin() + 289), ElementsAre(1, 3, 3, 3, 5));
  EXPECT_EQ(text("tokenizer.ggml.model"), "gpt2");
  EXPECT_EQ(text("tokenizer.ggml.pre"), "qwen2");
}

TEST_F(HfTokenizer, RefusesModelsAndOptionsByName) {
  expect_refused(R"({"model":{"type":"Unigram"}})", {"tokenizer.json: model: type is \"Unigram\", expected BPE"});
  expect_refused(R"({"model":null})", {"tokenizer.json: model is missing"});
  expect_refused(R"({"model":{"end_of_word_suffix":"</w>"}})", {"end_of_word_suffix"});
  expect_refused(R"({"model":{"merges":["a"]}})", {"a merge is \"a\", expected two tokens"});
  expect_refused(R"({"model":{"merges":["a b c"]}})", {"expected two tokens"});
  expect_refused(R"({"model":{"merges":["q zz"]}})", {"that the vocabulary does not have"});
  expect_refused(R"({"model":{"vocab":{"much":300}}})", {"much has the id 300, but the embedding has 300 rows"});
  expect_refused(R"({"model":{"vocab":{"two":3}}})", {"both have the id 3"});
  expect_refused(R"({"model":{"vocab":{"two":-3}}})", {"two is -3"});
  expect_refused(R"({"added_tokens":[{"id":3}]})", {"added_tokens: content is missing"});
  expect_refused(R"({"normalizer":{"type":"Lowercase"}})", {"normalizer: type is \"Lowercase\", expected NFC"});
  expect_refused(R"({"pre_tokenizer":null})", {"pre_tokenizer is missing"});
  expect_refused(R"({"post_processor":{"type":"BertProcessing"}})", {"post_processor: type is \"BertProcessing\""});
  EXPECT_TRUE(convert(R"({"normalizer":{"type":"NFC"}})"));
}

TEST_F(HfTokenizer, TakesSpecialTokensFromTheSettings) {
  ASSERT_TRUE(convert("{}", R"({"pad_token":"<|im_start|>","eos_token":"<|im_end|>"})"));
  EXPECT_EQ(number("tokenizer.ggml.bos_token_id"), 285);
  EXPECT_EQ(number("tokenizer.ggml.eos_token_id"), 287);
  EXPECT_EQ(number("tokenizer.ggml.padding_token_id"), 286);
  ASSERT_TRUE(convert("{}", R"({"bos_token":null})"));
  EXPECT_EQ(number("tokenizer.ggml.bos_token_id"), std::nullopt);
  ASSERT_TRUE(convert("{}", R"({"bos_token":"<absent>"})"));
  EXPECT_EQ(number("tokenizer.ggml.bos_token_id"), std::nullopt);
  EXPECT_THAT(plan_.notes, ElementsAre(HasSubstr("bos_token <absent> is no token")));
}

TEST_F(HfTokenizer, TakesSpecialTokensFromTheConfigWithoutSettings) {
  const char* no_settings = R"({"tokenizer_class":null,"bos_token":null,"eos_token":null})";
  ASSERT_TRUE(convert("{}", no_settings, R"({"bos_token_id":286,"eos_token_id":[287,285]})"));
  EXPECT_EQ(number("tokenizer.ggml.bos_token_id"), 286);
  EXPECT_EQ(number("tokenizer.ggml.eos_token_id"), 287);
  const Status wrong = convert("{}", no_settings, R"({"bos_token_id":300})");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("bos_token_id is 300, expected an id below 300"));
}

TEST_F(HfTokenizer, TakesOtherEndsFromTheGenerationConfig) {
  folder_.write("generation_config.json", R"({"eos_token_id":[285,287,286]})");
  ASSERT_TRUE(convert());
  EXPECT_EQ(number("tokenizer.ggml.eot_token_id"), 287);
  EXPECT_THAT(plan_.notes, ElementsAre(HasSubstr("ends at 286 (<|im_start|>) too")));
  folder_.write("generation_config.json", R"({"eos_token_id":[999]})");
  EXPECT_FALSE(convert());
}

TEST_F(HfTokenizer, LeavesOutAddedTokensWithoutARow) {
  ASSERT_TRUE(convert(R"({"added_tokens":[{"id":285,"content":"<|endoftext|>","special":true},
                                          {"id":300,"content":"<image>","special":true}]})",
                      R"({"eos_token":"<|endoftext|>"})"));
  EXPECT_THAT(plan_.notes, ElementsAre(HasSubstr("no row for the added token <image>")));
}

TEST_F(HfTokenizer, FindsOutWhatATextGets) {
  constexpr const char* kTemplate = R"({"post_processor":{"type":"Sequence","processors":[{"type":"ByteLevel"},
      {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|endoftext|>","type_id":0}},
                                             {"Sequence":{"id":"A","type_id":0}}]}]}})";
  ASSERT_TRUE(convert(kTemplate, R"({"add_bos_token":null})"));
  EXPECT_EQ(flag("tokenizer.ggml.add_bos_token"), true);
  EXPECT_EQ(flag("tokenizer.ggml.add_eos_token"), false);
  ASSERT_TRUE(convert(kTemplate, R"({"add_bos_token":false})"));
  EXPECT_EQ(flag("tokenizer.ggml.add_bos_token"), false);
  expect_refused(
      R"({"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|im_start|>"}}]}})",
      {"single", "BOS, the text and EOS at the most"});
}

TEST_F(HfTokenizer, RefusesTemplatesOfAnotherStructure) {
  for (const char* part : {"3", "[]", "{}", R"({"SpecialToken":3})", R"({"SpecialToken":{"id":[]}})"}) {
    const std::string json = fmt::format(R"({{"post_processor":{{"type":"TemplateProcessing","single":[{}]}}}})", part);
    expect_refused(json.c_str(), {"BOS, the text and EOS at the most"});
  }
}

TEST_F(HfTokenizer, TakesTheChatTemplate) {
  folder_.write("chat_template.json", R"({"chat_template":"older"})");
  ASSERT_TRUE(convert("{}", R"({"chat_template":null})"));
  EXPECT_EQ(text("tokenizer.chat_template"), "older");
  ASSERT_TRUE(convert("{}", R"({"chat_template":"{{ messages }}"})"));
  EXPECT_EQ(text("tokenizer.chat_template"), "{{ messages }}");
  EXPECT_FALSE(plan_.metadata.find("tokenizer.chat_templates") != nullptr);
  folder_.write("chat_template.jinja", "from the file");
  ASSERT_TRUE(convert("{}", R"({"chat_template":"old"})"));
  EXPECT_EQ(text("tokenizer.chat_template"), "from the file");
}

TEST_F(HfTokenizer, TakesTemplatesWithNames) {
  ASSERT_TRUE(convert("{}", R"({"chat_template":[{"name":"tool_use","template":"b"},{"name":"default","template":"a"},
                               {"name":"r-1","template":"c"}]})"));
  EXPECT_EQ(text("tokenizer.chat_template"), "a");
  EXPECT_EQ(text("tokenizer.chat_template.tool_use"), "b");
  EXPECT_EQ(text("tokenizer.chat_template.r_1"), "c");
  EXPECT_THAT(**plan_.metadata.get_strings("tokenizer.chat_templates"), ElementsAre("r_1", "tool_use"));

  std::filesystem::create_directory(folder_.path("additional_chat_templates"));
  folder_.write("additional_chat_templates/tool_use.jinja", "with tools");
  folder_.write("additional_chat_templates/notes.txt", "no template");
  ASSERT_TRUE(convert("{}", R"({"chat_template":"alone"})"));
  EXPECT_FALSE(plan_.metadata.find("tokenizer.chat_templates") != nullptr);  // they belong to the file
  folder_.write("chat_template.jinja", "from the file");
  ASSERT_TRUE(convert());
  EXPECT_EQ(text("tokenizer.chat_template"), "from the file");
  EXPECT_EQ(text("tokenizer.chat_template.tool_use"), "with tools");
  EXPECT_THAT(**plan_.metadata.get_strings("tokenizer.chat_templates"), ElementsAre("tool_use"));
}

TEST_F(HfTokenizer, RefusesTemplatesThatAreNone) {
  const auto refused = [&](const char* settings, const char* part) {
    const Status status = convert("{}", settings);
    ASSERT_FALSE(status) << settings;
    EXPECT_THAT(status.error().message, HasSubstr(part));
  };
  refused(R"({"chat_template":3})", "chat_template is 3, expected a text or an array of named ones");
  refused(R"({"chat_template":[3]})", "chat_template");
  refused(R"({"chat_template":[{"name":"default"}]})", "template");
  refused(R"({"chat_template":[{"name":"","template":"a"}]})", "empty name");
  refused(R"({"chat_template":[{"name":"a-b","template":"a"},{"name":"a_b","template":"b"}]})", "two chat templates");
  folder_.write("chat_template.jinja", "\xFF");
  refused("{}", "no UTF-8");
}

TEST_F(HfSentencePiece, FindsOutWhatBecomesOfSpaces) {
  ASSERT_TRUE(convert());
  EXPECT_EQ(text("tokenizer.ggml.model"), "llama");
  EXPECT_EQ(flag("tokenizer.ggml.add_space_prefix"), true);
  const char* metaspace = R"({"normalizer":null,"pre_tokenizer":{"type":"Metaspace","replacement":"\u2581",
                               "prepend_scheme":"%","split":false}})";
  for (const auto& [scheme, expected] : {std::pair{"first", true}, {"always", true}, {"never", false}}) {
    std::string json = metaspace;
    ASSERT_TRUE(convert(json.replace(json.find('%'), 1, scheme).c_str()));
    EXPECT_EQ(flag("tokenizer.ggml.add_space_prefix"), expected);
  }
  // Gemma's.
  ASSERT_TRUE(
      convert(R"({"pre_tokenizer":{"type":"Split","pattern":{"String":" "},"behavior":"MergedWithPrevious"}})"));
  expect_refused(R"({"normalizer":null})", {"nothing replaces spaces"});
  expect_refused(R"({"normalizer":{"type":"NFKC","normalizers":null,"pattern":null,"content":null}})", {"normalizer"});
  expect_refused(R"({"pre_tokenizer":{"type":"Metaspace","replacement":"_","split":false}})", {"replacement"});
  expect_refused(R"({"pre_tokenizer":{}})", {"pre_tokenizer is {}"});
  expect_refused(R"({"pre_tokenizer":{"type":"Metaspace","replacement":"\u2581","split":true}})", {"split is true"});
}

TEST_F(HfSentencePiece, RefusesMergesThatNoScoresGive) {
  HfFolder model = model_;
  Json& merges = model.tokenizer["model"]["merges"];
  const Json first = merges[0];
  merges.erase(0);
  const auto convert_changed = [&] {
    plan_ = {};
    return add_hf_tokenizer(model.write(folder_), *JsonObject::make(model.config, "config.json"), kRows, plan_);
  };
  Status status = convert_changed();
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("so that no scores give the same tokens"));
  merges.push_back(first);
  merges.push_back(merges[0]);
  merges.push_back(first);
  status = convert_changed();
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("do not follow each other"));
}

TEST_F(HfSentencePiece, NeedsATokenForEachByte) {
  expect_refused(R"({"model":{"vocab":{"<0x41>":null}}})", {"<0x41> is"});
}

// ---- pre-tokenizers ----

std::string name_of(const char* json, bool ignore_merges = false) {
  const auto name = find_pretokenizer_name(Json::parse(json), "pre", ignore_merges);
  return name ? *name : name.error().message;
}

constexpr const char* kLlama3 = R"--({"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"},
    "behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]})--";

TEST(HfPretokenizer, HasTheNamesOfKnownSteps) {
  EXPECT_EQ(name_of(R"({"type":"ByteLevel","add_prefix_space":false})"), "gpt-2");
  EXPECT_EQ(name_of(R"({"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},
                        {"type":"ByteLevel","add_prefix_space":false,"use_regex":true}]})"),
            "smollm");
  EXPECT_EQ(name_of(kLlama3, true), "llama-bpe");
  EXPECT_EQ(name_of(kLlama3, false), "dbrx");
  for (const char* name : {"gpt-2", "smollm", "llama-bpe", "dbrx", "qwen2", "gpt-4o", "tekken"}) {
    EXPECT_NE(find_pretokenizer(name), nullptr) << name;
  }
  // The pattern is the one that the tokenizer of this name splits by.
  EXPECT_THAT(kLlama3, HasSubstr(Json(find_pretokenizer("llama-bpe")->steps[0].pattern).dump()));
}

TEST(HfPretokenizer, RefusesOthersByWhatTheyAre) {
  EXPECT_THAT(name_of(R"({"type":"Whitespace"})"), HasSubstr("type is \"Whitespace\""));
  EXPECT_THAT(name_of(R"({"type":"ByteLevel"})"), HasSubstr("add_prefix_space"));
  EXPECT_THAT(name_of(R"({"type":"Digits","individual_digits":false})"), HasSubstr("individual_digits"));
  EXPECT_THAT(name_of(R"({"type":"Split","pattern":{"String":" "},"behavior":"Isolated"})"), HasSubstr("Regex"));
  EXPECT_THAT(name_of(R"({"type":"Split","pattern":{"Regex":"a"},"behavior":"Removed"})"), HasSubstr("behavior"));
  EXPECT_THAT(name_of(R"({"type":"Sequence","pretokenizers":[]})"), HasSubstr("expected one step ByteLevel"));
  EXPECT_THAT(name_of(R"({"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"a+"},
                         "behavior":"Isolated"},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]})"),
              HasSubstr("belongs to none of GGUF's names: it splits by a+"));
}

}  // namespace
}  // namespace ingot::core
