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
