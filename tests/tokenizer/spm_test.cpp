#include "tokenizer/spm.h"

#include <sstream>

#include "base/sanitizer.h"
#include "golden.h"

namespace ingot::core::test {
namespace {

using Ids = std::vector<int32_t>;

constexpr int32_t kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6;

struct Piece {
  std::string text;
  float score = 0;
  int32_t type = kNormal;
};

// Ids 0 to 2 are <unk>, <s> and </s>; pieces follow.
Vocabulary small_vocabulary(const std::vector<Piece>& pieces) {
  Vocabulary vocabulary;
  vocabulary.model = "llama";
  vocabulary.tokens = {"<unk>", "<s>", "</s>"};
  vocabulary.scores = {0, 0, 0};
  vocabulary.token_type = {kUnknown, kControl, kControl};
  vocabulary.add_space_prefix = false;
  for (const Piece& piece : pieces) {
    vocabulary.tokens.push_back(piece.text);
    vocabulary.scores.push_back(piece.score);
    vocabulary.token_type.push_back(piece.type);
  }
  return vocabulary;
}

TEST(Spm, EncodesAsSentencePiece) {
  const nlohmann::json golden = read_golden("spm_small.json");
  ASSERT_GT(golden.at("cases").size(), 100u);
  for (const nlohmann::json& expected : golden.at("cases")) {
    Vocabulary vocabulary = vocabulary_of(golden);
    vocabulary.add_space_prefix = expected.at("add_space_prefix").get<bool>();
    if (!expected.at("byte_fallback").get<bool>()) {
      std::replace(vocabulary.token_type.begin(), vocabulary.token_type.end(), kByte, kUnused);
    }
    const auto tokenizer = must_create(std::move(vocabulary));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(encode(*tokenizer, text_of(expected)), expected.at("ids").get<Ids>()) << expected.at("text");
  }
}

TEST(Spm, LlamaVocabularyPassesItsOwnTests) {
  const auto path = find_data("vocab/ggml-vocab-llama-spm.gguf");
  if (!path) GTEST_SKIP() << "no ggml-vocab-llama-spm.gguf in the test data";
  const auto tokenizer = must_create(sentencepiece_vocabulary(*path));
  ASSERT_NE(tokenizer, nullptr);
  std::ifstream input(path->string() + ".inp", std::ios::binary);
  std::ifstream output(path->string() + ".out");
  const std::string texts((std::istreambuf_iterator<char>(input)), {});
  const std::string separator = "\n__ggml_vocab_test__\n";
  size_t n_texts = 0;
  size_t begin = 0;
  for (std::string line; std::getline(output, line); n_texts++) {
    ASSERT_NE(begin, std::string::npos);
    const size_t end = texts.find(separator, begin);
    const std::string text = texts.substr(begin, end == std::string::npos ? end : end - begin);
    begin = end == std::string::npos ? end : end + separator.size();
    std::istringstream numbers(line);
    const Ids expected{std::istream_iterator<int32_t>(numbers), {}};
    const Ids ids = encode(*tokenizer, text);
    EXPECT_EQ(ids, expected) << text;
    EXPECT_EQ(decode(*tokenizer, ids), text);
  }
  EXPECT_GT(n_texts, 40u);
}

TEST(Spm, Gemma3EncodesAsSentencePiece) {
  const auto path = find_model("gemma-3-270m.Q4_K_M.gguf");
  if (!path) GTEST_SKIP() << "gemma-3-270m has not been fetched";
  const auto tokenizer = must_create(sentencepiece_vocabulary(*path));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_TRUE(tokenizer->adds_bos());
  EXPECT_EQ(tokenizer->bos(), 2);
  const nlohmann::json golden = read_golden("spm_gemma3.json");
  ASSERT_GT(golden.at("cases").size(), 40u);
  for (const nlohmann::json& expected : golden.at("cases")) {
    const std::string text = text_of(expected);
    const Ids ids = encode(*tokenizer, text);
    EXPECT_EQ(ids, expected.at("ids").get<Ids>()) << text;
    EXPECT_EQ(decode(*tokenizer, ids), text);
  }
  const Ids turn = *tokenizer->encode("<start_of_turn>user\nhi<end_of_turn>", {.parse_special = true});
  EXPECT_EQ(turn, (Ids{2, 105, 2364, 107, 2202, 106}));
  Random random(3);
  for (int round = 0; round < 200; round++) {
    const std::string text = random.text(50);
    EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text)), text);
  }
}

TEST(Spm, AnyBytesComeBack) {
  for (const bool space_prefix : {false, true}) {
    Vocabulary vocabulary = vocabulary_of(read_golden("spm_small.json"));
    vocabulary.add_space_prefix = space_prefix;
    const auto tokenizer = must_create(std::move(vocabulary));
    ASSERT_NE(tokenizer, nullptr);
    Random random(1);
    for (int round = 0; round < 500; round++) {
      const std::string text = random.text(random.below(80));
      EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text)), text);
    }
  }
}

