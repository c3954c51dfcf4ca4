// A correct safetensors file, and the catalogue of malformed ones: each is one clean error that names the file and the
// culprit, in bounded time and memory.
#include "convert/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>

#include "base/cpu_time.h"
#include "base/temporary_folder.h"
#include "convert/safetensors_builder.h"
#include "gguf/address_space.h"

namespace ingot::core {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// Parses bytes that end where an allocation ends, so that the address sanitizer sees the first byte read too far.
void expect_error(const std::string& bytes, std::initializer_list<std::string_view> parts_of_message) {
  static int n_seeds = 0;
  if (const char* seeds = std::getenv("INGOT_WRITE_SEEDS"); seeds != nullptr && bytes.size() < 4096) {
    std::ofstream(fmt::format("{}/{:03}", seeds, n_seeds++), std::ios::binary) << bytes;
  }
  const auto exact = std::make_unique<std::byte[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(exact.get(), bytes.data(), bytes.size());
  const AddressSpaceLimit limit;
  const double start = thread_cpu_seconds();
  const auto file = SafetensorsFile::parse({exact.get(), bytes.size()}, "test.safetensors");
  EXPECT_LT(thread_cpu_seconds() - start, kMaxSeconds);
  ASSERT_FALSE(file) << "no error with " << *parts_of_message.begin();
  const std::string& message = file.error().message;
  EXPECT_THAT(message, StartsWith("test.safetensors: "));
  EXPECT_THAT(message, Not(HasSubstr("\n")));
  EXPECT_LT(message.size(), 400u);
  for (const std::string_view part : parts_of_message) EXPECT_THAT(message, HasSubstr(std::string(part)));
}

std::string with_entry(std::string_view json, size_t n_bytes = 0) {
  return SafetensorsBuilder().entry(json).data(std::string(n_bytes, '\0')).build();
}

std::string with_header(std::string_view header) {
  return SafetensorsBuilder().with_header(header);
}

// ---- what is right ----

TEST(Safetensors, ReadsTypesShapesAndData) {
  const std::string bytes = SafetensorsBuilder()
                                .entry(R"("__metadata__":{"format":"pt","a":"b"})")
                                .tensor("b", "BF16", {2, 3}, "abcdefghijkl")
                                .tensor("a", "F32", {}, "wxyz")
                                .tensor("none", "F16", {0, 7}, "")
                                .tensor("ids", "I64", {1}, "12345678")
                                .build();
  const auto file = SafetensorsFile::parse(std::as_bytes(std::span(bytes)), "test.safetensors");
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->tensors().size(), 4u);
  const SafetensorsTensor& first = file->tensors()[0];
  EXPECT_EQ(first.name, "b");
  EXPECT_EQ(first.type->readable, DType::kBF16);
  EXPECT_THAT(first.shape, ElementsAre(2, 3));
  EXPECT_EQ(first.n_values(), 6);
  EXPECT_EQ(std::memcmp(first.data.data(), "abcdefghijkl", 12), 0);
  EXPECT_THAT(file->tensors()[1].shape, IsEmpty());
  EXPECT_EQ(file->tensors()[1].n_values(), 1);
  EXPECT_EQ(file->tensors()[2].n_values(), 0);
  EXPECT_EQ(file->tensors()[3].type->readable, std::nullopt);
}

TEST(Safetensors, OpensFilesAndNamesThem) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.safetensors", SafetensorsBuilder().tensor("a", "F32", {1}, "abcd").build());
  const auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors().size(), 1u);
  const auto missing = SafetensorsFile::open(folder.path("b.safetensors"));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("b.safetensors: no such file"));
}

TEST(Safetensors, AcceptsTheHeadersPadding) {
  const std::string bytes = with_header("{}      ");
  EXPECT_TRUE(SafetensorsFile::parse(std::as_bytes(std::span(bytes)), "test.safetensors"));
}

// ---- the header ----

TEST(SafetensorsMalformed, Length) {
  expect_error("", {"0 bytes, expected at least 8"});
  expect_error("1234567", {"7 bytes"});
  SafetensorsBuilder builder;
  builder.tensor("a", "F32", {1}, "abcd");
  for (const uint64_t claim : {uint64_t{1000}, uint64_t{100'000'000}}) {
    builder.header_bytes = claim;
    expect_error(builder.build(), {"the header claims", std::to_string(claim)});
  }
  for (const uint64_t claim : {uint64_t{100'000'001}, uint64_t{1} << 63, ~uint64_t{0}}) {
    builder.header_bytes = claim;
    expect_error(builder.build(), {std::to_string(claim), "at most 100000000", "is it a safetensors file?"});
  }
  builder.header_bytes = 0;
  expect_error(builder.build(), {"no JSON"});
}

TEST(SafetensorsMalformed, NoJson) {
  for (const char* header : {"", "{", "{]", "{\"a\":}", "not json", "{} {}", "{\"a\": nul}", "\xff\xfe",
                             "{\"\x80\":{}}", "{\"a\":{\"shape\":[1e999]}}"}) {
    expect_error(with_header(header), {"the header"});
  }
  expect_error(with_header("[]"), {"the header is an array, expected an object"});
  expect_error(with_header("3"), {"the header is a number"});
  expect_error(with_header("null"), {"the header is null"});
  expect_error(with_header("\"text\""), {"the header is a string"});
}

