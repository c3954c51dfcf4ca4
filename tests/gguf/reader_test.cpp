#include "gguf/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/temporary_folder.h"
#include "gguf/small_model.h"

namespace ingot::core {
namespace {

using test::GgufBuilder;
using test::small_model;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Reader, FindsTensorsAndTheirData) {
  const std::string bytes = small_model().build();
  const auto file = test::parse(bytes);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->version(), 3u);
  EXPECT_EQ(file->file_bytes(), static_cast<int64_t>(bytes.size()));
  ASSERT_EQ(file->tensors().size(), 2u);

  const GgufTensor* embedding = file->find_tensor("token_embd.weight");
  ASSERT_NE(embedding, nullptr);
  EXPECT_EQ(embedding->traits->type, DType::kF32);
  EXPECT_THAT(embedding->dims, ElementsAre(32, 2, 1, 1));
  EXPECT_EQ(embedding->n_dims, 2);
  EXPECT_EQ(embedding->n_values(), 64);
  EXPECT_EQ(embedding->data.size(), 256u);
  EXPECT_EQ(embedding->data.front(), std::byte{1});
  EXPECT_EQ(embedding->data.back(), std::byte{1});

  const GgufTensor* output = file->find_tensor("output.weight");
  ASSERT_NE(output, nullptr);
  EXPECT_EQ(output->traits->type, DType::kQ8_0);
  EXPECT_EQ(output->n_dims, 2);
  EXPECT_EQ(output->data.size(), 1088u);
  EXPECT_EQ(output->data.front(), std::byte{2});
  EXPECT_EQ(output->data.data() + 1088, reinterpret_cast<const std::byte*>(bytes.data() + bytes.size()));

  EXPECT_EQ(file->find_tensor("output"), nullptr);
  EXPECT_EQ(file->find_tensor(""), nullptr);
  EXPECT_EQ(file->find_tensor("zzz"), nullptr);
}

TEST(Reader, ReadsVersion2) {
  GgufBuilder builder = small_model();
  builder.version = 2;
  const auto file = test::parse(builder.build());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->version(), 2u);
  EXPECT_EQ(file->tensors().size(), 2u);
}

TEST(Reader, ReadsAVocabularyWithoutTensors) {
  GgufBuilder builder;
  builder.texts("tokenizer.ggml.tokens", {"a", "b", "c"});
  for (size_t n_padding : {0, 1, 31, 1000}) {
    const auto file = test::parse(builder.build() + std::string(n_padding, '\0'));
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(file->tensors().empty());
    EXPECT_EQ(file->metadata().get_strings("tokenizer.ggml.tokens").value()->size(), 3u);
  }
}

TEST(Reader, ObeysTheAlignmentOfTheFile) {
  for (uint32_t alignment : {8u, 16u, 64u, 4096u, 65536u}) {
    GgufBuilder builder = small_model();
    builder.alignment = alignment;
    builder.number<uint32_t>("general.alignment", alignment);
    const std::string bytes = builder.build();
    const auto file = test::parse(bytes);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->find_tensor("output.weight")->data.front(), std::byte{2});
  }
}

TEST(Reader, TakesPaddingAfterTheLastTensorAndZerosBetweenTensors) {
  GgufBuilder odd;
  odd.tensor({.name = "bytes", .dims = {33}, .type = 24, .data = std::string(33, '\1')});
  EXPECT_TRUE(test::parse(odd.build() + std::string(31, '\7'))) << "padding to the alignment, whatever it holds";
  EXPECT_TRUE(test::parse(small_model().build() + std::string(4096, '\0'))) << "padding to a page";
  GgufBuilder builder;
  builder.tensor({.name = "first", .dims = {8}, .data = std::string(32 + 4064, '\0')});
  builder.tensor({.name = "on the next page", .dims = {8}, .data = std::string(32, '\1')});
  const std::string bytes = builder.build();
  const auto file = test::parse(bytes);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->find_tensor("on the next page")->data.front(), std::byte{1});
}

