#include "threading/topology.h"

#include <gtest/gtest.h>

namespace ingot::core {
namespace {

TEST(Topology, QuotaOfTheControlGroup) {
  EXPECT_EQ(parse_cpu_quota("200000 100000"), 2);
  EXPECT_EQ(parse_cpu_quota("150000 100000"), 2);
  EXPECT_EQ(parse_cpu_quota("1000 100000"), 1);
  EXPECT_EQ(parse_cpu_quota("max 100000"), std::nullopt);
  EXPECT_EQ(parse_cpu_quota(""), std::nullopt);
  EXPECT_EQ(parse_cpu_quota("200000"), std::nullopt);
  EXPECT_EQ(parse_cpu_quota("200000 0"), std::nullopt);
  EXPECT_EQ(parse_cpu_quota("9223372036854775807 1"), kMaxThreads);
}

TEST(Topology, DefaultIsWithinWhatIsAllowed) {
  EXPECT_GE(default_thread_count(), 1);
  EXPECT_LE(default_thread_count(), allowed_cpu_count());
}

}  // namespace
}  // namespace ingot::core
