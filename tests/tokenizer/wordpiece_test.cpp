#include "tokenizer/wordpiece.h"

#include "golden.h"

namespace ingot::core::test {
namespace {

using Ids = std::vector<int32_t>;

constexpr int32_t kNormal = 1, kControl = 3;

// Ids 0 to 4 are [PAD], [UNK], [CLS], [SEP] and [MASK]; words start with U+2581, continuations follow plain.
Vocabulary small_vocabulary(const std::vector<std::string>& tokens) {
  Vocabulary vocabulary;
  vocabulary.model = "bert";
  vocabulary.tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  vocabulary.token_type.assign(5, kControl);
  for (const std::string& token : tokens) {
    vocabulary.tokens.push_back(token);
    vocabulary.token_type.push_back(kNormal);
  }
  return vocabulary;
}

std::string start(const std::string& word) {
  return "\xE2\x96\x81" + word;
}

void expect_golden(const std::string& name) {
  const nlohmann::json golden = read_golden(name);
  const auto tokenizer = must_create(vocabulary_of(golden));
  ASSERT_NE(tokenizer, nullptr);
  ASSERT_GT(golden.at("cases").size(), 40u);
  for (const nlohmann::json& expected : golden.at("cases")) {
    EXPECT_EQ(*tokenizer->encode(text_of(expected), {}), expected.at("ids").get<Ids>()) << expected.at("text");
  }
}

TEST(WordPiece, EncodesAsBertUncased) {
  expect_golden("wordpiece_uncased.json");
}

TEST(WordPiece, EncodesAsBertCasedAndTellsSoFromThePieces) {
  expect_golden("wordpiece_cased.json");
}

TEST(WordPiece, CutsTheLongestPiecesOrNone) {
  const auto tokenizer = must_create(small_vocabulary({start("play"), "ing", "in", start("pla"), start("!"), "s"}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, "playing"), (Ids{5, 6}));
  EXPECT_EQ(encode(*tokenizer, "Plays!!"), (Ids{5, 10, 9, 9}));
  EXPECT_EQ(encode(*tokenizer, "playx ingplay ing"), (Ids{1, 1, 1})) << "a continuation starts no word";
  EXPECT_EQ(decode(*tokenizer, {2, 5, 6, 9, 3}), "playing !");
}

TEST(WordPiece, SpecialTokensStayTextUnlessAsked) {
  const auto tokenizer = must_create(small_vocabulary({start("["), start("]"), start("sep")}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(*tokenizer->encode("[SEP]", {}), (Ids{2, 5, 7, 6, 3}));
  EXPECT_EQ(*tokenizer->encode("[SEP]", {.parse_special = true, .add_special = false}), (Ids{3}));
}

TEST(WordPiece, FlagsAndIdsAreObeyed) {
  Vocabulary vocabulary = small_vocabulary({start("a")});
  EXPECT_EQ(*must_create(vocabulary)->encode("a", {}), (Ids{2, 5, 3}));
  // As converters write a template with one SEP at its end.
  vocabulary.add_bos_token = true;
  vocabulary.add_eos_token = true;
  vocabulary.add_sep_token = false;
  vocabulary.seperator_token_id = 3;
  vocabulary.eos_token_id = 3;
  EXPECT_EQ(*must_create(vocabulary)->encode("a", {}), (Ids{2, 5, 3}));
  vocabulary.add_eos_token = false;
  vocabulary.add_bos_token = false;
  EXPECT_EQ(*must_create(vocabulary)->encode("a", {}), (Ids{5}));
  vocabulary.add_sep_token = true;
  vocabulary.seperator_token_id = 4;
  EXPECT_EQ(*must_create(vocabulary)->encode("a", {}), (Ids{5, 4}));
}

TEST(WordPiece, CaseAndAccentsAsTheFileSays) {
  Vocabulary vocabulary = small_vocabulary({start("e"), start("é"), start("E"), start("É")});
  vocabulary.normalizer_lowercase = false;
  EXPECT_EQ(encode(*must_create(vocabulary), "e é E É e\u0301"), (Ids{5, 6, 7, 8, 1}));
  vocabulary.normalizer_lowercase = true;
  EXPECT_EQ(encode(*must_create(vocabulary), "e é E É e\u0301"), (Ids{5, 5, 5, 5, 5}));
  vocabulary.normalizer_strip_accents = false;
  EXPECT_EQ(encode(*must_create(vocabulary), "e é E É"), (Ids{5, 6, 5, 6}));
}

TEST(WordPiece, WithoutUnknownTokenAForeignWordIsRefused) {
  Vocabulary vocabulary = small_vocabulary({start("a")});
  vocabulary.tokens[1] = "q";
  const auto tokenizer = must_create(std::move(vocabulary));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_TRUE(tokenizer->encode("a", {}));
  const auto ids = tokenizer->encode("a zebra", {});
  ASSERT_FALSE(ids);
  EXPECT_NE(ids.error().message.find("zebra"), std::string::npos) << ids.error().message;
}

TEST(WordPiece, AnyBytesAreAccepted) {
  const auto tokenizer = must_create(vocabulary_of(read_golden("wordpiece_uncased.json")));
  ASSERT_NE(tokenizer, nullptr);
  Random random(4);
  for (int round = 0; round < 300; round++) {
    const auto ids = tokenizer->encode(random.text(60), {});
    ASSERT_TRUE(ids);
    EXPECT_EQ(ids->front(), tokenizer->bos());
    EXPECT_EQ(ids->back(), tokenizer->eos());
  }
}

TEST(WordPiece, TimeIsLinear) {
  const auto tokenizer = must_create(small_vocabulary({start("a"), "a", "aa", start("!")}));
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_EQ(encode(*tokenizer, std::string(1'000'000, 'a')), (Ids{1})) << "a word this long is unknown";
  EXPECT_EQ(encode(*tokenizer, std::string(1'000'000, ' ')), Ids{});
  EXPECT_EQ(encode(*tokenizer, std::string(1'000'000, '!')), Ids(1'000'000, 8));
  EXPECT_EQ(encode(*tokenizer, std::string(100, 'a')).size(), 1u + 49u + 1u);
}

}  // namespace
}  // namespace ingot::core::test
