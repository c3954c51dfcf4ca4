#include "base/cache_sizes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/temporary_folder.h"

namespace ingot::core {
namespace {

TEST(CacheSizes, Text) {
  EXPECT_EQ(parse_cache_size("32768K"), 32768 * 1024);
  EXPECT_EQ(parse_cache_size("32K\n"), 32 * 1024);
  EXPECT_EQ(parse_cache_size("2M"), 2 * 1024 * 1024);
  EXPECT_EQ(parse_cache_size("1G"), 1 << 30);
  EXPECT_EQ(parse_cache_size("512"), 512);
  EXPECT_EQ(parse_cache_size(""), std::nullopt);
  EXPECT_EQ(parse_cache_size("K"), std::nullopt);
  EXPECT_EQ(parse_cache_size("-1K"), std::nullopt);
  EXPECT_EQ(parse_cache_size("1 K"), std::nullopt);
  EXPECT_EQ(parse_cache_size("1KB"), std::nullopt);
  EXPECT_EQ(parse_cache_size("9223372036854775807K"), std::nullopt);
}

void write_cache(const test::TemporaryFolder& folder, const std::string& index, const std::string& level,
                 const std::string& type, const std::string& size, const std::string& shared) {
  std::filesystem::create_directories(folder.path(index));
  folder.write(index + "/level", level + "\n");
  folder.write(index + "/type", type + "\n");
  folder.write(index + "/size", size + "\n");
  folder.write(index + "/shared_cpu_list", shared + "\n");
}

TEST(CacheSizes, TwoProcessorsWithAnL3Each) {
  const test::TemporaryFolder folder;
  for (const std::string cpu : {"0", "3"}) {  // 1 and 2 are switched off
    write_cache(folder, "cpu" + cpu + "/cache/index0", "1", "Data", "32K", cpu);
    write_cache(folder, "cpu" + cpu + "/cache/index1", "1", "Instruction", "64K", cpu);
    write_cache(folder, "cpu" + cpu + "/cache/index2", "2", "Unified", "1024K", cpu);
    write_cache(folder, "cpu" + cpu + "/cache/index3", "3", "Unified", "32768K", cpu);
  }
  const CacheSizes sizes = read_cache_sizes(folder.path(""));
  EXPECT_EQ(sizes.l1_bytes, 32 * 1024);
  EXPECT_EQ(sizes.l2_bytes, 1024 * 1024);
  EXPECT_EQ(sizes.l3_bytes, 32 << 20);
  EXPECT_EQ(sizes.total_l3_bytes, 64 << 20);
}

TEST(CacheSizes, ASharedL3CountsOnce) {
  const test::TemporaryFolder folder;
  for (const std::string cpu : {"0", "1"}) {
    write_cache(folder, "cpu" + cpu + "/cache/index0", "1", "Data", "48K", cpu);
    write_cache(folder, "cpu" + cpu + "/cache/index1", "3", "Unified", "8M", "0-1");
  }
  const CacheSizes sizes = read_cache_sizes(folder.path(""));
  EXPECT_EQ(sizes.l3_bytes, 8 << 20);
  EXPECT_EQ(sizes.total_l3_bytes, 8 << 20);
  EXPECT_EQ(sizes.l2_bytes, 0);
}

TEST(CacheSizes, WithoutTheFolderNothingIsMadeUp) {
  const test::TemporaryFolder folder;
  const CacheSizes sizes = read_cache_sizes(folder.path("absent"));
  EXPECT_GE(sizes.l2_bytes, 0);
  EXPECT_GE(sizes.total_l3_bytes, sizes.l3_bytes);
}

}  // namespace
}  // namespace ingot::core
