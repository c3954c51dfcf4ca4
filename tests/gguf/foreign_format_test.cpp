#include "gguf/foreign_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "gguf/small_model.h"

namespace ingot::core {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

struct Case {
  const char* bytes;
  size_t n_bytes;
  const char* name;
};

TEST(ForeignFormat, IsNamedInTheError) {
  const Case cases[] = {
      {"\x0A\0\0\0\0\0\0\0{\"a\":1}  ", 18, "safetensors"},
      {"PK\x03\x04\x14", 5, "zip"},
      {"lmgg\x01\0\0\0", 8, "old GGML model (magic ggml"},
      {"fmgg\x01\0\0\0", 8, "old GGML model (magic ggmf"},
      {"tjgg\x03\0\0\0", 8, "old GGML model (magic ggjt"},
      {"algg\x01\0\0\0", 8, "old GGML adapter"},
      {"nsgg", 4, "session file"},
      {"\x89HDF\r\n\x1a\n", 8, "HDF5"},
      {"\x80\x02}q\x01", 5, "pickle"},
      {"\x80\x04\x95", 3, "pickle"},
      {"\x08\x07\x12\x07pytorch", 11, "ONNX"},
      {"\x1f\x8b\x08", 3, "gzip"},
      {"version https://git-lfs.github.com/spec/v1", 42, "Git LFS pointer"},
      {"<!DOCTYPE html>", 15, "web page"},
      {"{\"architectures\": []}", 21, "JSON"},
      {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 17, "zero bytes"},
      {"FUGG\0\0\0\3", 8, "byte-swapped"},
      {"hello", 5, "begins with \"hell\""},
      {"GG\x1bX", 4, "begins with \"GG\\x1bX\""},
      {"GGU", 3, "3 bytes long"},
      {"", 0, "empty"},
  };
  for (const Case& expected : cases) {
    const auto file = test::parse(std::string(expected.bytes, expected.n_bytes));
    ASSERT_FALSE(file) << expected.name;
    EXPECT_THAT(file.error().message, AllOf(StartsWith("test.gguf: "), HasSubstr(expected.name), HasSubstr("GGUF")));
  }
}

TEST(ForeignFormat, IsNotSeenInASmallFileOfText) {
  const std::string text = "root:x:0:0";
  EXPECT_EQ(name_foreign_format(std::as_bytes(std::span(text))), nullptr);
}

}  // namespace
}  // namespace ingot::core
