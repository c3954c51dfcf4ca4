#include "tokenizer/unigram.h"

#include "base/sanitizer.h"
#include "golden.h"

namespace ingot::core::test {
namespace {

using Ids = std::vector<int32_t>;

constexpr int32_t kNormal = 1, kUnknown = 2, kControl = 3, kUnused = 5, kByte = 6;

// Ids 0 to 2 are <pad>, </s> and <unk>, as T5 has them.
Vocabulary small_vocabulary(const std::vector<std::pair<std::string, float>>& pieces) {
  Vocabulary vocabulary;
  vocabulary.model = "t5";
  vocabulary.tokens = {"<pad>", "</s>", "<unk>"};
  vocabulary.scores = {0, 0, 0};
  vocabulary.token_type = {kControl, kControl, kUnknown};
  for (const auto& [text, score] : pieces) {
    vocabulary.tokens.push_back(text);
    vocabulary.scores.push_back(score);
    vocabulary.token_type.push_back(kNormal);
  }
  return vocabulary;
}

TEST(Unigram, EncodesAsSentencePiece) {
  const nlohmann::json golden = read_golden("unigram_small.json");
  ASSERT_GT(golden.at("cases").size(), 200u);
  for (const nlohmann::json& expected : golden.at("cases")) {
    Vocabulary vocabulary = vocabulary_of(golden);
    vocabulary.add_space_prefix = expected.at("add_space_prefix").get<bool>();
    vocabulary.remove_extra_whitespaces = expected.at("remove_extra_whitespaces").get<bool>();
    if (!expected.at("byte_fallback").get<bool>()) {
      std::replace(vocabulary.token_type.begin(), vocabulary.token_type.end(), kByte, kUnused);
    }
    const auto tokenizer = must_create(std::move(vocabulary));
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(encode(*tokenizer, text_of(expected)), expected.at("ids").get<Ids>()) << expected.dump();
  }
}

TEST(Unigram, AnyBytesComeBackWithoutNormalisation) {
  Vocabulary vocabulary = vocabulary_of(read_golden("unigram_small.json"));
  vocabulary.precompiled_charsmap.clear();
  vocabulary.add_space_prefix = true;
  const auto tokenizer = must_create(std::move(vocabulary));
  ASSERT_NE(tokenizer, nullptr);
  Random random(2);
  for (int round = 0; round < 500; round++) {
    const std::string text = random.text(random.below(80));
    EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text)), text);
  }
}

// The sum of scores of the best segmentation, found over the whole text at once.
double best_sum(const Vocabulary& vocabulary, const std::string& text) {
  std::vector<double> best(text.size() + 1, -1e300);
  best[0] = 0;
  for (size_t begin = 0; begin < text.size(); begin++) {
    for (size_t id = 3; id < vocabulary.tokens.size(); id++) {
      const std::string& piece = vocabulary.tokens[id];
      if (text.compare(begin, piece.size(), piece) != 0) continue;
      best[begin + piece.size()] = std::max(best[begin + piece.size()], best[begin] + double{vocabulary.scores[id]});
    }
  }
  return best.back();
}

TEST(Unigram, FindsTheBestSumAcrossRestartsOfTheSearch) {
  const Vocabulary vocabulary = small_vocabulary({{"a", -1.5F},
                                                  {"b", -2.25F},
                                                  {"c", -4},
                                                  {"ab", -3},
                                                  {"ba", -3.5F},
                                                  {"abb", -4.125F},
                                                  {"bab", -4},
                                                  {"cc", -9},
                                                  {"bacab", -7}});
  const auto tokenizer = must_create(vocabulary);
  ASSERT_NE(tokenizer, nullptr);
  Random random(5);
  for (int round = 0; round < 300; round++) {
    std::string text;
    for (uint32_t n = random.below(40); n > 0; n--) text.push_back("aabbc"[random.below(5)]);
    double sum = 0;
    const Ids ids = encode(*tokenizer, text);
    for (const int32_t id : ids) sum += double{vocabulary.scores[static_cast<size_t>(id)]};
    EXPECT_EQ(decode(*tokenizer, ids), text);
    EXPECT_EQ(sum, best_sum(vocabulary, text)) << text;
  }
}

TEST(Unigram, FlagsAndDefaults) {
  Vocabulary vocabulary = small_vocabulary({{"\xE2\x96\x81", -3},
                                            {"a", -2},
                                            {"\xE2\x96\x81"
                                             "a",
                                             -1}});
  auto tokenizer = must_create(vocabulary);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(*tokenizer->encode("a  a", {}), (Ids{4, 3, 5, 1})) << "EOS, no space in front, every space kept";
  vocabulary.add_eos_token = false;
  vocabulary.add_space_prefix = true;
  vocabulary.remove_extra_whitespaces = true;
  tokenizer = must_create(vocabulary);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(*tokenizer->encode("  a  a  ", {}), (Ids{5, 5}));
  EXPECT_EQ(*tokenizer->decode({5, 5}), "a a");
  EXPECT_EQ(*tokenizer->encode("   ", {}), Ids{});
  EXPECT_EQ(*tokenizer->encode("a</s>a", {.parse_special = true}), (Ids{5, 1, 5}));
}

TEST(Unigram, ARunOfForeignCharactersIsOneUnknown) {
  Vocabulary vocabulary = small_vocabulary({{"a", -1}});
  auto tokenizer = must_create(vocabulary);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "快的a\xFF\xFF"), (Ids{2, 3, 2}));
  vocabulary.tokens[2] = "q";
  vocabulary.token_type[2] = kNormal;
  tokenizer = must_create(vocabulary);
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_FALSE(tokenizer->encode("z", {}));
}

TEST(Unigram, RefusesVocabulariesWithoutUsableScores) {
  Vocabulary vocabulary = small_vocabulary({{"a", -1}});
  vocabulary.scores.clear();
  EXPECT_FALSE(create(vocabulary));
  vocabulary.scores = {0, 0, 0, -std::numeric_limits<float>::infinity()};
  const auto tokenizer = create(vocabulary);
  ASSERT_FALSE(tokenizer);
  EXPECT_NE(tokenizer.error().message.find("scores[3]"), std::string::npos) << tokenizer.error().message;
}

TEST(Unigram, TimeIsLinear) {
  Vocabulary vocabulary = vocabulary_of(read_golden("unigram_small.json"));
  vocabulary.precompiled_charsmap.clear();
  const auto tokenizer = must_create(std::move(vocabulary));
  ASSERT_NE(tokenizer, nullptr);
  for (const std::string unit : {"a", " ", "ab", "\n", "\xFF", "快"}) {
    std::string text;
    while (text.size() < 1'000'000 / kSizeDivisor) text += unit;
    EXPECT_EQ(decode(*tokenizer, encode(*tokenizer, text)), text);
  }
}

}  // namespace
}  // namespace ingot::core::test