TEST(SafetensorsMalformed, NestingIsRefusedWhereItBegins) {
  std::string header = "{\"a\":{\"shape\":";
  header.append(5'000'000, '[');
  expect_error(with_header(header), {"tensor a", "shape holds an array"});
  header = "{\"a\":{\"dtype\":";
  for (int level = 0; level < 1'000'000; ++level) header += "{\"b\":";
  expect_error(with_header(header), {"tensor a", "dtype holds an object"});
}

TEST(SafetensorsMalformed, Entries) {
  expect_error(with_entry(R"("a":3)"), {"the entry a is a number"});
  expect_error(with_entry(R"("a":[])"), {"the entry a is an array"});
  expect_error(with_entry(R"("a":null)"), {"the entry a is null"});
  expect_error(with_entry(R"("a":{})"), {"tensor a lacks dtype"});
  expect_error(with_entry(R"("a":{"dtype":"F32","data_offsets":[0,0]})"), {"tensor a lacks shape"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[0]})"), {"tensor a lacks data_offsets"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"more":1})"), {"a field more"});
  expect_error(with_entry(R"("a":{"dtype":"F32","dtype":"F16","shape":[0],"data_offsets":[0,0]})"),
               {"two fields dtype"});
  const std::string twice = R"("a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  expect_error(with_entry(twice + "," + twice), {"two entries a"});
  expect_error(with_entry(R"("__metadata__":{},"__metadata__":{})"), {"two entries __metadata__"});
  expect_error(with_entry(R"("__metadata__":3)"), {"__metadata__ holds a number"});
  expect_error(with_entry(R"("__metadata__":{"a":1})"), {"__metadata__ holds a number"});
  expect_error(with_entry(R"("__metadata__":{"a":{}})"), {"__metadata__ holds an object"});
}

TEST(SafetensorsMalformed, Fields) {
  expect_error(with_entry(R"("a":{"dtype":3,"shape":[0],"data_offsets":[0,0]})"), {"a: dtype holds a number"});
  expect_error(with_entry(R"("a":{"dtype":["F32"],"shape":[0],"data_offsets":[0,0]})"), {"dtype holds an array"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":3,"data_offsets":[0,0]})"), {"shape holds a number"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":"3","data_offsets":[0,0]})"), {"shape holds a string"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"), {"a negative number"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]})"), {"a fraction"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[true],"data_offsets":[0,4]})"), {"a boolean"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]})"), {"shape holds a string"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]})"), {"shape holds an array"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]})"), {"dimensions"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0]})", 4), {"1 data_offsets"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[]})", 4), {"0 data_offsets"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]})", 4),
               {"more than 2 data_offsets"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]})", 4), {"a negative number"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]})", 4),
               {"beyond 63 bits"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]})", 4),
               {"a fraction"});
}

TEST(SafetensorsMalformed, TypesThatAreNotKnown) {
  for (const char* type : {"F4", "f32", "", "Q4_0", "BF32"}) {
    expect_error(with_entry(fmt::format(R"("a":{{"dtype":"{}","shape":[1],"data_offsets":[0,4]}})", type), 4),
                 {"tensor a is of the type", type, "does not know"});
  }
}

// ---- places ----

TEST(SafetensorsMalformed, Offsets) {
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]})", 4), {"lies at 4 to 0"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})", 4), {"0 to 8", "4 bytes of data"});
  expect_error(
      with_entry(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775800,9223372036854775804]})"),
      {"0 bytes of data"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]})", 4), {"has 4 bytes", "make 8"});
  expect_error(with_entry(R"("a":{"dtype":"F16","shape":[1],"data_offsets":[0,4]})", 4), {"has 4 bytes", "make 2"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})"),
               {"beyond 63 bits"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[2305843009213693952],"data_offsets":[0,0]})"),
               {"beyond 63 bits"});
}

TEST(SafetensorsMalformed, OverlapsAndHoles) {
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                          R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]})",
                          12),
               {"a and b overlap"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                          R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})",
                          4),
               {"overlap"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})", 8), {"4 bytes before tensor a"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                          R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]})",
                          12),
               {"4 bytes before tensor b"});
  expect_error(with_entry(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})", 9), {"the last 5 bytes"});
  expect_error(with_entry("", 3), {"the last 3 bytes"});
}

// Whatever a file is cut to, or wherever a byte of it is wrong, there is an answer.
TEST(SafetensorsMalformed, EveryCutIsRefused) {
  const std::string bytes =
      SafetensorsBuilder().tensor("a", "F32", {2}, "abcdefgh").tensor("b", "BF16", {1}, "xy").build();
  for (size_t n_bytes = 0; n_bytes < bytes.size(); ++n_bytes) expect_error(bytes.substr(0, n_bytes), {""});
}

TEST(SafetensorsMalformed, EveryChangedByteHasAnAnswer) {
  const std::string bytes =
      SafetensorsBuilder().tensor("a", "F32", {2}, "abcdefgh").tensor("b", "BF16", {1}, "xy").build();
  for (size_t position = 0; position < bytes.size(); ++position) {
    for (const int change : {1, 0x20, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[position] = static_cast<char>(changed[position] ^ change);
      const auto file = SafetensorsFile::parse(std::as_bytes(std::span(changed)), "test.safetensors");
      if (file) continue;
      EXPECT_THAT(file.error().message, StartsWith("test.safetensors: "));
    }
  }
}

TEST(SafetensorsMalformed, NamesCannotSteerATerminal) {
  expect_error(with_entry(R"("\u001b[2J\n":3)"), {"\\x1b[2J\\x0a"});
  expect_error(with_entry("\"" + std::string(100'000, 'a') + "\":3"), {"aaa..."});
}

}  // namespace
}  // namespace ingot::core
