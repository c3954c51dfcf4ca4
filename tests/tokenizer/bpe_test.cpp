#include "tokenizer/bpe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/cpu_time.h"
#include "base/sanitizer.h"
#include "golden.h"
#include "model/vocabulary.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pretokenizer_table.h"

namespace ingot::core {
namespace {

using test::create;
using test::decode;
using test::encode;
using test::must_create;
using ::testing::HasSubstr;

Vocabulary small_vocabulary(const nlohmann::json& golden, const std::string& pre) {
  Vocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pre = pre;
  vocabulary.tokens = golden.at("tokens").get<std::vector<std::string>>();
  vocabulary.token_type = golden.at("token_type").get<std::vector<int32_t>>();
  vocabulary.merges = golden.at("merges").get<std::vector<std::string>>();
  return vocabulary;
}

// The byte alphabet (id = byte), then these tokens, each with its merge.
Vocabulary byte_vocabulary(const std::string& pre, const std::vector<std::string>& merges = {}) {
  Vocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pre = pre;
  for (int byte = 0; byte < 256; byte++) {
    vocabulary.tokens.push_back(ByteAlphabet::instance().character(static_cast<uint8_t>(byte)));
  }
  vocabulary.merges = merges;
  for (std::string merge : merges) {
    merge.erase(merge.find(' '), 1);
    vocabulary.tokens.push_back(merge);
  }
  return vocabulary;
}

std::string error_of(Vocabulary vocabulary) {
  auto tokenizer = create(std::move(vocabulary));
  return tokenizer ? "no error" : tokenizer.error().message;
}

std::string random_bytes(test::Random& random, size_t n) {
  std::string bytes;
  for (size_t index = 0; index < n; index++) bytes.push_back(static_cast<char>(random.below(256)));
  return bytes;
}

TEST(BpeTest, EncodesLikeHuggingFace) {
  const nlohmann::json golden = test::read_golden("bpe_small.json");
  const auto texts = golden.at("texts").get<std::vector<std::string>>();
  for (const auto& [name, ids] : golden.at("ids").items()) {
    Vocabulary vocabulary = small_vocabulary(golden, name);
    // The oracle's ids are those of text alone, without user-defined tokens.
    for (int32_t& type : vocabulary.token_type) type = type == 4 ? 3 : type;
    const auto tokenizer = must_create(vocabulary);
    ASSERT_TRUE(tokenizer);
    for (size_t index = 0; index < texts.size(); index++) {
      EXPECT_EQ(encode(*tokenizer, texts[index]), ids[index].get<std::vector<int32_t>>())
          << name << ": " << texts[index];
      EXPECT_EQ(decode(*tokenizer, ids[index].get<std::vector<int32_t>>()), texts[index]) << name;
    }
  }
}

TEST(BpeTest, FindsSpecialTokensLikeHuggingFace) {
  const nlohmann::json golden = test::read_golden("bpe_small.json");
  const auto texts = golden.at("special_texts").get<std::vector<std::string>>();
  for (const auto& [name, ids] : golden.at("special_ids").items()) {
    const auto tokenizer = must_create(small_vocabulary(golden, name));
    ASSERT_TRUE(tokenizer);
    for (size_t index = 0; index < texts.size(); index++) {
      const auto found = tokenizer->encode(texts[index], {.parse_special = true, .add_special = false});
      EXPECT_EQ(found.value(), ids[index].get<std::vector<int32_t>>()) << name << ": " << texts[index];
      EXPECT_EQ(tokenizer->decode(*found, true).value(), texts[index]);
    }
  }
}

TEST(BpeTest, CharacterVocabulariesEncodeLikeHuggingFace) {
  const nlohmann::json golden = test::read_golden("bpe_characters.json");
  Vocabulary vocabulary = small_vocabulary(golden, "");
  vocabulary.model = "gemma4";
  vocabulary.bos_token_id = 2;
  const auto tokenizer = must_create(vocabulary);
  ASSERT_TRUE(tokenizer);
  EXPECT_TRUE(tokenizer->adds_bos());
  const auto texts = golden.at("texts").get<std::vector<std::string>>();
  for (size_t index = 0; index < texts.size(); index++) {
    EXPECT_EQ(encode(*tokenizer, texts[index]), golden.at("ids")[index].get<std::vector<int32_t>>()) << texts[index];
    EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, texts[index])), texts[index]);
  }
  EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, "a\xFF\xC3 b")), "a\xFF\xC3 b");
}

