#include "gguf/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "gguf/small_model.h"

namespace ingot::core {
namespace {

using test::GgufBuilder;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

GgufMetadata metadata_of(const GgufBuilder& builder) {
  auto file = test::parse(builder.build());
  EXPECT_TRUE(file) << file.error().message;
  return file ? file->metadata() : GgufMetadata();
}

TEST(Metadata, ReadsScalarsOfEveryType) {
  GgufBuilder builder;
  builder.number<uint8_t>("u8", 255).number<int8_t>("i8", -128);
  builder.number<uint16_t>("u16", 65535).number<int16_t>("i16", -32768);
  builder.number<uint32_t>("u32", 4294967295u).number<int32_t>("i32", std::numeric_limits<int32_t>::min());
  builder.number<uint64_t>("u64", 9223372036854775807u).number<int64_t>("i64", std::numeric_limits<int64_t>::min());
  builder.number<float>("f32", 0.1f).number<double>("f64", 0.1);
  builder.number<bool>("yes", true).number<bool>("no", false);
  builder.text("text", std::string_view("a\0b", 3));
  const GgufMetadata metadata = metadata_of(builder);
  EXPECT_EQ(metadata.get_int("u8").value(), 255);
  EXPECT_EQ(metadata.get_int("i8").value(), -128);
  EXPECT_EQ(metadata.get_int("u16").value(), 65535);
  EXPECT_EQ(metadata.get_int("i16").value(), -32768);
  EXPECT_EQ(metadata.get_int("u32").value(), 4294967295);
  EXPECT_EQ(metadata.get_int("i32").value(), std::numeric_limits<int32_t>::min());
  EXPECT_EQ(metadata.get_int("u64").value(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(metadata.get_int("i64").value(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(metadata.get_float("f32").value(), static_cast<double>(0.1f));
  EXPECT_EQ(metadata.get_float("f64").value(), 0.1);
  EXPECT_EQ(metadata.get_bool("yes").value(), true);
  EXPECT_EQ(metadata.get_bool("no").value(), false);
  EXPECT_EQ(metadata.get_string("text").value(), std::string("a\0b", 3));
  EXPECT_EQ(metadata.entries().size(), 13u);
  EXPECT_EQ(metadata.find("u16")->type, GgufType::kUint16);
}

TEST(Metadata, ReadsArraysOfEveryType) {
  GgufBuilder builder;
  builder.numbers<uint8_t>("u8", {0, 255}).numbers<int8_t>("i8", {-1, 1});
  builder.numbers<uint16_t>("u16", {65535}).numbers<int16_t>("i16", {-2});
  builder.numbers<uint32_t>("u32", {4294967295u}).numbers<int32_t>("i32", {-3, 3});
  builder.numbers<uint64_t>("u64", {4}).numbers<int64_t>("i64", {-4});
  builder.numbers<float>("f32", {0.5f, -1}).numbers<double>("f64", {0.1});
  builder.numbers<bool>("bools", {true, false}).texts("texts", {"", "a string of more than sixteen bytes"});
  builder.numbers<int32_t>("none", {}).texts("no texts", {});
  const GgufMetadata metadata = metadata_of(builder);
  EXPECT_THAT(*metadata.get_ints("u8").value(), ElementsAre(0, 255));
  EXPECT_THAT(*metadata.get_ints("i8").value(), ElementsAre(-1, 1));
  EXPECT_THAT(*metadata.get_ints("u16").value(), ElementsAre(65535));
  EXPECT_THAT(*metadata.get_ints("i16").value(), ElementsAre(-2));
  EXPECT_THAT(*metadata.get_ints("u32").value(), ElementsAre(4294967295));
  EXPECT_THAT(*metadata.get_ints("i32").value(), ElementsAre(-3, 3));
  EXPECT_THAT(*metadata.get_ints("u64").value(), ElementsAre(4));
  EXPECT_THAT(*metadata.get_ints("i64").value(), ElementsAre(-4));
  EXPECT_THAT(*metadata.get_floats("f32").value(), ElementsAre(0.5, -1));
  EXPECT_THAT(*metadata.get_floats("f64").value(), ElementsAre(0.1));
  EXPECT_THAT(*metadata.get_bools("bools").value(), ElementsAre(true, false));
  EXPECT_THAT(*metadata.get_strings("texts").value(), ElementsAre("", "a string of more than sixteen bytes"));
  EXPECT_THAT(*metadata.get_ints("none").value(), ElementsAre());
  EXPECT_THAT(*metadata.get_strings("no texts").value(), ElementsAre());
}

TEST(Metadata, TakesAScalarForAnArrayOfOne) {
  GgufBuilder builder;
  builder.number<uint32_t>("count", 7).number<bool>("flag", true);
  const GgufMetadata metadata = metadata_of(builder);
  EXPECT_THAT(*metadata.get_ints("count").value(), ElementsAre(7));
  EXPECT_THAT(*metadata.get_bools("flag").value(), ElementsAre(true));
}

TEST(Metadata, IsEmptyWhereAKeyIsAbsent) {
  const GgufMetadata metadata = metadata_of(GgufBuilder());
  EXPECT_EQ(metadata.find("key"), nullptr);
  EXPECT_FALSE(metadata.get_int("key").value());
  EXPECT_FALSE(metadata.get_float("key").value());
  EXPECT_FALSE(metadata.get_bool("key").value());
  EXPECT_FALSE(metadata.get_string("key").value());
  EXPECT_FALSE(metadata.get_ints("key").value());
  EXPECT_FALSE(metadata.get_floats("key").value());
  EXPECT_FALSE(metadata.get_bools("key").value());
  EXPECT_FALSE(metadata.get_strings("key").value());
}

template <typename T>
void expect_type_error(const Result<T>& result, const char* key, const char* found, const char* expected) {
  ASSERT_FALSE(result) << key << " is no " << expected;
  EXPECT_EQ(result.error().kind, ErrorKind::kInvalidInput);
  EXPECT_EQ(result.error().message, fmt::format("key {}: found {}, expected {}", key, found, expected));
}

TEST(Metadata, NamesKeyAndBothTypesWhereTheyDiffer) {
  GgufBuilder builder;
  builder.number<uint32_t>("int", 1).number<float>("float", 1).number<bool>("bool", true).text("text", "1");
  builder.numbers<uint32_t>("ints", {1}).numbers<float>("floats", {1}).texts("texts", {"1"});
  builder.numbers<bool>("bools", {true});
  const GgufMetadata metadata = metadata_of(builder);
  const char* ints = "an integer or an array of integers";
  expect_type_error(metadata.get_int("float"), "float", "float32", "an integer");
  expect_type_error(metadata.get_int("bool"), "bool", "bool", "an integer");
  expect_type_error(metadata.get_int("ints"), "ints", "array of uint32", "an integer");
  expect_type_error(metadata.get_float("int"), "int", "uint32", "float32 or float64");
  expect_type_error(metadata.get_bool("int"), "int", "uint32", "bool");
  expect_type_error(metadata.get_string("texts"), "texts", "array of string", "string");
  expect_type_error(metadata.get_string("int"), "int", "uint32", "string");
  expect_type_error(metadata.get_ints("floats"), "floats", "array of float32", ints);
  expect_type_error(metadata.get_ints("bools"), "bools", "array of bool", ints);
  expect_type_error(metadata.get_ints("text"), "text", "string", ints);
  expect_type_error(metadata.get_floats("float"), "float", "float32", "array of float32 or float64");
  expect_type_error(metadata.get_floats("ints"), "ints", "array of uint32", "array of float32 or float64");
  expect_type_error(metadata.get_bools("ints"), "ints", "array of uint32", "bool or array of bool");
  expect_type_error(metadata.get_strings("text"), "text", "string", "array of string");
  expect_type_error(metadata.get_strings("floats"), "floats", "array of float32", "array of string");
}

TEST(Metadata, KeepsAnIntegerThatFitsNoSignedOne) {
  GgufBuilder builder;
  builder.number<uint64_t>("huge", 18446744073709551615u);
  const GgufMetadata metadata = metadata_of(builder);
  EXPECT_EQ(std::get<uint64_t>(metadata.find("huge")->value), 18446744073709551615u);
  for (const bool as_array : {false, true}) {
    const std::string message =
        as_array ? metadata.get_ints("huge").error().message : metadata.get_int("huge").error().message;
    EXPECT_THAT(message, AllOf(HasSubstr("key huge"), HasSubstr("18446744073709551615 is too large")));
  }
}

TEST(Metadata, InsertsAKeyOnce) {
  GgufMetadata metadata;
  GgufValue value;
  value.value = int64_t{1};
  EXPECT_TRUE(metadata.insert("key", value));
  value.value = int64_t{2};
  EXPECT_FALSE(metadata.insert("key", value));
  EXPECT_EQ(metadata.get_int("key").value(), 1);
}

}  // namespace
}  // namespace ingot::core
