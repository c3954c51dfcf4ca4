#include "bench/access_patterns.h"

#include <gtest/gtest.h>

namespace ingot::core {
namespace {

TEST(AccessPatterns, EachIsMeasuredBesideWhatIsExpected) {
  const auto pool = ThreadPool::create(2).value();
  const auto patterns = measure_access_patterns(*pool, {.budget_s = 0.05, .max_buffer_bytes = 64 << 20}).value();
  ASSERT_EQ(patterns.size(), 7u);
  EXPECT_EQ(patterns.front().name, "sequential");
  EXPECT_EQ(patterns.front().measured, 1.0);
  EXPECT_EQ(patterns.front().expected, 0.95);
  for (const AccessPattern& pattern : patterns) {
    EXPECT_GT(pattern.useful_bytes_per_s, 0) << pattern.name;
    EXPECT_EQ(pattern.expected, expected_efficiency(pattern.access, pattern.stride_elements)) << pattern.name;
  }
  EXPECT_EQ(patterns[2].name, "strided 8");
  EXPECT_EQ(patterns[2].expected, 0.75);
  EXPECT_EQ(patterns.back().name, "random");
}

}  // namespace
}  // namespace ingot::core
