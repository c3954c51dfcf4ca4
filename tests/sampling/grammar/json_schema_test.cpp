#include "sampling/grammar/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/cpu_time.h"
#include "constrained_text.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const Automaton> schema(std::string_view text) {
  const auto parsed = parse_json_schema(text);
  EXPECT_TRUE(parsed.has_value()) << text << ": " << parsed.error().message;
  if (!parsed) return nullptr;
  const auto automaton = Automaton::compile(parsed->syntax, parsed->root);
  EXPECT_TRUE(automaton.has_value()) << text << ": " << automaton.error().message;
  return automaton ? *automaton : nullptr;
}

std::string refusal(std::string_view text) {
  const auto parsed = parse_json_schema(text);
  if (!parsed) return parsed.error().message;
  const auto automaton = Automaton::compile(parsed->syntax, parsed->root);
  return automaton ? "accepted" : automaton.error().message;
}

void expect(std::string_view text, const std::vector<std::string>& valid, const std::vector<std::string>& invalid) {
  const auto automaton = schema(text);
  ASSERT_NE(automaton, nullptr);
  for (const std::string& instance : valid) EXPECT_EQ(match(automaton, instance), Match::kWhole) << text << instance;
  for (const std::string& instance : invalid) EXPECT_NE(match(automaton, instance), Match::kWhole) << text << instance;
}

std::string quoted(size_t n_characters) {
  return fmt::format("\"{}\"", std::string(n_characters, 'x'));
}

TEST(JsonSchema, TypesAndFreeJson) {
  expect("true", {"1", "-0.5e+7", "\"a\\u00e9\\n\"", "[]", "{\"a\": [1, {\"b\":null}]}", "{\n  \"a\": 1\n}"},
         {"", "01", "1.", "'a'", "[1,]", "{a:1}", "\"\\ud800\"", "\"\n\"", " 1", "1 ", "+1"});
  expect(R"({"type": ["integer", "null"]})", {"12", "-3", "null"}, {"1.5", "\"1\"", "true"});
  expect(R"({"type": "boolean"})", {"true", "false"}, {"null", "0"});
}

TEST(JsonSchema, NumbersWithinBounds) {
  expect(R"({"type": "integer", "minimum": -17, "exclusiveMaximum": 300})", {"-17", "-1", "0", "-0", "99", "299"},
         {"-18", "300", "1000", "-100", "1.0"});
  expect(R"({"type": "integer", "minimum": 1.5, "maximum": 9.5})", {"2", "9"}, {"1", "10", "0", "-5"});
  expect(R"({"type": "number", "minimum": -1.25, "maximum": 0.75})", {"-1.25", "-1.2", "0.750", "-0", "0.0", "0.7"},
         {"-1.26", "-1.251", "0.751", "1", "-2", "1e-1"});
  expect(R"({"type": "number", "exclusiveMinimum": 0})", {"0.001", "7"}, {"0", "0.0", "-0", "-1"});
  expect(R"({"type": "integer", "multipleOf": 12, "minimum": 100})", {"108", "1200"}, {"96", "109", "-12"});
}

TEST(JsonSchema, Strings) {
  expect(R"({"type": "string", "minLength": 2, "maxLength": 3})",
         {"\"ab\"", "\"\xC3\xA9\xF0\x9F\x98\x80\\n\"", "\"\\u00e9\\\"\""}, {"\"a\"", "\"abcd\"", "\"\""});
  expect(R"({"type": "string", "minLength": 600, "maxLength": 1100})", {quoted(600), quoted(1100), quoted(1024)},
         {quoted(599), quoted(1101)});
  expect(R"({"type": "string", "pattern": "^(a|b[0-9]{2})+$"})", {"\"ab12a\""}, {"\"\"", "\"ab1\"", "\"xab12\""});
  expect(R"({"type": "string", "pattern": "q\\d"})", {"\"q1\"", "\"a q7 z\""}, {"\"q\"", "\"1q\""});
  expect(R"({"type": "string", "pattern": "^a|b$", "maxLength": 3})", {"\"axx\"", "\"xxb\""}, {"\"xax\"", "\"abbx\""});
  expect(R"({"type": "string", "pattern": "^[\"\\\\\\n]$"})", {"\"\\\"\"", "\"\\\\\"", "\"\\n\""}, {"\"n\"", "\"\"\""});
  expect(R"({"type": "string", "format": "date"})", {"\"2024-02-29\"", "\"1999-12-31\""},
         {"\"2023-02-29\"", "\"1900-02-29\"", "\"2024-13-01\"", "\"2024-04-31\""});
}

