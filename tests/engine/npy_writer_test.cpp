#include "engine/npy_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace ingot::core {
namespace {

std::string temporary_path(const char* name) {
  return (std::filesystem::path(testing::TempDir()) / name).string();
}

TEST(NpyWriter, WritesWhatNumPyReads) {
  const std::string path = temporary_path("npy_writer_test.npy");
  NpyWriter writer = NpyWriter::create(path, 2, 3).value();
  EXPECT_TRUE(writer.write(std::array<float, 3>{1, 2, 3}).has_value());
  EXPECT_TRUE(writer.write(std::array<float, 3>{4, 5, 6}).has_value());
  EXPECT_TRUE(writer.close().has_value());

  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  // Format 1.0 of NumPy's specification: magic, version, length of the description, all padded to 64.
  ASSERT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const size_t n_description = static_cast<uint8_t>(bytes[8]) + 256u * static_cast<uint8_t>(bytes[9]);
  EXPECT_EQ((10 + n_description) % 64, 0u);
  const std::string description = bytes.substr(10, n_description);
  EXPECT_EQ(description.find("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"), 0u);
  EXPECT_EQ(description.back(), '\n');
  ASSERT_EQ(bytes.size(), 10 + n_description + 24);
  std::array<float, 6> values{};
  std::memcpy(values.data(), bytes.data() + 10 + n_description, 24);
  EXPECT_EQ(values, (std::array<float, 6>{1, 2, 3, 4, 5, 6}));
  std::filesystem::remove(path);
}

TEST(NpyWriter, NamesAPathThatCannotBeWritten) {
  const auto writer = NpyWriter::create("/nonexistent-folder/x.npy", 1, 1);
  ASSERT_FALSE(writer.has_value());
  EXPECT_NE(writer.error().message.find("/nonexistent-folder/x.npy"), std::string::npos);
}

TEST(NpyWriter, TellsThatTheDiskIsFull) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  NpyWriter writer = NpyWriter::create("/dev/full", 1, 1).value();
  const Status written = writer.write(std::array<float, 1>{1});
  EXPECT_FALSE(written.has_value() && writer.close().has_value());
}

}  // namespace
}  // namespace ingot::core
