// What the writer writes, the reader reads: keys of every type, tensors at aligned places; and nothing is left behind
// of a file that was not finished.
#include "gguf/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/temporary_folder.h"
#include "gguf/metadata_values.h"
#include "gguf/reader.h"

namespace ingot::core {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;

size_t n_files(const TemporaryFolder& folder) {
  const auto entries = std::filesystem::directory_iterator(folder.path(""));
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

std::vector<std::byte> some_bytes(int64_t n) {
  std::vector<std::byte> bytes(static_cast<size_t>(n));
  for (size_t index = 0; index < bytes.size(); ++index) bytes[index] = static_cast<std::byte>(index * 7 + 1);
  return bytes;
}

TEST(GgufWriter, WritesWhatTheReaderReads) {
  const TemporaryFolder folder;
  GgufMetadata metadata;
  metadata.insert("general.architecture", gguf_string("llama"));
  metadata.insert("a.number", gguf_uint32(4000000000));
  metadata.insert("a.fraction", gguf_float32(0.1));
  metadata.insert("a.flag", gguf_bool(true));
  metadata.insert("texts", gguf_strings({"one", "", std::string("\0\xff", 2)}));
  metadata.insert("types", gguf_int32s({3, -1}));
  metadata.insert("scores", gguf_float32s({-1.0, 0.5}));
  metadata.insert("flags", gguf_bools({1, 0}));
  metadata.insert("none", gguf_strings({}));
  for (const auto& [key, type] : {std::pair{"u8", GgufType::kUint8},
                                  {"i8", GgufType::kInt8},
                                  {"u16", GgufType::kUint16},
                                  {"i16", GgufType::kInt16},
                                  {"u64", GgufType::kUint64},
                                  {"i64", GgufType::kInt64}}) {
    metadata.insert(key, {.type = type, .value = int64_t{77}});
  }
  metadata.insert("f64", {.type = GgufType::kFloat64, .value = 0.1});
  const std::vector<GgufTensorHeader> tensors = {
      {"vector", DType::kF32, {3}}, {"cube", DType::kF16, {5, 2, 3}}, {"blocks", DType::kQ4_0, {64, 2}}};
  auto writer = GgufWriter::create(folder.path("model.gguf"), metadata, tensors);
  ASSERT_TRUE(writer) << writer.error().message;
  for (const GgufTensorHeader& tensor : tensors) {
    const auto bytes = some_bytes(tensor.n_bytes());
    ASSERT_TRUE(writer->write(std::span(bytes).first(6)));
    ASSERT_TRUE(writer->write(std::span(bytes).subspan(6)));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path("model.gguf"))) << "before it is whole";
  ASSERT_TRUE(writer->finish());
  ASSERT_TRUE(writer->commit());
  EXPECT_EQ(n_files(folder), 1u);

  const auto file = GgufFile::open(folder.path("model.gguf"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->version(), 3u);
  EXPECT_EQ(file->file_bytes(), writer->file_bytes());
  const GgufMetadata& read = file->metadata();
  EXPECT_EQ(read.entries().size(), metadata.entries().size());
  for (const auto& [key, value] : metadata.entries()) {
    const GgufValue* found = read.find(key);
    ASSERT_NE(found, nullptr) << key;
    EXPECT_EQ(found->type, value.type) << key;
    EXPECT_EQ(found->element_type, value.element_type) << key;
    if (key == "a.fraction") continue;
    EXPECT_EQ(found->value, value.value) << key;
  }
  EXPECT_EQ(**read.get_float("a.fraction"), static_cast<double>(0.1f));
  ASSERT_EQ(file->tensors().size(), tensors.size());
  for (const GgufTensorHeader& tensor : tensors) {
    const GgufTensor* found = file->find_tensor(tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    EXPECT_EQ(found->traits->type, tensor.type);
    EXPECT_EQ((std::vector<int64_t>(found->dims.begin(), found->dims.begin() + found->n_dims)), tensor.dims);
    EXPECT_TRUE(std::ranges::equal(found->data, some_bytes(tensor.n_bytes()))) << tensor.name;
  }
}

TEST(GgufWriter, LeavesNothingBehindWhatWasNotFinished) {
  const TemporaryFolder folder;
  const std::string path = folder.write("model.gguf", "what was there");
  {
    const std::vector<GgufTensorHeader> tensors = {{"vector", DType::kF32, {3}}};
    auto writer = GgufWriter::create(path, {}, tensors);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->write(some_bytes(4)));
    EXPECT_EQ(n_files(folder), 2u);
  }
  EXPECT_EQ(n_files(folder), 1u);
  EXPECT_EQ(std::filesystem::file_size(path), std::string_view("what was there").size());
}

TEST(GgufWriter, NamesATargetThatCannotBeWritten) {
  const TemporaryFolder folder;
  const auto missing = GgufWriter::create(folder.path("no/such/model.gguf"), {}, {});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("no/such/model.gguf: cannot write: No such file"));
  const auto a_folder = GgufWriter::create(folder.path(""), {}, {});
  ASSERT_FALSE(a_folder);
  EXPECT_THAT(a_folder.error().message, HasSubstr("is no regular file"));
}

}  // namespace
}  // namespace ingot::core