TEST(BpeTest, EncodesLikeSmolLm2) {
  const auto path = test::find_model("SmolLM2-135M-Instruct.Q4_1.gguf");
  if (!path) GTEST_SKIP() << "SmolLM2 is not in the cache";
  const auto file = GgufFile::open(path->string());
  ASSERT_TRUE(file);
  const auto tokenizer = Tokenizer::create(read_vocabulary(file->metadata()).value());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const nlohmann::json golden = test::read_golden("bpe_smollm2.json");
  const auto texts = golden.at("texts").get<std::vector<std::string>>();
  for (size_t index = 0; index < texts.size(); index++) {
    // A text of one control token's name only: stays text, as everywhere.
    EXPECT_EQ(encode(**tokenizer, texts[index]), golden.at("ids")[index].get<std::vector<int32_t>>()) << texts[index];
  }
  EXPECT_TRUE((*tokenizer)->is_end(2));   // <|im_end|>
  EXPECT_TRUE((*tokenizer)->is_end(0));   // <|endoftext|>
  EXPECT_FALSE((*tokenizer)->is_end(1));  // <|im_start|>
  EXPECT_FALSE((*tokenizer)->adds_bos());
  EXPECT_EQ((*tokenizer)->encode("<|im_start|>user", {.parse_special = true}).value().front(), 1);
  EXPECT_GT((*tokenizer)->encode("<|im_start|>user", {}).value().size(), 2u);
}

TEST(BpeTest, EveryPretokenizerReturnsArbitraryBytes) {
  const nlohmann::json golden = test::read_golden("bpe_small.json");
  test::Random random(7);
  std::stringstream names(pretokenizer_names());
  for (std::string name; std::getline(names, name, ',');) {
    name.erase(0, name.find_first_not_of(' '));
    if (find_pretokenizer(name)->form != TextForm::kByteAlphabet) continue;
    const auto tokenizer = must_create(small_vocabulary(golden, name));
    ASSERT_TRUE(tokenizer);
    for (int round = 0; round < 30; round++) {
      const std::string text = round % 2 == 0 ? random_bytes(random, random.below(60)) : random.text(random.below(40));
      EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text)), text) << name;
    }
  }
}

TEST(BpeTest, MergesByRankThenFromTheLeft) {
  const auto tokenizer = must_create(byte_vocabulary("superbpe", {"b c", "a b", "a a", "aa a"}));
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(encode(*tokenizer, "abc"), (std::vector<int32_t>{'a', 256}));
  EXPECT_EQ(encode(*tokenizer, "abab"), (std::vector<int32_t>{257, 257}));
  EXPECT_EQ(encode(*tokenizer, "aaaaa"), (std::vector<int32_t>{258, 259}));
}

TEST(BpeTest, WholeWordsOnlyWhereThePretokenizerSaysSo) {
  for (const auto& [pre, whole] : {std::pair{"llama-bpe", true}, std::pair{"qwen2", false}}) {
    Vocabulary vocabulary = byte_vocabulary(pre, {"a b"});
    vocabulary.tokens.push_back("abc");
    vocabulary.tokens.push_back("secret");
    vocabulary.token_type.assign(259, 1);
    vocabulary.token_type[258] = 3;
    const auto tokenizer = must_create(vocabulary);
    ASSERT_TRUE(tokenizer);
    EXPECT_EQ(encode(*tokenizer, "abc"), whole ? (std::vector<int32_t>{257}) : (std::vector<int32_t>{256, 'c'}));
    // A control token's name stays text, though it is a word.
    EXPECT_EQ(encode(*tokenizer, "secret"), (std::vector<int32_t>{'s', 'e', 'c', 'r', 'e', 't'}));
    EXPECT_EQ(tokenizer->encode("secret", {.parse_special = true}).value(), (std::vector<int32_t>{258}));
  }
}

