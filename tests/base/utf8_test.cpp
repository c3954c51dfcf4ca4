#include "base/utf8.h"

#include <gtest/gtest.h>

namespace ingot::core {
namespace {

TEST(Utf8, AcceptsWellFormedText) {
  for (const char* text :
       {"", "abc", "\u00e9", "\u4e2d", "\U0001F600", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8, WritesTheFirstAndLastCharacterOfEachLength) {
  std::string text;
  for (const uint32_t code_point :
       {0x00u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    append_utf8(code_point, text);
  }
  const char expected[] =
      "\x00\x7F"
      "\xC2\x80"
      "\xDF\xBF"
      "\xE0\xA0\x80"
      "\xED\x9F\xBF"
      "\xEE\x80\x80"
      "\xEF\xBF\xBF"
      "\xF0\x90\x80\x80"
      "\xF4\x8F\xBF\xBF";
  EXPECT_EQ(text, std::string_view(expected, sizeof(expected) - 1));
  EXPECT_TRUE(is_utf8(text));
}

TEST(Utf8, ReplacesWhatIsNotWellFormed) {
  EXPECT_EQ(well_formed("a\u00e9\U0001F600"), "a\u00e9\U0001F600");
  EXPECT_EQ(well_formed("\xE4\xB8z\xFF"), "\uFFFD\uFFFDz\uFFFD");
  EXPECT_EQ(well_formed(""), "");
}

TEST(Utf8, RefusesWhatUnicodeRefuses) {
  const char* const broken[] = {
      "\x80",              // a continuation alone
      "\xC3",              // cut off
      "\xE4\xB8",          // cut off
      "\xF0\x9F\x98",      // cut off
      "\xC3(",             // a lead byte without its continuation
      "\xC0\xAF",          // overlong
      "\xC1\xBF",          // overlong
      "\xE0\x80\xAF",      // overlong
      "\xF0\x80\x80\xAF",  // overlong
      "\xED\xA0\x80",      // surrogate
      "\xF4\x90\x80\x80",  // above U+10FFFF
      "\xF5\x80\x80\x80",
      "\xFF",
      "abc\xFE",
  };
  for (const char* text : broken) EXPECT_FALSE(is_utf8(text)) << printable(text);
}

TEST(Utf8, PrintsNamesOnOneLineWithoutTerminalCodes) {
  EXPECT_EQ(printable("blk.0.attn_q.weight"), "blk.0.attn_q.weight");
  EXPECT_EQ(printable("\u00e9\u4e2d"), "\u00e9\u4e2d");
  EXPECT_EQ(printable("a\nb\x1b[31m"), "a\\x0ab\\x1b[31m");
  EXPECT_EQ(printable("\xC2\x9B"), "\\xc2\\x9b");  // CSI in one character
  EXPECT_EQ(printable("\xFFz"), "\\xffz");
  EXPECT_EQ(printable("a\\b"), "a\\\\b");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(Utf8, ShortensLongNamesBetweenCharacters) {
  EXPECT_EQ(printable("abcdef", 4), "abcd...");
  EXPECT_EQ(printable("abcd", 4), "abcd");
  EXPECT_EQ(printable("ab\u4e2d", 4), "ab...");
}

}  // namespace
}  // namespace ingot::core
