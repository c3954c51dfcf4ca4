#include "threading/topology.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

#include "base/cpu_features.h"

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

TEST(Topology, EveryAllowedProcessorOnceCoresFirst) {
  const std::vector<int> cpus = allowed_cpus_by_core();
  EXPECT_EQ(static_cast<int>(cpus.size()), allowed_cpu_count());
  EXPECT_EQ(std::set<int>(cpus.begin(), cpus.end()).size(), cpus.size());
  // As many as there are cores lead the list, in the order of their numbers.
  const auto n_cores = std::min(cpus.size(), static_cast<size_t>(physical_core_count()));
  EXPECT_TRUE(std::is_sorted(cpus.begin(), cpus.begin() + static_cast<std::ptrdiff_t>(n_cores)));
}

}  // namespace
}  // namespace ingot::core
