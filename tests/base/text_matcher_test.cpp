#include "base/text_matcher.h"

#include <gtest/gtest.h>

namespace ingot::core {
namespace {

// Where occurrences end.
std::vector<size_t> ends(std::string_view text, std::string_view in) {
  TextMatcher matcher(text);
  std::vector<size_t> found;
  for (size_t at = 0; at < in.size(); ++at) {
    if (matcher.step(in[at])) found.push_back(at + 1);
  }
  return found;
}

TEST(TextMatcher, FindsWhatAPlainSearchFinds) {
  for (const std::string_view in : {"abababcabab", "aaaaaa", "abcabdabcabcabd", ""}) {
    for (const std::string_view text : {"a", "aa", "abab", "abcabd", "aab", "xyz"}) {
      std::vector<size_t> expected;
      for (size_t at = in.find(text); at != std::string_view::npos; at = in.find(text, at + 1)) {
        expected.push_back(at + text.size());
      }
      EXPECT_EQ(ends(text, in), expected) << text << " in " << in;
    }
  }
}

TEST(TextMatcher, CountsWhatHasMatched) {
  TextMatcher matcher("aab");
  for (const char byte : std::string_view("xaaa")) matcher.step(byte);
  EXPECT_EQ(matcher.n_matched(), 2u);
  matcher.reset();
  EXPECT_EQ(matcher.n_matched(), 0u);
}

}  // namespace
}  // namespace ingot::core