TEST(Reader, TakesTensorsInAnyOrder) {
  GgufBuilder builder;
  builder.tensor({.name = "second", .dims = {8}, .data = std::string(32, '\1'), .offset = 32});
  builder.tensor({.name = "first", .dims = {8}, .data = std::string(32, '\2'), .offset = 0});
  const std::string bytes = builder.build();
  const auto file = test::parse(bytes);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->find_tensor("second")->data.front(), std::byte{2});
  EXPECT_EQ(file->find_tensor("first")->data.front(), std::byte{1});
}

TEST(Reader, KeepsFourDimensions) {
  GgufBuilder builder;
  builder.tensor({.name = "conv", .dims = {2, 3, 4, 5}, .data = std::string(480, '\0')});
  const auto file = test::parse(builder.build());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_THAT(file->tensors()[0].dims, ElementsAre(2, 3, 4, 5));
  EXPECT_EQ(file->tensors()[0].n_values(), 120);
}

TEST(Reader, ListsTensorsThatItCannotDecode) {
  GgufBuilder builder;
  builder.tensor({.name = "activations", .dims = {256}, .type = 15, .data = std::string(292, '\0')});
  const auto file = test::parse(builder.build());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors()[0].traits->type, DType::kQ8_K);
}

TEST(Reader, OpensFilesAndLinksToThem) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("blob", small_model().build());
  ASSERT_EQ(symlink("blob", folder.path("model.gguf").c_str()), 0);
  for (const char* name : {"blob", "model.gguf"}) {
    const auto file = GgufFile::open(folder.path(name));
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->tensors().size(), 2u);
    EXPECT_NE(file->tensors()[0].file, nullptr);
    EXPECT_FALSE(file->damaged());
  }
}

TEST(Reader, KnowsThatAFileShrankUnderneath) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("model.gguf", small_model().build());
  const auto file = GgufFile::open(path);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(truncate(path.c_str(), 10), 0);
  EXPECT_TRUE(file->damaged());
}

TEST(Reader, NamesTheFileThatCannotBeOpened) {
  const test::TemporaryFolder folder;
  const auto missing = GgufFile::open(folder.path("missing.gguf"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kIo);
  EXPECT_EQ(missing.error().message, folder.path("missing.gguf") + ": no such file");
  const auto broken = GgufFile::open(folder.write("broken.gguf", "GGUF\3"));
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, AllOf(HasSubstr(folder.path("broken.gguf: ")), HasSubstr("version")));
}

TEST(Reader, NeedsSpaceForNoMoreThanTheFileHolds) {
  // 262,144 tokens: what takes longest in the files of large vocabularies.
  std::vector<std::string> tokens;
  tokens.reserve(262'144);
  for (int token = 0; token < 262'144; ++token) tokens.push_back(fmt::format("token {}", token));
  GgufBuilder builder;
  builder.texts("tokenizer.ggml.tokens", tokens);
  const auto file = test::parse(builder.build());
  ASSERT_TRUE(file) << file.error().message;
  const auto* found = std::get_if<std::vector<std::string>>(&file->metadata().find("tokenizer.ggml.tokens")->value);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, tokens);
  EXPECT_EQ(found->capacity(), tokens.size());
}

// Files that another program wrote: gguf-py, from the script beside them.
TEST(Reader, OpensTheTinyModelsOfGolden) {
  int n_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(INGOT_GOLDEN_MODELS)) {
    if (entry.path().extension() != ".gguf") continue;
    const auto file = GgufFile::open(entry.path().string());
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(file->metadata().get_string("general.architecture").value()) << entry.path();
    EXPECT_NE(file->find_tensor("token_embd.weight"), nullptr) << entry.path();
    ++n_files;
  }
  EXPECT_GT(n_files, 0);
}

}  // namespace
}  // namespace ingot::core
