#include "model/rope.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ingot::core {
namespace {

RopeSpec plain(int64_t rotary_dim, double base) {
  RopeSpec spec;
  spec.rotary_dim = rotary_dim;
  spec.base = base;
  return spec;
}

TEST(RopeTest, FrequenciesFallGeometrically) {
  const RopeTable table = make_rope_table(plain(8, 10000.0), {});
  const std::vector<float> expected{1.0f, 0.1f, 0.01f, 0.001f};
  ASSERT_EQ(table.frequencies.size(), 4u);
  for (size_t pair = 0; pair < 4; ++pair) EXPECT_FLOAT_EQ(table.frequencies[pair], expected[pair]);
  EXPECT_EQ(table.magnitude, 1.0f);
}

TEST(RopeTest, LinearScalingDividesAll) {
  RopeSpec spec = plain(8, 10000.0);
  spec.scaling = RopeScaling::kLinear;
  spec.factor = 8.0;
  const RopeTable table = make_rope_table(spec, {});
  EXPECT_FLOAT_EQ(table.frequencies[0], 0.125f);
  EXPECT_FLOAT_EQ(table.frequencies[3], 0.000125f);
  EXPECT_EQ(table.magnitude, 1.0f);
}

TEST(RopeTest, AFactorWithoutAScalingIsIgnored) {
  RopeSpec spec = plain(8, 10000.0);
  spec.factor = 8.0;
  EXPECT_EQ(make_rope_table(spec, {}).frequencies, make_rope_table(plain(8, 10000.0), {}).frequencies);
}

TEST(RopeTest, DivisorsDivideTheirPair) {
  const std::vector<float> divisors{1.0f, 2.0f, 4.0f, 8.0f};
  const RopeTable table = make_rope_table(plain(8, 10000.0), divisors);
  EXPECT_FLOAT_EQ(table.frequencies[0], 1.0f);
  EXPECT_FLOAT_EQ(table.frequencies[1], 0.05f);
  EXPECT_FLOAT_EQ(table.frequencies[2], 0.0025f);
  EXPECT_FLOAT_EQ(table.frequencies[3], 0.000125f);
}

// The values that Hugging Face's _compute_yarn_parameters gives (transformers 5, modeling_rope_utils.py) for
// head_dim 64, rope_theta 10000, factor 4, original_max_position_embeddings 2048, beta_fast 32, beta_slow 1.
TEST(RopeTest, YarnKeepsFastPairsAndStretchesSlowOnes) {
  RopeSpec spec = plain(64, 10000.0);
  spec.scaling = RopeScaling::kYarn;
  spec.factor = 4.0;
  spec.original_context = 2048;
  const RopeTable table = make_rope_table(spec, {});
  const RopeTable unscaled = make_rope_table(plain(64, 10000.0), {});
  for (size_t pair = 0; pair <= 8; ++pair) EXPECT_FLOAT_EQ(table.frequencies[pair], unscaled.frequencies[pair]);
  for (size_t pair = 21; pair < 32; ++pair) {
    EXPECT_FLOAT_EQ(table.frequencies[pair], unscaled.frequencies[pair] / 4.0f);
  }
  EXPECT_FLOAT_EQ(table.frequencies[8], 1.00000001e-01f);
  EXPECT_FLOAT_EQ(table.frequencies[9], 7.06631020e-02f);
  EXPECT_FLOAT_EQ(table.frequencies[10], 4.97455746e-02f);
  EXPECT_FLOAT_EQ(table.frequencies[15], 7.94983935e-03f);
  EXPECT_FLOAT_EQ(table.frequencies[20], 9.73008573e-04f);
  EXPECT_FLOAT_EQ(table.frequencies[21], 5.92843455e-04f);
  EXPECT_FLOAT_EQ(table.frequencies[22], 4.44569858e-04f);
  EXPECT_FLOAT_EQ(table.magnitude, 1.1386294f);
}

TEST(RopeTest, YarnsMagnitudeCanBeGiven) {
  RopeSpec spec = plain(64, 10000.0);
  spec.scaling = RopeScaling::kYarn;
  spec.factor = 4.0;
  spec.original_context = 2048;
  spec.yarn_magnitude = 1.5;
  spec.attention_factor = 2.0;
  EXPECT_FLOAT_EQ(make_rope_table(spec, {}).magnitude, 3.0f);
}

TEST(RopeTest, LongFactorsServeContextsBeyondTheOriginal) {
  RopeSpec spec = plain(64, 10000.0);
  spec.original_context = 4096;
  EXPECT_FALSE(needs_long_factors(spec, 4096));
  EXPECT_TRUE(needs_long_factors(spec, 4097));
}

}  // namespace
}  // namespace ingot::core
