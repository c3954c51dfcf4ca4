#include "tokenizer/rwkv_trie.h"

#include <utf8proc.h>

#include <array>

#include "golden.h"

namespace ingot::core::test {
namespace {

using Ids = std::vector<int32_t>;

constexpr int32_t kNormal = 1, kControl = 3, kUnused = 5;

// What a Python literal ('...', "...", b'...' or b"...") stands for; a text literal in UTF-8.
std::string python_bytes(std::string_view literal) {
  const bool is_bytes = literal.starts_with('b');
  literal.remove_prefix(is_bytes ? 2 : 1);
  literal.remove_suffix(1);
  std::string bytes;
  for (size_t at = 0; at < literal.size(); at++) {
    if (literal[at] != '\\') {
      bytes.push_back(literal[at]);
      continue;
    }
    const char kind = literal[++at];
    const size_t n_digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    if (n_digits == 0) {
      bytes.push_back(kind == 'n' ? '\n' : kind == 'r' ? '\r' : kind == 't' ? '\t' : kind);
      continue;
    }
    const int code = std::stoi(std::string(literal.substr(at + 1, n_digits)), nullptr, 16);
    at += n_digits;
    if (is_bytes) {
      bytes.push_back(static_cast<char>(code));
      continue;
    }
    std::array<utf8proc_uint8_t, 4> encoded{};
    const auto n_encoded = utf8proc_encode_char(code, encoded.data());
    bytes.append(reinterpret_cast<const char*>(encoded.data()), static_cast<size_t>(n_encoded));
  }
  return bytes;
}

// As Python's repr prints bytes, without b and quotes: this is what converters put into GGUF.
std::string escaped(const std::string& bytes) {
  const bool double_quotes = bytes.find('\'') != std::string::npos && bytes.find('"') == std::string::npos;
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\\' || (c == '\'' && !double_quotes)) {
      text += std::string("\\") + c;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      text += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (byte < 0x20 || byte >= 0x7F) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text.push_back(c);
    }
  }
  return text;
}

Vocabulary world_vocabulary(const std::filesystem::path& path) {
  Vocabulary vocabulary;
  vocabulary.model = "rwkv";
  vocabulary.tokens = {"<s>"};
  vocabulary.token_type = {kControl};
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t begin = line.find(' ') + 1;
    const size_t end = line.rfind(' ');
    vocabulary.tokens.push_back(escaped(python_bytes(std::string_view(line).substr(begin, end - begin))));
    vocabulary.token_type.push_back(kNormal);
  }
  for (size_t id = vocabulary.tokens.size(); id < 65536; id++) {
    vocabulary.tokens.push_back(fmt::format("[PAD{}]", id));
    vocabulary.token_type.push_back(kUnused);
  }
  vocabulary.bos_token_id = 0;
  vocabulary.eos_token_id = 0;
  vocabulary.eot_token_id = 261;
  return vocabulary;
}

Vocabulary small_vocabulary(const std::vector<std::string>& tokens) {
  Vocabulary vocabulary;
  vocabulary.model = "rwkv";
  vocabulary.tokens = {"<s>"};
  vocabulary.token_type = {kControl};
  for (const std::string& token : tokens) {
    vocabulary.tokens.push_back(token);
    vocabulary.token_type.push_back(kNormal);
  }
  return vocabulary;
}

TEST(RwkvTrie, WorldVocabularyEncodesAsNaiveSearch) {
  const auto path = find_data("vocab/rwkv_vocab_v20230424.txt");
  if (!path) GTEST_SKIP() << "no rwkv_vocab_v20230424.txt in the test data";
  const auto tokenizer = must_create(world_vocabulary(*path));
  ASSERT_NE(tokenizer, nullptr);
  const nlohmann::json golden = read_golden("rwkv_world.json");
  ASSERT_GT(golden.at("cases").size(), 60u);
  for (const nlohmann::json& expected : golden.at("cases")) {
    const std::string text = text_of(expected);
    const Ids ids = *tokenizer->encode(text, {});
    EXPECT_EQ(ids, expected.at("ids").get<Ids>()) << text;
    EXPECT_EQ(decode(*tokenizer, ids), text);
  }
  EXPECT_EQ(*tokenizer->encode("<s>", {.parse_special = true}), (Ids{0}));
  EXPECT_TRUE(tokenizer->is_end(0));
  EXPECT_TRUE(tokenizer->is_end(261));
  for (int32_t byte = 0; byte < 256; byte++) {
    EXPECT_EQ(encode(*tokenizer, std::string(1, static_cast<char>(byte))), (Ids{byte + 1}));
  }
}

