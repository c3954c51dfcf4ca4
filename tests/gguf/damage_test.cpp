// Random damage to the header, metadata, tensor table and length of real files, where the machine has them.
//
// Tensor data are not read: the damaged header is written to a sparse file of the original length, in which they are
// a hole. Seeds are fixed, so that a failure repeats.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/cpu_time.h"
#include "base/temporary_folder.h"
#include "gguf/address_space.h"
#include "gguf/reader.h"

namespace ingot::core {
namespace {

using test::kMaxSeconds;

std::filesystem::path model_cache() {
  if (const char* given = std::getenv("INGOT_MODEL_CACHE")) return given;
  if (const char* cache = std::getenv("XDG_CACHE_HOME")) return std::filesystem::path(cache) / "ingot" / "models";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "" : home) / ".cache" / "ingot" / "models";
}

std::vector<std::filesystem::path> real_models() {
  std::vector<std::filesystem::path> paths;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(model_cache(), absent)) {
    if (entry.path().extension() == ".gguf") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// What stands before the tensor data of a file, and how long all of it is.
struct Start {
  std::string bytes;
  uint64_t file_bytes = 0;
};

Start start_of(const std::filesystem::path& path) {
  const auto file = GgufFile::open(path.string());
  EXPECT_TRUE(file) << file.error().message;
  if (!file || file->tensors().empty()) return {};
  const auto whole = file->tensors()[0].file->bytes();
  size_t n_bytes = whole.size();
  for (const GgufTensor& tensor : file->tensors()) {
    n_bytes = std::min(n_bytes, static_cast<size_t>(tensor.data.data() - whole.data()));
  }
  return {std::string(reinterpret_cast<const char*>(whole.data()), n_bytes), whole.size()};
}

// Bytes overwritten in place, or a number replaced by one at the edge of its range. Most hit the first and last
// kilobytes, where the numbers are; the middle is mostly tokens.
void damage(std::mt19937_64& random, std::string& in_out_bytes) {
  const uint64_t edges[] = {0,
                            1,
                            0x7F,
                            0xFF,
                            0x7FFFFFFF,
                            0xFFFFFFFF,
                            uint64_t{1} << 32,
                            uint64_t{1} << 62,
                            uint64_t{1} << 63,
                            ~uint64_t{0},
                            in_out_bytes.size()};
  const size_t n_changes = 1 + random() % 4;
  for (size_t change = 0; change < n_changes; ++change) {
    const size_t zone = std::min<size_t>(in_out_bytes.size(), 16'384);
    const size_t from_edge = random() % zone;
    const size_t position = random() % 3 == 0   ? random() % in_out_bytes.size()
                            : random() % 2 == 0 ? from_edge
                                                : in_out_bytes.size() - 1 - from_edge;
    const size_t n_bytes = std::min<size_t>(in_out_bytes.size() - position, random() % 2 == 0 ? 1 : 8);
    const uint64_t value = random() % 2 == 0 ? random() : edges[random() % std::size(edges)];
    std::memcpy(in_out_bytes.data() + position, &value, n_bytes);
  }
}

void read_everything(const GgufMetadata& metadata) {
  for (const auto& [key, value] : metadata.entries()) {
    metadata.get_int(key);
    metadata.get_float(key);
    metadata.get_ints(key);
    metadata.get_floats(key);
    metadata.get_strings(key);
  }
}

TEST(DamagedRealFile, IsRefusedOrReadInBoundedTimeAndMemory) {
  const auto models = real_models();
  if (models.empty()) GTEST_SKIP() << "no model under " << model_cache();
  const test::TemporaryFolder folder;
  const std::string path = folder.path("damaged.gguf");
  for (const auto& model : models) {
    const Start start = start_of(model);
    if (start.bytes.empty()) continue;
    std::mt19937_64 random(42);
    const size_t n_rounds = test::kCanLimitMemory ? 150 : 20;
    for (size_t round = 0; round < n_rounds; ++round) {
      std::string bytes = start.bytes;
      damage(random, bytes);
      folder.write("damaged.gguf", bytes);
      const uint64_t length = random() % 4 == 0 ? 1 + random() % start.file_bytes : start.file_bytes;
      ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(length)), 0);

      const test::AddressSpaceLimit limit(length + test::kMaxExtraBytes);
      const double begin = thread_cpu_seconds();
      const auto file = GgufFile::open(path);
      if (file) read_everything(file->metadata());
      const double seconds = thread_cpu_seconds() - begin;
      ASSERT_LT(seconds, kMaxSeconds) << model << ", round " << round;
      if (file) continue;
      ASSERT_THAT(file.error().message, testing::StartsWith(path)) << model << ", round " << round;
    }
  }
}

TEST(DamagedRealFile, IsRefusedAtAnyOtherLength) {
  const auto models = real_models();
  if (models.empty()) GTEST_SKIP() << "no model under " << model_cache();
  const test::TemporaryFolder folder;
  for (const auto& model : models) {
    const Start start = start_of(model);
    if (start.bytes.empty()) continue;
    const std::string path = folder.write("damaged.gguf", start.bytes);
    std::mt19937_64 random(42);
    for (int round = 0; round < 10; ++round) {
      // Always shorter by more than the padding that may stand at the end.
      const uint64_t length = 1 + random() % (start.file_bytes - 65'536);
      ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(length)), 0);
      EXPECT_FALSE(GgufFile::open(path)) << model << " cut to " << length;
      folder.write("damaged.gguf", start.bytes);
    }
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(start.file_bytes)), 0);
    EXPECT_TRUE(GgufFile::open(path)) << "undamaged";
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(start.file_bytes + 1'000'000)), 0);
    EXPECT_FALSE(GgufFile::open(path)) << "a million bytes too long";
  }
}

}  // namespace
}  // namespace ingot::core
