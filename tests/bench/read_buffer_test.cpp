#include "bench/read_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace ingot::core {
namespace {

constexpr int64_t kMiB = 1 << 20;

TEST(ReadBuffer, IsFilledAndAligned) {
  const auto pool = ThreadPool::create(2).value();
  const ReadBuffer buffer = ReadBuffer::allocate(3 * kMiB, *pool).value();
  EXPECT_EQ(buffer.n_bytes(), 4 * kMiB);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % (2 * kMiB), 0u);
  ASSERT_EQ(buffer.floats().size(), static_cast<size_t>(kMiB));
  EXPECT_TRUE(std::all_of(buffer.floats().begin(), buffer.floats().end(), [](float value) { return value == 1.0f; }));
}

TEST(ReadBuffer, TooMuchIsAnError) {
  const auto pool = ThreadPool::create(1).value();
  const auto buffer = ReadBuffer::allocate(int64_t{1} << 60, *pool);
  ASSERT_FALSE(buffer.has_value());
  EXPECT_EQ(buffer.error().kind, ErrorKind::kOutOfMemory);
}

TEST(ReadBuffer, IsSeveralTimesTheCache) {
  const int64_t free = 64 * 1024 * kMiB;
  EXPECT_EQ(read_buffer_bytes(32 * kMiB, free), 256 * kMiB);
  EXPECT_EQ(read_buffer_bytes(0, free), 64 * kMiB);
  EXPECT_EQ(read_buffer_bytes(1024 * kMiB, free), 1024 * kMiB) << "no more than that";
  EXPECT_EQ(read_buffer_bytes(std::numeric_limits<int64_t>::max(), free), 1024 * kMiB);
  EXPECT_EQ(read_buffer_bytes(32 * kMiB, 400 * kMiB), 100 * kMiB) << "a quarter of what is free";
  EXPECT_EQ(read_buffer_bytes(32 * kMiB, 0), 2 * kMiB);
}

}  // namespace
}  // namespace ingot::core