TEST(JsonSchema, ObjectsInTheOrderOfTheSchema) {
  constexpr const char* kSchema = R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "null"}},
      "required": ["b"], "additionalProperties": {"type": "boolean"}})";
  expect(kSchema, {R"({"a":1,"b":null})", R"({"b": null, "c": true, "ab": false})", "{\n  \"b\": null\n}"},
         {R"({"b":null,"a":1})", "{}", R"({"a":1})", R"({"b":null,"c":1})", R"({"b":null,"b":null})",
          R"({"b":null,"a":true})", R"({"b":null,"\u0061":true})"});
  expect(R"({"type": "object", "additionalProperties": false})", {"{}"}, {R"({"a":1})", "{ }"});
  expect(R"({"type": "object", "patternProperties": {"^n": {"type": "integer"}}, "additionalProperties": false})",
         {R"({"n":1,"nx":2})", "{}"}, {R"({"n":true})", R"({"m":1})"});
  expect(R"({"type": "object", "properties": {"a": true, "b": true, "c": true}, "additionalProperties": false,
             "minProperties": 1, "maxProperties": 2})",
         {R"({"a":1})", R"({"a":1,"c":2})"}, {"{}", R"({"a":1,"b":2,"c":3})"});
  expect(R"({"type": "object", "propertyNames": {"maxLength": 1}})", {R"({"a":1})"}, {R"({"ab":1})"});
}

TEST(JsonSchema, Arrays) {
  expect(R"({"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "integer"}, "minItems": 1,
             "maxItems": 3})",
         {"[\"a\"]", "[\"a\", 1]", "[\"a\",1,2]", "[\n  \"a\",\n  1\n]"},
         {"[]", "[1]", "[\"a\",1,2,3]", "[\"a\",\"b\"]"});
  expect(R"({"type": "array", "items": false})", {"[]"}, {"[1]"});
}

TEST(JsonSchema, Combinations) {
  expect(R"({"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 5}]})", {"3", "5"}, {"2", "6", "\"3\""});
  expect(R"({"anyOf": [{"type": "string"}, {"minimum": 10}], "type": ["string", "integer"]})", {"\"x\"", "10"}, {"9"});
  expect(R"({"oneOf": [{"type": "object", "properties": {"k": {"const": "a"}}, "required": ["k"]},
                       {"type": "object", "properties": {"k": {"enum": ["b", "c"]}}, "required": ["k"]}]})",
         {R"({"k":"a"})", R"({"k":"c","x":1})"}, {R"({"k":"d"})", "{}"});
  expect(R"({"enum": ["a", 2, {"x": [1]}, 3], "not": {"type": "integer"}})", {"\"a\"", R"({"x": [1]})"}, {"2", "3"});
  expect(R"({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "array", "items": {"$ref": "#/$defs/a~1b"}}}})",
         {"[]", "[[], [[]]]"}, {"[1]"});
}

// Alternatives beside other keywords, at every place where they can stand.
TEST(JsonSchema, AlternativesInsideAllOf) {
  for (const char* text : {R"({"type": "object", "allOf": [{"anyOf": [{"maxProperties": 1}, {"required": ["k"]}]}]})",
                           R"({"allOf": [{"anyOf": [{"maxProperties": 1}, {"required": ["k"]}]}, {"type": "object"}]})",
                           R"({"$ref": "#/$defs/a", "type": "object",
                               "$defs": {"a": {"anyOf": [{"maxProperties": 1}, {"required": ["k"]}]}}})"}) {
    expect(text, {"{}", R"({"a":1})", R"({"k":1,"a":2})"}, {R"({"a":1,"b":2})", "1"});
  }
  expect(R"({"allOf": [{"oneOf": [{"const": 1}, {"const": 2}]}, {"oneOf": [{"const": 2}, {"const": 3}]}]})", {"2"},
         {"1", "3"});
  EXPECT_THAT(refusal(R"({"type": "integer", "allOf": [{"oneOf": [{"const": 1}, {"type": "integer"}]}]})"),
              HasSubstr("#/allOf/0/oneOf"));
}