TEST(RwkvTrie, WorldVocabularyGivesAnyBytesBack) {
  const auto path = find_data("vocab/rwkv_vocab_v20230424.txt");
  if (!path) GTEST_SKIP() << "no rwkv_vocab_v20230424.txt in the test data";
  const auto tokenizer = must_create(world_vocabulary(*path));
  ASSERT_NE(tokenizer, nullptr);
  Random random(6);
  for (int round = 0; round < 500; round++) {
    const std::string text = random.text(random.below(100));
    EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text)), text);
  }
  for (const std::string unit : {"a", " ", "\n", "\xFF", "快"}) {
    std::string text;
    while (text.size() < 1'000'000) text += unit;
    EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text)), text);
  }
}

TEST(RwkvTrie, TakesTheLongestTokenAndNeverLooksBack) {
  const auto tokenizer = must_create(small_vocabulary({"a", "b", "ab", "abab", "ba", "c"}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "ababa"), (Ids{4, 1}));
  EXPECT_EQ(encode(*tokenizer, "abac"), (Ids{3, 1, 6}));
}

TEST(RwkvTrie, UnescapesTokens) {
  const auto tokenizer = must_create(small_vocabulary({R"(\n\t\r)", R"(\\)", R"(\'\")", R"(\x00\xff\xC3)", "é"}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(tokenizer->piece(1), "\n\t\r");
  EXPECT_EQ(tokenizer->piece(2), "\\");
  EXPECT_EQ(tokenizer->piece(3), "'\"");
  EXPECT_EQ(tokenizer->piece(4), std::string("\0\xFF\xC3", 3));
  EXPECT_EQ(encode(*tokenizer, "é\\\n\t\r"), (Ids{5, 2, 1}));
}

TEST(RwkvTrie, RefusesEscapesThatPythonDoesNotPrint) {
  for (const char* token : {"\\", "\\q", "\\x", "\\x4", "\\xg0", "\\x-1", "\\u0041"}) {
    const auto tokenizer = create(small_vocabulary({"a", token}));
    ASSERT_FALSE(tokenizer) << token;
    EXPECT_NE(tokenizer.error().message.find("tokens[2]"), std::string::npos) << tokenizer.error().message;
  }
}

TEST(RwkvTrie, ControlAndPaddingCannotBeWritten) {
  Vocabulary vocabulary = small_vocabulary({"<", "s", ">", "[", "P", "A", "D", "9", "]"});
  vocabulary.tokens.push_back("[PAD10]");
  vocabulary.tokens[8] = "10";
  vocabulary.token_type.push_back(kUnused);
  for (const bool typed : {true, false}) {
    if (!typed) vocabulary.token_type.clear();
    const auto tokenizer = must_create(vocabulary);
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(encode(*tokenizer, "<s>"), (Ids{1, 2, 3}));
    EXPECT_EQ(encode(*tokenizer, "[PAD10]"), (Ids{4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(decode(*tokenizer, {0, 10, 2}), "s");
  }
}

TEST(RwkvTrie, WhatNoTokenCoversIsRefused) {
  const auto tokenizer = must_create(small_vocabulary({"a", "abc"}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_TRUE(tokenizer->encode("abca", {}));
  EXPECT_FALSE(tokenizer->encode("ab", {}));
}

}  // namespace
}  // namespace ingot::core::test