TEST(BpeTest, AddsBosAsTheFileOrElseThePretokenizerSays) {
  Vocabulary vocabulary = byte_vocabulary("llama-bpe");
  vocabulary.bos_token_id = 1;
  vocabulary.eos_token_id = 2;
  EXPECT_EQ(must_create(vocabulary)->encode("a", {}).value(), (std::vector<int32_t>{1, 'a'}));
  vocabulary.add_bos_token = false;
  vocabulary.add_eos_token = true;
  EXPECT_EQ(must_create(vocabulary)->encode("a", {}).value(), (std::vector<int32_t>{'a', 2}));
  vocabulary.pre = "gpt-2";
  vocabulary.add_bos_token.reset();
  EXPECT_EQ(must_create(vocabulary)->encode("a", {}).value(), (std::vector<int32_t>{'a', 2}));
  EXPECT_EQ(must_create(vocabulary)->encode("a", {.add_special = false}).value(), (std::vector<int32_t>{'a'}));
  EXPECT_EQ(must_create(vocabulary)->encode("", {}).value(), (std::vector<int32_t>{2}));
}

TEST(BpeTest, ASpaceInFrontIsTakenAwayAgain) {
  Vocabulary vocabulary = byte_vocabulary("gpt-2");
  vocabulary.add_space_prefix = true;
  const auto tokenizer = must_create(vocabulary);
  EXPECT_EQ(encode(*tokenizer, "a"), (std::vector<int32_t>{' ', 'a'}));
  for (const std::string text : {"a", " a", "", " ", "  "})
    EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text)), text);
}

TEST(BpeTest, AVocabularyOfTiktokenNeedsNoMerges) {
  Vocabulary vocabulary = byte_vocabulary("kimi-k2");
  for (const char* token : {"ab", "cd", "abcd", "bcd"}) vocabulary.tokens.push_back(token);
  const auto tokenizer = must_create(vocabulary);
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(encode(*tokenizer, "abcd"), (std::vector<int32_t>{258}));
  EXPECT_EQ(encode(*tokenizer, "xbcd"), (std::vector<int32_t>{'x', 259}));
}

TEST(BpeTest, AWhitespaceVocabularyDropsWhiteSpace) {
  Vocabulary vocabulary;
  vocabulary.model = vocabulary.pre = "whitespace";
  vocabulary.tokens = {"[UNK]", "a", "b", "ab", "\u00e9", "A"};
  vocabulary.token_type = {2, 1, 1, 1, 1, 1};
  vocabulary.unknown_token_id = 0;
  vocabulary.merges = {"a b"};
  EXPECT_EQ(encode(*must_create(vocabulary), " ab\u3000 Ab\u00c9"), (std::vector<int32_t>{3, 5, 2, 0}));
  vocabulary.normalizer_lowercase = true;
  EXPECT_EQ(encode(*must_create(vocabulary), " ab\u3000 Ab\u00c9"), (std::vector<int32_t>{3, 3, 4}));
}

TEST(BpeTest, AMissingPretokenizerIsTheDefaultOne) {
  const auto missing = must_create(byte_vocabulary("", {"1 2"}));
  const auto named = must_create(byte_vocabulary("default", {"1 2"}));
  for (const char* text : {"1212 12,12", "it's 3", "a  b\n"}) EXPECT_EQ(encode(*missing, text), encode(*named, text));
}

