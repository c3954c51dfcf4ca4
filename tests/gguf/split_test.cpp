#include "gguf/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/temporary_folder.h"
#include "gguf/small_model.h"

namespace ingot::core {
namespace {

using test::GgufBuilder;
using test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;

struct PartKeys {
  uint16_t part = 0;
  uint16_t n_parts = 3;
  int32_t n_tensors = 3;
};

// One part with one tensor, named after the part; the first has the metadata of the model.
GgufBuilder part_of(PartKeys keys) {
  GgufBuilder builder;
  if (keys.part == 0) builder.text("general.architecture", "llama");
  builder.number<uint16_t>("split.no", keys.part).number<uint16_t>("split.count", keys.n_parts);
  builder.number<int32_t>("split.tensors.count", keys.n_tensors);
  builder.tensor({.name = fmt::format("blk.{}.weight", keys.part),
                  .dims = {8},
                  .data = std::string(32, static_cast<char>('0' + keys.part))});
  return builder;
}

class Split : public testing::Test {
 protected:
  void SetUp() override {
    for (uint16_t part = 0; part < 3; ++part) write(part, part_of({.part = part}));
  }
  std::string name(int part) { return fmt::format("model-{:05}-of-00003.gguf", part + 1); }
  void write(int part, const GgufBuilder& builder) { folder_.write(name(part), builder.build()); }
  std::string path(int part) { return folder_.path(name(part)); }
  void expect_error(int opened, std::initializer_list<std::string> parts_of_message) {
    const auto file = GgufFile::open(path(opened));
    ASSERT_FALSE(file);
    for (const std::string& part : parts_of_message) EXPECT_THAT(file.error().message, HasSubstr(part));
  }
  TemporaryFolder folder_;
};

TEST_F(Split, OpensAllPartsFromTheFirst) {
  const auto file = GgufFile::open(path(0));
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->tensors().size(), 3u);
  for (int part = 0; part < 3; ++part) {
    const GgufTensor* tensor = file->find_tensor(fmt::format("blk.{}.weight", part));
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(tensor->data.front(), static_cast<std::byte>('0' + part));
    EXPECT_EQ(tensor->file->path(), path(part));
  }
  EXPECT_EQ(file->metadata().get_string("general.architecture").value(), "llama");
  EXPECT_EQ(file->file_bytes(),
            static_cast<int64_t>(part_of({.part = 0}).build().size() + 2 * part_of({.part = 1}).build().size()));
}

TEST_F(Split, KnowsThatAnyPartShrankUnderneath) {
  const auto file = GgufFile::open(path(0));
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(truncate(path(2).c_str(), 10), 0);
  EXPECT_TRUE(file->damaged());
}

TEST_F(Split, OpensThroughLinksToParts) {
  // As Hugging Face's cache has them: named links to blobs that have no name.
  for (int part = 0; part < 3; ++part) {
    folder_.write(fmt::format("blob{}", part), part_of({.part = static_cast<uint16_t>(part)}).build());
    ASSERT_EQ(symlink(fmt::format("blob{}", part).c_str(),
                      folder_.path(fmt::format("linked-{:05}-of-00003.gguf", part + 1)).c_str()),
              0);
  }
  EXPECT_TRUE(GgufFile::open(folder_.path("linked-00001-of-00003.gguf")));
  // A link under another name to a first part.
  ASSERT_EQ(symlink(name(0).c_str(), folder_.path("current.gguf").c_str()), 0);
  const auto file = GgufFile::open(folder_.path("current.gguf"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors().size(), 3u);
}

TEST_F(Split, SendsTheReaderOfALaterPartToTheFirst) {
  expect_error(1, {path(1), "part 2 of 3", "open the first part, " + path(0)});
}

TEST_F(Split, NamesAPartThatIsMissing) {
  ASSERT_EQ(unlink(path(2).c_str()), 0);
  expect_error(0, {"part 3 of 3", path(2), "no such file"});
}

TEST_F(Split, NamesAPartThatIsBroken) {
  folder_.write(name(1), "GGUF");
  expect_error(0, {path(1), "version"});
}

TEST_F(Split, RefusesPartsThatDoNotBelongTogether) {
  write(2, part_of({.part = 1}));
  expect_error(0, {path(2), "split.no: is 1, expected 2"});
  write(2, part_of({.part = 2, .n_parts = 4}));
  expect_error(0, {path(2), "split.count: is 4, expected 3"});
  write(2, part_of({.part = 2, .n_tensors = 4}));
  expect_error(0, {path(2), "split.tensors.count: is 4, expected 3"});
  GgufBuilder whole = test::small_model();
  write(2, whole);
  expect_error(0, {path(2), "is no part of a split model, expected part 3"});
}

TEST_F(Split, RefusesAWrongTotal) {
  for (uint16_t part = 0; part < 3; ++part) write(part, part_of({.part = part, .n_tensors = 5}));
  expect_error(0, {path(0), "split.tensors.count: is 5, but 3 tensors were found"});
}

TEST_F(Split, RefusesATensorThatTwoPartsHold) {
  GgufBuilder builder;
  builder.number<uint16_t>("split.no", 2).number<uint16_t>("split.count", 3);
  builder.tensor({.name = "blk.0.weight", .dims = {8}, .data = std::string(32, '\0')});
  write(2, builder);
  expect_error(0, {"blk.0.weight", "occurs twice"});
}

TEST_F(Split, RefusesOtherNames) {
  folder_.write("model.gguf", part_of({.part = 0}).build());
  const auto file = GgufFile::open(folder_.path("model.gguf"));
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, AllOf(HasSubstr("part 1 of 3"), HasSubstr("-00001-of-00003.gguf")));
}

TEST_F(Split, RefusesImpossiblePlaces) {
  write(0, part_of({.part = 3}));
  expect_error(0, {"split.no: is 3, expected 0 to 2"});
  GgufBuilder no_part;
  no_part.number<uint16_t>("split.count", 3);
  write(0, no_part);
  expect_error(0, {"split.no: is missing"});
  GgufBuilder negative;
  negative.number<int32_t>("split.count", -1);
  write(0, negative);
  expect_error(0, {"split.count: is -1"});
  GgufBuilder huge;
  huge.number<uint32_t>("split.count", 4'000'000'000u).number<uint32_t>("split.no", 0);
  write(0, huge);
  expect_error(0, {"split.count: is 4000000000"});
  GgufBuilder text;
  text.text("split.count", "3");
  write(0, text);
  expect_error(0, {"split.count: found string, expected an integer"});
}

TEST_F(Split, RefusesALonePartWithoutItsCount) {
  GgufBuilder builder;
  builder.number<uint16_t>("split.no", 1);
  write(0, builder);
  expect_error(0, {"split.no: is 1, expected 0 to 0"});
}

TEST(SplitInMemory, IsRefused) {
  const auto file = test::parse(part_of({.part = 0}).build());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::kUnsupported);
  EXPECT_THAT(file.error().message, HasSubstr("part 1 of 3"));
}

TEST(SplitInMemory, MergedModelKeepsTheKeysWithACountOfZero) {
  const auto file = test::parse(part_of({.part = 0, .n_parts = 0, .n_tensors = 99}).build());
  EXPECT_TRUE(file) << file.error().message;
}

TEST(SplitInMemory, SinglePartIsAWholeModel) {
  EXPECT_TRUE(test::parse(part_of({.part = 0, .n_parts = 1, .n_tensors = 1}).build()));
  EXPECT_FALSE(test::parse(part_of({.part = 0, .n_parts = 1, .n_tensors = 2}).build()));
}

}  // namespace
}  // namespace ingot::core