TEST(Spm, JoinsTheBestPairFirstAndOfEqualsTheLeftmost) {
  const auto tokenizer =
      must_create(small_vocabulary({{"a", -9}, {"b", -9}, {"c", -9}, {"ab", -2}, {"bc", -1}, {"aa", -3}}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "abc"), (Ids{3, 7}));
  EXPECT_EQ(encode(*tokenizer, "aaa"), (Ids{8, 3}));
}

TEST(Spm, PiecesMayJoinThroughOnesThatNoTextKeeps) {
  // "abcd" is only reached through "abc", which is unused; alone it falls apart again.
  const auto tokenizer = must_create(
      small_vocabulary({{"a", -9}, {"b", -9}, {"c", -9}, {"d", -9}, {"ab", -1}, {"abc", -2, kUnused}, {"abcd", -3}}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "abcd"), (Ids{9}));
  EXPECT_EQ(encode(*tokenizer, "abc"), (Ids{7, 5}));
}

TEST(Spm, FlagsAndDefaults) {
  Vocabulary vocabulary = small_vocabulary({{"\xE2\x96\x81", -3},
                                            {"a", -4},
                                            {"\xE2\x96\x81"
                                             "a",
                                             -1}});
  vocabulary.add_space_prefix.reset();
  auto tokenizer = must_create(vocabulary);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(*tokenizer->encode("a", {}), (Ids{1, 5}));
  EXPECT_EQ(*tokenizer->encode("", {}), (Ids{1}));
  EXPECT_EQ(*tokenizer->encode(" a", {}), (Ids{1, 3, 5}));
  EXPECT_EQ(*tokenizer->decode({1, 3, 5}), " a");
  EXPECT_EQ(*tokenizer->encode("a</s>a", {.parse_special = true}), (Ids{1, 5, 2, 5}));
  vocabulary.add_bos_token = false;
  vocabulary.add_eos_token = true;
  vocabulary.add_space_prefix = false;
  tokenizer = must_create(vocabulary);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(*tokenizer->encode("a", {}), (Ids{4, 2}));
}

TEST(Spm, ControlTokensInATextStayText) {
  const auto tokenizer = must_create(
      small_vocabulary({{"<", -9}, {"s", -9}, {">", -9}, {"<s", -1}, {"s>", -2}, {"<x>", -9, kUserDefined}}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "<s>"), (Ids{6, 5}));
  EXPECT_EQ(*tokenizer->encode("<s><x>", {.parse_special = true, .add_special = false}), (Ids{1, 8}));
  EXPECT_EQ(encode(*tokenizer, "<<x>>"), (Ids{3, 8, 5}));
}

TEST(Spm, WithoutByteTokensARunOfForeignCharactersIsOneUnknown) {
  const auto tokenizer = must_create(small_vocabulary({{"a", -1}}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer,
                   "a快的\xFFz"
                   "a"),
            (Ids{3, 0, 3}));
}

TEST(Spm, WithoutByteTokensAndUnknownTheTextIsRefused) {
  Vocabulary vocabulary = small_vocabulary({{"a", -1}});
  vocabulary.tokens[0] = "q";
  vocabulary.token_type[0] = kNormal;
  const auto tokenizer = must_create(std::move(vocabulary));
  ASSERT_NE(tokenizer, nullptr);
  const auto ids = tokenizer->encode("a\nb", {});
  ASSERT_FALSE(ids);
  EXPECT_NE(ids.error().message.find("\\n"), std::string::npos) << ids.error().message;
}

TEST(Spm, ByteTokensMustNameAByte) {
  for (const char* text : {"<0x-1>", "<0xZZ>", "<0x100>", "<0x>", "", "x", "<0x4 >"}) {
    const auto tokenizer = create(small_vocabulary({{text, 0, kByte}}));
    ASSERT_FALSE(tokenizer) << text;
    EXPECT_NE(tokenizer.error().message.find("tokens[3]"), std::string::npos) << tokenizer.error().message;
  }
  const auto tokenizer = must_create(small_vocabulary({{"<0x0a>", 0, kByte}, {"<0xC3>", 0, kByte}}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "\n\xC3\n"), (Ids{3, 4, 3}));
  EXPECT_EQ(encode(*tokenizer, "\xC3\xA9"), (Ids{0})) << "a character of which one byte has no token";
  EXPECT_EQ(tokenizer->piece(4), "\xC3");
}

TEST(Spm, OfEqualPiecesTheFirstCountsAndEmptyOnesNever) {
  const auto tokenizer = must_create(small_vocabulary({{"a", -1}, {"", 0}, {"a", -1}}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "aa"), (Ids{3, 3}));
  EXPECT_EQ(tokenizer->piece(4), "");
}

TEST(Spm, TimeIsLinear) {
  const auto tokenizer = must_create(vocabulary_of(read_golden("spm_small.json")));
  ASSERT_NE(tokenizer, nullptr);
  for (const std::string unit : {"a", " ", "ab", "\n", "\xFF", "快"}) {
    std::string text;
    while (text.size() < 1'000'000 / kSizeDivisor) text += unit;
    EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text)), text);
  }
}

}  // namespace
}  // namespace ingot::core::test
