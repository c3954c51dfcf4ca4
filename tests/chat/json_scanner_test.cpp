#include "chat/json_scanner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "chat/call_object.h"

namespace ingot::core {
namespace {

// A space behind ends a number at the outermost level.
bool accepts(std::string_view text) {
  JsonScanner scanner;
  return std::all_of(text.begin(), text.end(), [&](char byte) { return scanner.push(byte); }) && scanner.push(' ') &&
         scanner.done();
}

TEST(JsonScanner, AgreesWithAnotherParser) {
  const char* texts[] = {
      "{}",
      "[]",
      "{\"a\":1}",
      " { \"a\" : [ 1 , 2.5e-3 , -0 , true , false , null ] } ",
      "\"\"",
      "0",
      "-1.5E+10",
      "[[[]]]",
      "{\"a\":{\"b\":{}}}",
      R"("\"\\\/\b\f\n\r\t\u0041\ud83d\uDE00")",
      "\"東京 é 🎉\"",
      "\"\x7f\"",
      // and what is none
      "",
      "{",
      "}",
      "[1,]",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{a:1}",
      "{'a':1}",
      "[1 2]",
      "01",
      "-",
      "+1",
      ".5",
      "1.",
      "1e",
      "1e+",
      "0x10",
      "tru",
      "truee",
      "nul",
      "NaN",
      "[}",
      "{]",
      "]",
      "\"",
      "\"\n\"",
      "\"\t\"",
      "\"\\x\"",
      "\"\\u12\"",
      R"("\ud800")",
      R"("\udc00")",
      R"("\ud800\u0041")",
      R"("\ud800x")",
      "\"\x80\"",
      "\"\xc0\xaf\"",
      "\"\xed\xa0\x80\"",
      "\"\xf5\x80\x80\x80\"",
      "\"\xe2\x82\"",
      "{} {}",
      "1 1",
      "[\"a\":1]",
      "{\"a\":1 \"b\":2}",
      "{,}",
      "[,]",
      "{\"a\":1]",
      "--1",
      "1-",
      "1.5.5",
      "{\"a\" \"b\"}",
      "/**/{}",
      "\xef\xbb\xbf x",
  };
  for (const char* text : texts) EXPECT_EQ(accepts(text), nlohmann::json::accept(text)) << text;
}

// Every beginning of a JSON text is accepted, and the first byte that cannot follow is refused.
TEST(JsonScanner, RefusesTheFirstByteThatDoesNotFit) {
  const std::string text = R"({"key": [1.25e+3, "a\u00e9é", true, null], "b": {}})";
  for (size_t n_bytes = 0; n_bytes < text.size(); ++n_bytes) {
    JsonScanner scanner;
    for (size_t index = 0; index < n_bytes; ++index) ASSERT_TRUE(scanner.push(text[index])) << index;
    EXPECT_FALSE(scanner.done());
    EXPECT_FALSE(scanner.push('\x01')) << "a control character fits nowhere, here behind " << text.substr(0, n_bytes);
    EXPECT_FALSE(scanner.push(' ')) << "a refusal is for good";
  }
}

TEST(JsonScanner, BoundsTheDepth) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(accepts(nested(JsonScanner::kMaxDepth)));
  EXPECT_FALSE(accepts(nested(JsonScanner::kMaxDepth + 1)));
  std::string objects;
  for (size_t depth = 0; depth < JsonScanner::kMaxDepth; ++depth) objects += "{\"a\":";
  EXPECT_TRUE(accepts(objects + "1" + std::string(JsonScanner::kMaxDepth, '}')));
  EXPECT_FALSE(accepts(objects + "{"));
}

TEST(JsonScanner, TellsAnObjectFromOtherValues) {
  EXPECT_TRUE(is_json_object("{\"a\":1}"));
  EXPECT_FALSE(is_json_object("[1]"));
  EXPECT_FALSE(is_json_object("{}{}"));
  EXPECT_FALSE(is_json_object(""));
}

}  // namespace
}  // namespace ingot::core
