#include "profile/access_efficiency.h"

#include <gtest/gtest.h>

namespace ingot::core {
namespace {

TEST(AccessEfficiency, IsThatOfTheTable) {
  EXPECT_EQ(expected_efficiency(Access::kSequential), 0.95);
  EXPECT_EQ(expected_efficiency(Access::kCoalesced), 0.90);
  EXPECT_EQ(expected_efficiency(Access::kStrided, 2), 0.75);
  EXPECT_EQ(expected_efficiency(Access::kStrided, 8), 0.75);
  EXPECT_EQ(expected_efficiency(Access::kStrided, 9), 0.50);
  EXPECT_EQ(expected_efficiency(Access::kStrided, 32), 0.50);
  EXPECT_EQ(expected_efficiency(Access::kStrided, 33), 0.30);
  EXPECT_EQ(expected_efficiency(Access::kUncoalesced), 0.40);
  EXPECT_EQ(expected_efficiency(Access::kRandom), 0.20);
}

}  // namespace
}  // namespace ingot::core