TEST(JsonSchema, RefusesWhatItDoesNotSupportByNameAndPlace) {
  EXPECT_THAT(refusal(R"({"properties": {"a": {"contains": {}}}})"),
              HasSubstr("#/properties/a/contains: the keyword \"contains\" is not supported"));
  EXPECT_THAT(refusal(R"({"if": {}})"), HasSubstr("#/if: the keyword \"if\""));
  EXPECT_THAT(refusal(R"({"maxItem": 3})"), HasSubstr("the keyword \"maxItem\""));
  EXPECT_THAT(refusal(R"({"type": "array", "uniqueItems": true})"), HasSubstr("#/uniqueItems"));
  EXPECT_THAT(refusal(R"({"type": "string", "format": "uri"})"), HasSubstr("the format \"uri\" is not supported"));
  EXPECT_THAT(refusal(R"({"type": "string", "pattern": "(?=a)b"})"), HasSubstr("look-around"));
  EXPECT_THAT(refusal(R"({"type": "string", "pattern": "(a)\\1"})"), HasSubstr("back-references"));
  EXPECT_THAT(refusal(R"({"oneOf": [{"minimum": 3}, {"maximum": 5}], "type": "integer"})"), HasSubstr("#/oneOf"));
  EXPECT_THAT(refusal(R"({"$ref": "https://example.com/x"})"), HasSubstr("other documents"));
  EXPECT_THAT(refusal(R"({"multipleOf": 0.01, "type": "number"})"),
              HasSubstr("\"multipleOf\" is supported for integers"));
  EXPECT_THAT(refusal(R"({"minProperties": 3, "type": "object"})"), HasSubstr("#/minProperties"));
  EXPECT_THAT(refusal(R"({"not": {"required": ["a"]}})"), HasSubstr("#/not"));
  EXPECT_THAT(refusal(R"({"type": "array", "items": [{}]})"), HasSubstr("#/items: expected a schema"));
}

// A branch that holds for a value of another one is no choice: 1 is both here.
TEST(JsonSchema, DoesNotTakeAnOverlapForAnAlternative) {
  EXPECT_THAT(refusal(R"({"oneOf": [{"const": 1}, {"type": "integer"}]})"), HasSubstr("#/oneOf"));
}

TEST(JsonSchema, ErrorsOfTheSchemaItself) {
  EXPECT_THAT(refusal("{\"type\": "), HasSubstr("the schema is no JSON: line 1"));
  EXPECT_THAT(refusal(R"({"a": 1, "a": 2})"), HasSubstr("has the key \"a\" twice"));
  EXPECT_THAT(refusal(R"({"type": "text"})"), HasSubstr("#/type: expected null"));
  EXPECT_THAT(refusal("3"), HasSubstr("#: expected a schema"));
  EXPECT_THAT(refusal(R"({"$ref": "#/nowhere"})"), HasSubstr("there is no \"#/nowhere\""));
  EXPECT_THAT(refusal(R"({"$ref": "#"})"), HasSubstr("only itself again"));
  EXPECT_THAT(refusal(R"({"anyOf": [{"$ref": "#"}, {"type": "null"}]})"), HasSubstr("itself"));
  EXPECT_THAT(refusal("false"), HasSubstr("matches no finite text"));
  EXPECT_THAT(refusal(R"({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]})"),
              HasSubstr("matches no finite text"));
}

TEST(JsonSchema, BoundsAreErrorsAndFast) {
  const double start = thread_cpu_seconds();
  EXPECT_THAT(refusal(std::string(100000, '[')), HasSubstr("nested deeper than 128"));
  std::string nested;
  for (int level = 0; level < 100000; ++level) nested += R"({"items":)";
  EXPECT_THAT(refusal(nested), HasSubstr("nested deeper than 128"));
  std::string product = R"({"type": "object", "allOf": [)";
  for (int part = 0; part < 30; ++part) {
    product += fmt::format(R"({}{{"anyOf": [{{"maxProperties": {}}}, {{"minLength": {}}}]}})", part > 0 ? "," : "",
                           100 + part, part);
  }
  EXPECT_THAT(refusal(product + "]}"), HasSubstr("the schema combines too much"));
  EXPECT_THAT(refusal(R"({"type": "string", "pattern": "^(.*a.{30})$"})"), HasSubstr("too complex"));
  EXPECT_THAT(refusal(R"({"type": "string", "pattern": "((a{5000}){5000}){5000}"})"), HasSubstr("more than"));
  const double taken = thread_cpu_seconds() - start;
  EXPECT_LT(taken, 30.0);
}

}  // namespace
}  // namespace ingot::core
