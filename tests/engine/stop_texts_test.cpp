#include "engine/stop_texts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ingot::core {
namespace {

// What is shown when text arrives in pieces of n_bytes, and whether a stop text was found.
std::string shown(const std::vector<std::string>& stops, const std::string& text, size_t n_bytes, bool* out_found) {
  StopTexts matcher = StopTexts::create(stops).value();
  std::string result;
  for (size_t start = 0; start < text.size() && !matcher.found(); start += n_bytes) {
    result += matcher.push(text.substr(start, n_bytes));
  }
  if (!matcher.found()) result += matcher.flush();
  *out_found = matcher.found();
  return result;
}

// The definition, without any cleverness: the first position at which some stop text is complete, and of those that
// end there the longest.
std::string expected(const std::vector<std::string>& stops, const std::string& text, bool* out_found) {
  for (size_t end = 1; end <= text.size(); ++end) {
    size_t longest = 0;
    for (const std::string& stop : stops) {
      if (stop.size() <= end && text.compare(end - stop.size(), stop.size(), stop) == 0) {
        longest = std::max(longest, stop.size());
      }
    }
    if (longest > 0) {
      *out_found = true;
      return text.substr(0, end - longest);
    }
  }
  *out_found = false;
  return text;
}

TEST(StopTexts, ShowEverythingWhenThereAreNone) {
  StopTexts matcher = StopTexts::create({}).value();
  EXPECT_EQ(matcher.push("hello"), "hello");
  EXPECT_EQ(matcher.flush(), "");
}

TEST(StopTexts, HoldBackOnlyWhatMayBecomeOne) {
  StopTexts matcher = StopTexts::create({"\nUser:"}).value();
  EXPECT_EQ(matcher.push("fine.\n"), "fine.");
  EXPECT_EQ(matcher.push("Us"), "");
  EXPECT_EQ(matcher.push("ually\n"), "\nUsually");
  EXPECT_EQ(matcher.push("User"), "");
  EXPECT_EQ(matcher.push(": and more"), "");
  EXPECT_TRUE(matcher.found());
}

TEST(StopTexts, FindOneThatBeginsInsideAFalseStart) {
  bool found = false;
  EXPECT_EQ(shown({"aab"}, "aaab", 1, &found), "a");
  EXPECT_TRUE(found);
}

TEST(StopTexts, TheOneThatIsCompleteFirstWins) {
  bool found = false;
  EXPECT_EQ(shown({"abcd", "bc"}, "xabcd", 5, &found), "xa");
  EXPECT_TRUE(found);
}

TEST(StopTexts, OfTwoThatEndTogetherTheLongerIsRemoved) {
  bool found = false;
  EXPECT_EQ(shown({"c", "abc"}, "xabc", 4, &found), "x");
}

TEST(StopTexts, AgreeWithTheDefinitionHoweverTheTextIsCut) {
  // Every text of nine letters over {a, b}, in pieces of one to four.
  const std::vector<std::vector<std::string>> sets = {{"ab"},          {"aab", "bb"},    {"abab"}, {"aaa", "bab", "ba"},
                                                      {"abba", "bba"}, {"aaaa", "abaab"}};
  for (const auto& stops : sets) {
    for (int bits = 0; bits < 512; ++bits) {
      std::string text;
      for (int letter = 0; letter < 9; ++letter) text += ((bits >> letter) & 1) != 0 ? 'b' : 'a';
      bool expect_found = false;
      const std::string expect = expected(stops, text, &expect_found);
      for (size_t n_bytes = 1; n_bytes <= 4; ++n_bytes) {
        bool found = false;
        ASSERT_EQ(shown(stops, text, n_bytes, &found), expect) << text << " in pieces of " << n_bytes;
        ASSERT_EQ(found, expect_found);
      }
    }
  }
}

TEST(StopTexts, AnEmptyOneIsAnError) {
  EXPECT_FALSE(StopTexts::create({"a", ""}).has_value());
}

TEST(StopTexts, TakeTimeLinearInTheText) {
  // A naive search would compare a million bytes at each of two million positions.
  std::vector<std::string> stops(1, std::string(1000000, 'a'));
  stops[0].push_back('b');
  StopTexts matcher = StopTexts::create(stops).value();
  std::string result;
  for (int piece = 0; piece < 20; ++piece) result += matcher.push(std::string(100000, 'a'));
  result += matcher.flush();
  EXPECT_EQ(result.size(), 2000000u);
}

}  // namespace
}  // namespace ingot::core
