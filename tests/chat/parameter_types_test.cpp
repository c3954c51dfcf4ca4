#include "chat/parameter_types.h"

#include <gtest/gtest.h>

namespace ingot::core {
namespace {

TEST(ParameterTypes, ReadsTheSchemasOfTools) {
  const auto types = ParameterTypes::create(R"([
    {"type": "function", "function": {"name": "f", "parameters": {"properties": {"s": {"type": "string"}, "n": {"type": "number"}, "u": {}}}}},
    {"name": "g", "parameters": {"properties": {"s": {"type": ["string", "null"]}, "t": {"type": "string"}}}},
    {"name": 1}, 5, {}, {"function": []}, {"name": "h", "parameters": {"properties": [1]}}
  ])");
  ASSERT_TRUE(types);
  EXPECT_TRUE(types->is_string("f", "s"));
  EXPECT_FALSE(types->is_string("f", "n"));
  EXPECT_FALSE(types->is_string("f", "u"));
  EXPECT_FALSE(types->is_string("g", "s"));
  EXPECT_TRUE(types->is_string("g", "t"));
  EXPECT_FALSE(types->is_string("none", "s"));
}

TEST(ParameterTypes, RefusesWhatIsNoList) {
  EXPECT_TRUE(ParameterTypes::create(""));
  EXPECT_TRUE(ParameterTypes::create("[]"));
  for (const char* text : {"{}", "[", "null", "nonsense"}) {
    const auto types = ParameterTypes::create(text);
    ASSERT_FALSE(types) << text;
    EXPECT_EQ(types.error().message, "the tools of a request are expected as a JSON list of objects");
  }
}

TEST(ParameterTypes, MakesJsonOfText) {
  EXPECT_EQ(json_of_parameter("5", false), "5");
  EXPECT_EQ(json_of_parameter("5", true), "\"5\"");
  EXPECT_EQ(json_of_parameter("-1.5e3", false), "-1.5e3");
  EXPECT_EQ(json_of_parameter("1.", false), "\"1.\"");
  EXPECT_EQ(json_of_parameter("True", false), "true");
  EXPECT_EQ(json_of_parameter("None", false), "null");
  EXPECT_EQ(json_of_parameter("None", true), "\"None\"");
  EXPECT_EQ(json_of_parameter("{\"a\": [1]}", false), "{\"a\": [1]}");
  EXPECT_EQ(json_of_parameter("{\"a\": [1}", false), R"("{\"a\": [1}")");
  EXPECT_EQ(json_of_parameter("\"a\"", false), R"("\"a\"")");
  EXPECT_EQ(json_of_parameter("", false), "\"\"");
  EXPECT_EQ(json_of_parameter("é\n", false), "\"é\\n\"");
  EXPECT_EQ(json_of_parameter("\xff", false), std::nullopt);
}

}  // namespace
}  // namespace ingot::core
