#include "convert/rwkv_vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.h"

namespace ingot::core {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> parse(std::string_view text) {
  const auto tokens = parse_rwkv_vocabulary(text, "vocab.txt");
  EXPECT_TRUE(tokens) << tokens.error().message;
  return tokens ? *tokens : std::vector<std::string>{};
}

TEST(RwkvVocabulary, ReadsPythonsLiterals) {
  EXPECT_THAT(parse("1 'a' 1\n2 \"it's\" 4\n3 '\\n\\t\\r\\\\' 4\n4 b'\\xff\\xfe' 2\n5 '\\x80' 2\n"),
              ElementsAre("a", "it's", "\n\t\r\\", "\xff\xfe", "\xc2\x80"));
  EXPECT_THAT(parse("1 '\\u3000' 3\r\n2 '\\U0001f600' 4\r\n3 '\u00e9' 2\r\n4 ' ' 1\r\n5 '\\'\"' 2"),
              ElementsAre("\u3000", "\U0001f600", "\u00e9", " ", "'\""));
}

TEST(RwkvVocabulary, NamesTheLineThatIsWrong) {
  const auto expect_error = [](std::string_view text, const char* line, const char* part) {
    const auto tokens = parse_rwkv_vocabulary(text, "vocab.txt");
    ASSERT_FALSE(tokens) << text;
    EXPECT_THAT(tokens.error().message, AllOf(HasSubstr(line), HasSubstr(part)));
  };
  expect_error("", "vocab.txt", "no tokens");
  expect_error("1 'a' 1\n3 'b' 1\n", "line 2", "the id is 3, expected 2");
  expect_error("0 'a' 1\n", "line 1", "expected 1");
  expect_error("1 'a' 1\n\n2 'b' 1\n", "line 2", "expected an id");
  expect_error("1 'a'\n", "line 1", "expected an id, a literal");
  expect_error("1 'ab' 1\n", "line 1", "has 2 bytes, but the line says 1");
  expect_error("1 'a' x\n", "line 1", "the line says x");
  for (const char* literal : {"a", "'a", "'", "\"a'", "'a'b'", "'\\q'", "'\\x4'", "'\\xgg'", "b'\\u0041'", "'\\ud800'",
                              "'\\U00110000'", "'\\'", "u'a'"}) {
    expect_error(fmt::format("1 {} 1\n", literal), "line 1", "no literal of Python");
  }
}

TEST(RwkvVocabulary, EscapesAsPythonDoes) {
  EXPECT_EQ(python_escaped("a\\b\t\n\r\x01\x7f\xff"), "a\\\\b\\t\\n\\r\\x01\\x7f\\xff");
  EXPECT_EQ(python_escaped("it's"), "it's");
  EXPECT_EQ(python_escaped("\"it's\""), "\"it\\'s\"");
}

TEST(RwkvVocabulary, FillsTheEmbeddingsRows) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("vocab.txt", "1 'a' 1\n2 '\\n\\n' 2\n");
  GgufMetadata metadata;
  ASSERT_TRUE(add_rwkv_vocabulary(path, 5, metadata));
  EXPECT_THAT(**metadata.get_strings("tokenizer.ggml.tokens"), ElementsAre("<s>", "a", "\\n\\n", "[PAD3]", "[PAD4]"));
  EXPECT_THAT(**metadata.get_ints("tokenizer.ggml.token_type"), ElementsAre(3, 1, 1, 5, 5));
  EXPECT_EQ(**metadata.get_int("tokenizer.ggml.eot_token_id"), 2);
  GgufMetadata other;
  const Status too_many = add_rwkv_vocabulary(path, 2, other);
  ASSERT_FALSE(too_many);
  EXPECT_THAT(too_many.error().message, HasSubstr("has 3 tokens, but the embedding only 2 rows"));
}

}  // namespace
}  // namespace ingot::core
