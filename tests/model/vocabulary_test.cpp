#include "model/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(VocabularyTest, ReadsEveryKindOfKey) {
  GgufMetadata metadata;
  const auto put = [&](const char* key, GgufValue value) { ASSERT_TRUE(metadata.insert(key, std::move(value))); };
  put("tokenizer.ggml.model", {GgufType::kString, GgufType::kUint8, std::string("gpt2")});
  put("tokenizer.ggml.tokens", {GgufType::kArray, GgufType::kString, std::vector<std::string>{"a", "b"}});
  put("tokenizer.ggml.scores", {GgufType::kArray, GgufType::kFloat32, std::vector<double>{1.5, -2}});
  put("tokenizer.ggml.token_type", {GgufType::kArray, GgufType::kInt32, std::vector<int64_t>{1, 3}});
  put("tokenizer.ggml.precompiled_charsmap", {GgufType::kArray, GgufType::kInt8, std::vector<int64_t>{-1, 2}});
  put("tokenizer.ggml.bos_token_id", {GgufType::kUint32, GgufType::kUint8, int64_t{1}});
  put("tokenizer.ggml.add_bos_token", {GgufType::kBool, GgufType::kUint8, int64_t{1}});
  put("tokenizer.ggml.prefix_token_id", {GgufType::kUint32, GgufType::kUint8, int64_t{0}});
  const auto vocabulary = read_vocabulary(metadata);
  ASSERT_TRUE(vocabulary) << vocabulary.error().message;
  EXPECT_EQ((*vocabulary)->model, "gpt2");
  EXPECT_THAT((*vocabulary)->tokens, ElementsAre("a", "b"));
  EXPECT_THAT((*vocabulary)->scores, ElementsAre(1.5f, -2.0f));
  EXPECT_THAT((*vocabulary)->token_type, ElementsAre(1, 3));
  EXPECT_THAT((*vocabulary)->precompiled_charsmap, ElementsAre(255, 2));
  EXPECT_EQ((*vocabulary)->bos_token_id, 1);
  EXPECT_EQ((*vocabulary)->add_bos_token, true);
  EXPECT_EQ((*vocabulary)->fim_pre_token_id, 0);
  EXPECT_FALSE((*vocabulary)->eos_token_id.has_value());
  EXPECT_EQ((*vocabulary)->pre, "");
}

TEST(VocabularyTest, NamesAKeyOfTheWrongType) {
  for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.merges",
                          "tokenizer.ggml.add_bos_token", "tokenizer.ggml.eos_token_id"}) {
    GgufMetadata metadata;
    ASSERT_TRUE(metadata.insert(key, {GgufType::kString, GgufType::kUint8, std::string("text")}));
    const auto vocabulary = read_vocabulary(metadata);
    ASSERT_FALSE(vocabulary);
    EXPECT_THAT(vocabulary.error().message, AllOf(HasSubstr(key), HasSubstr("string")));
  }
  GgufMetadata metadata;
  ASSERT_TRUE(metadata.insert("tokenizer.ggml.token_type",
                              {GgufType::kArray, GgufType::kInt64, std::vector<int64_t>{1, int64_t{1} << 40}}));
  EXPECT_THAT(read_vocabulary(metadata).error().message, HasSubstr("tokenizer.ggml.token_type[1]: 1099511627776"));
}

}  // namespace
}  // namespace ingot::core