TEST(BpeTest, RefusesBadVocabularies) {
  EXPECT_THAT(error_of(byte_vocabulary("no-such")), AllOf(HasSubstr("no-such"), HasSubstr("known ones: a.x-4.0, ")));
  Vocabulary vocabulary = byte_vocabulary("gpt-2", {"a b"});
  vocabulary.merges.push_back("ab");
  EXPECT_THAT(error_of(vocabulary), HasSubstr("tokenizer.ggml.merges[1]"));
  vocabulary.merges.back() = "ab zzz";
  EXPECT_THAT(error_of(vocabulary), AllOf(HasSubstr("tokenizer.ggml.merges[1]"), HasSubstr("\"zzz\"")));
  vocabulary.merges.back() = "ab c";
  EXPECT_THAT(error_of(vocabulary), HasSubstr("\"abc\" is not in the vocabulary"));
  vocabulary.merges.clear();
  EXPECT_THAT(error_of(vocabulary), HasSubstr("tokenizer.ggml.merges: missing"));
  vocabulary = byte_vocabulary("gpt-2");
  vocabulary.tokens.push_back("a");
  EXPECT_THAT(error_of(vocabulary), HasSubstr("tokenizer.ggml.tokens[256]: \"a\" is already token 97"));
  vocabulary = byte_vocabulary("gpt-2");
  vocabulary.token_type.assign(256, 1);
  vocabulary.token_type[0] = 6;
  EXPECT_EQ(error_of(vocabulary), "no error");  // one of the alphabet's own
  vocabulary.tokens.push_back("<0xZZ>");
  vocabulary.token_type.push_back(6);
  EXPECT_THAT(error_of(vocabulary), HasSubstr("tokenizer.ggml.tokens[256]: \"<0xZZ>\""));
}

TEST(BpeTest, AByteWithoutATokenBecomesUnknownButNeverAControlToken) {
  const std::vector<int32_t> replaced{'a', 0xEF, 0xBF, 0xBD, 'b'};
  Vocabulary vocabulary = byte_vocabulary("gpt-2");
  vocabulary.tokens['x'] = "";
  EXPECT_EQ(encode(*must_create(vocabulary), "axb"), replaced);
  vocabulary.unknown_token_id = 0;
  EXPECT_EQ(encode(*must_create(vocabulary), "axb"), (std::vector<int32_t>{'a', 0, 'b'}));
  // As SmolLM2 has it: its unknown token is its end of text.
  vocabulary.token_type.assign(256, static_cast<int32_t>(TokenType::kNormal));
  vocabulary.token_type[0] = static_cast<int32_t>(TokenType::kControl);
  EXPECT_EQ(encode(*must_create(vocabulary), "axb"), replaced);
  EXPECT_EQ(decode(*must_create(vocabulary), replaced),
            "a\xEF\xBF\xBD"
            "b");
  vocabulary.tokens[0xBF] = "";
  EXPECT_THAT(must_create(vocabulary)->encode("axb", {}).error().message, HasSubstr("0x78"));
}

TEST(BpeTest, AMillionEqualCharactersAndOneEndlessWordTakeSeconds) {
  const nlohmann::json golden = test::read_golden("bpe_small.json");
  for (const char* name : {"llama-bpe", "superbpe", "gpt-2"}) {
    const auto tokenizer = must_create(small_vocabulary(golden, name));
    constexpr size_t kBytes = 1'000'000 / kSizeDivisor;
    std::string words;
    while (words.size() < kBytes) words += "the quick brown fox_";
    for (const std::string& text :
         {std::string(kBytes, 'a'), std::string(kBytes, ' '), std::string(kBytes, '\n'), words}) {
      const double start = thread_cpu_seconds();
      const std::vector<int32_t> ids = encode(*tokenizer, text);
      EXPECT_LT(thread_cpu_seconds() - start, 10.0) << name << " " << text.substr(0, 5);
      EXPECT_EQ(decode(*tokenizer, ids), text);
    }
  }
}

}  // namespace
}  // namespace ingot::core
