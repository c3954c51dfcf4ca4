#include "convert/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.h"
#include "convert/safetensors_builder.h"

namespace ingot::core {
namespace {

using namespace test;
using testing::HasSubstr;

std::string file_with(std::string_view name) {
  return SafetensorsBuilder().tensor(name, "F32", {1}, "abcd").build();
}

void expect_error(const std::string& path, std::initializer_list<std::string_view> parts) {
  const auto checkpoint = Checkpoint::open(path);
  ASSERT_FALSE(checkpoint) << *parts.begin();
  for (const std::string_view part : parts) EXPECT_THAT(checkpoint.error().message, HasSubstr(std::string(part)));
}

TEST(Checkpoint, OpensAFileAFolderAndShards) {
  const TemporaryFolder folder;
  const auto file = Checkpoint::open(folder.write("a.safetensors", file_with("a")));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_NE(file->find("a"), nullptr);
  EXPECT_EQ(file->find("b"), nullptr);
  folder.write("model.safetensors", file_with("whole"));
  EXPECT_NE(Checkpoint::open(folder.path(""))->find("whole"), nullptr);
  folder.write("b.safetensors", file_with("b"));
  folder.write("model.safetensors.index.json",
               R"({"metadata":{},"weight_map":{"a":"a.safetensors","b":"b.safetensors"}})");
  const auto shards = Checkpoint::open(folder.path(""));
  ASSERT_TRUE(shards) << shards.error().message;
  EXPECT_NE(shards->find("a"), nullptr);
  EXPECT_NE(shards->find("b"), nullptr);
  EXPECT_EQ(shards->tensors().size(), 2u);
}

TEST(Checkpoint, HoldsTheIndexToItsFiles) {
  const TemporaryFolder folder;
  folder.write("a.safetensors", file_with("a"));
  const auto expect_index_error = [&](const char* index, std::initializer_list<std::string_view> parts) {
    folder.write("model.safetensors.index.json", index);
    expect_error(folder.path(""), parts);
  };
  expect_index_error("{", {"index.json: is no JSON"});
  expect_index_error("[]", {"expected an object"});
  expect_index_error("{}", {"weight_map is missing"});
  expect_index_error(R"({"weight_map":[]})", {"weight_map is []"});
  expect_index_error(R"({"weight_map":{"a":3}})", {"weight_map: a is 3, expected the name of a file"});
  expect_index_error(R"({"weight_map":{"a":"../a.safetensors"}})", {"../a.safetensors is no name of a file"});
  expect_index_error(R"({"weight_map":{"a":"/etc/passwd"}})", {"is no name of a file"});
  expect_index_error(R"({"weight_map":{"a":""}})", {"is no name of a file"});
  expect_index_error(R"({"weight_map":{"a":"b.safetensors"}})", {"b.safetensors: no such file"});
  expect_index_error(R"({"weight_map":{"b":"a.safetensors"}})", {"has the tensor a, which", "does not list"});
  expect_index_error(R"({"weight_map":{"a":"a.safetensors","b":"a.safetensors"}})", {"lists 2 tensors", "hold 1"});
  expect_index_error(R"({"weight_map":{}})", {"holds no tensors"});
}

TEST(Checkpoint, SaysWhatAnotherFormatIs) {
  const TemporaryFolder folder;
  expect_error(folder.path(""), {"holds neither model.safetensors nor"});
  folder.write("pytorch_model.bin", "PK\x03\x04");
  expect_error(folder.path(""), {"pytorch_model.bin only", "safetensors"});
  expect_error(folder.path("pytorch_model.bin"), {"is a PyTorch checkpoint", "rwkv_pth_to_safetensors.py"});
  expect_error(folder.write("model.gguf", "GGUF\x03"), {"is a GGUF file already"});
  expect_error(folder.write("page.html", "<!DOCTYPE html>"), {"is a web page, expected safetensors"});
  expect_error(folder.path("none"), {"none: no such file"});
}

}  // namespace
}  // namespace ingot::core
