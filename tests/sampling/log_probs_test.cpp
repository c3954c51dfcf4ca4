#include "sampling/log_probs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace ingot::core {
namespace {

TEST(LogProbs, AreTheLogSoftmax) {
  const std::vector<float> logits = {std::log(0.5f), std::log(0.2f), -std::numeric_limits<float>::infinity(),
                                     std::log(0.3f)};
  LogProbs probs;
  ASSERT_TRUE(probs.load(logits));
  EXPECT_NEAR(probs.of(0), std::log(0.5), 1e-6);
  EXPECT_NEAR(probs.of(1), std::log(0.2), 1e-6);
  EXPECT_EQ(probs.of(2), -std::numeric_limits<double>::infinity());
  const auto best = probs.best(2);
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[0].id, 0);
  EXPECT_EQ(best[1].id, 3);
  // What the model excludes is not among the best, however many are asked for.
  EXPECT_EQ(probs.best(100).size(), 3u);
  EXPECT_TRUE(probs.best(0).empty());
}

TEST(LogProbs, RefuseWhatIsNoNumber) {
  LogProbs probs;
  EXPECT_FALSE(probs.load(std::vector<float>{1.0f, std::numeric_limits<float>::quiet_NaN()}));
}

}  // namespace
}  // namespace ingot::core
