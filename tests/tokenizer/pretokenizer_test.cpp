#include "tokenizer/pretokenizer.h"

#include <gtest/gtest.h>

#include <sstream>

#include "base/cpu_time.h"
#include "base/sanitizer.h"
#include "golden.h"

namespace ingot::core {
namespace {

Pretokenizer make(std::string_view name) {
  const PretokenizerSpec* spec = find_pretokenizer(name);
  EXPECT_NE(spec, nullptr) << name;
  auto pretokenizer = Pretokenizer::create(*spec);
  EXPECT_TRUE(pretokenizer) << name << ": " << (pretokenizer ? "" : pretokenizer.error().message);
  return std::move(*pretokenizer);
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  std::stringstream list(pretokenizer_names());
  for (std::string name; std::getline(list, name, ',');) names.push_back(name.substr(name.find_first_not_of(' ')));
  return names;
}

std::vector<std::string> words(const Pretokenizer& pretokenizer, std::string_view text) {
  std::vector<std::string> found;
  uint32_t start = 0;
  const std::vector<uint32_t> ends = pretokenizer.split(text).value();
  for (const uint32_t end : ends) {
    found.emplace_back(text.substr(start, end - start));
    start = end;
  }
  return found;
}

TEST(PretokenizerTest, CutsWhereHuggingFaceCuts) {
  const nlohmann::json golden = test::read_golden("splits.json");
  const auto texts = golden.at("texts").get<std::vector<std::string>>();
  ASSERT_GT(golden.at("ends").size(), 20u);
  for (const auto& [name, ends] : golden.at("ends").items()) {
    const Pretokenizer pretokenizer = make(name);
    for (size_t index = 0; index < texts.size(); index++) {
      EXPECT_EQ(pretokenizer.split(texts[index]).value(), ends[index].get<std::vector<uint32_t>>())
          << name << ", text " << index << ": " << texts[index];
    }
  }
}

TEST(PretokenizerTest, EveryNameCompilesAndCoversTheText) {
  const std::vector<std::string> names = all_names();
  EXPECT_EQ(names.size(), 87u);
  test::Random random(1);
  for (const std::string& name : names) {
    const Pretokenizer pretokenizer = make(name);
    EXPECT_TRUE(pretokenizer.split("").value().empty()) << name;
    for (int round = 0; round < 50; round++) {
      const std::string text = random.text(1 + random.below(20));
      const std::vector<uint32_t> ends = pretokenizer.split(text).value();
      ASSERT_FALSE(ends.empty());
      EXPECT_EQ(ends.back(), text.size()) << name;
      for (size_t word = 0; word < ends.size(); word++) ASSERT_LT(word == 0 ? 0 : ends[word - 1], ends[word]) << name;
    }
  }
}

TEST(PretokenizerTest, BytesOutsideUtf8AreControlCharacters) {
  const Pretokenizer llama = make("llama-bpe");
  EXPECT_EQ(words(llama, "ab\xFF\xFE cd"), (std::vector<std::string>{"ab", "\xFF\xFE", " cd"}));
  // A character cut short is no letter, its bytes are not lost, and the letter after it keeps its prefix.
  EXPECT_EQ(words(llama, "caf\xC3 x"), (std::vector<std::string>{"caf", "\xC3", " x"}));
  EXPECT_EQ(words(llama,
                  "\xE4\xB8"
                  "b"),
            (std::vector<std::string>{"\xE4\xB8", "b"}));
}

// U+180E is a format character since Unicode 6.3; PCRE2's own \s still takes it for a space.
TEST(PretokenizerTest, SpaceIsUnicodesWhiteSpace) {
  const Pretokenizer gpt2 = make("gpt-2");
  EXPECT_EQ(words(gpt2, "\u180E\u180E"), (std::vector<std::string>{"\u180E\u180E"}));
  EXPECT_EQ(words(gpt2, "a\u180E\u180Eb"), (std::vector<std::string>{"a", "\u180E\u180E", "b"}));
  EXPECT_EQ(words(gpt2, "a\u3000\u3000b"), (std::vector<std::string>{"a", "\u3000", "\u3000", "b"}));
}

TEST(PretokenizerTest, LinesOfCharacterVocabularies) {
  EXPECT_EQ(words(make("gemma4"), "ab c\n\n\nd\r\n"), (std::vector<std::string>{"ab c", "\n\n\n", "d\r", "\n"}));
}

TEST(PretokenizerTest, DigitGroupsFromTheRight) {
  EXPECT_EQ(words(make("afmoe"), "1234567 12"), (std::vector<std::string>{"1", "234", "567", " ", "12"}));
  EXPECT_EQ(words(make("superbpe"), "a b 1234 c d"), (std::vector<std::string>{"a b ", "1", "234", " c d"}));
  EXPECT_EQ(words(make("tiny_aya"), "1234 1234x"), (std::vector<std::string>{"1", "234", " ", "123", "4", "x"}));
}

TEST(PretokenizerTest, ALongRunTakesLinearTime) {
  const std::vector<std::string> parts{"a",  "A",  " ",    "\n",  "1",  "!",      "\t",   "'",  "\u4E2D",    "\u0301",
                                       "aA", "a ", "\r\n", " \n", "1,", "\u3000", "\xFF", "'s", "<sentinel:"};
  for (const std::string& name : all_names()) {
    const Pretokenizer pretokenizer = make(name);
    for (const std::string& part : parts) {
      std::string text;
      for (int count = 0; count < 100'000 / kSizeDivisor; count++) text += part;
      text += "x";
      const double start = thread_cpu_seconds();
      ASSERT_TRUE(pretokenizer.split(text)) << name << " " << part;
      const double seconds = thread_cpu_seconds() - start;
      // Linear time is below 0.1 s; what is quadratic takes far more than this.
      EXPECT_LT(seconds, 5.0) << name << ": "
                              << nlohmann::json(part).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    }
  }
}

}  // namespace
}  // namespace ingot::core
