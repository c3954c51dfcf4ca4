#include "engine/chunk_samples.h"

#include <gtest/gtest.h>

#include <vector>

namespace ingot::core {
namespace {

// 1 MFLOP a token, 1 kFLOP for each position that it sees.
PrefillFlops flops_of(int64_t first, int64_t n_tokens) {
  PrefillFlops flops{.linear = 1e6 * static_cast<double>(n_tokens)};
  for (int64_t position = first; position < first + n_tokens; ++position) {
    flops.attention += 1e3 * static_cast<double>(position + 1);
  }
  return flops;
}

ChunkSample sample(int64_t n_rows, double seconds_per_mflop) {
  const PrefillFlops flops = flops_of(0, n_rows);
  return {.n_rows = n_rows, .seconds = seconds_per_mflop * flops.total() * 1e-6, .flops = flops, .cold = false};
}

TEST(NextSize, ClimbsWhileLargerIsFaster) {
  std::vector<ChunkSample> samples;
  EXPECT_EQ(next_size(samples, 4096), 512);
  EXPECT_EQ(next_size(samples, 300), 256);
  EXPECT_EQ(next_size(samples, 40), 40);
  samples.push_back(sample(512, 1e-3));
  EXPECT_EQ(next_size(samples, 4096), 1024);
  EXPECT_EQ(next_size(samples, 1000), 256);  // there is no room above: below was never tried
  samples.push_back(sample(1024, 0.9e-3));
  EXPECT_EQ(next_size(samples, 4096), 2048);
  samples.push_back(sample(2048, 0.95e-3));
  EXPECT_EQ(next_size(samples, 4096), 1024);
}

TEST(NextSize, GoesDownWhereSmallerIsFaster) {
  std::vector<ChunkSample> samples = {sample(512, 1e-3), sample(1024, 1.2e-3)};
  EXPECT_EQ(next_size(samples, 4096), 256);
  samples.push_back(sample(256, 0.8e-3));
  EXPECT_EQ(next_size(samples, 4096), 128);
  samples.push_back(sample(128, 0.79e-3));  // hardly faster, but smaller: it needs less memory
  EXPECT_EQ(next_size(samples, 4096), 64);
  samples.push_back(sample(64, 2e-3));
  EXPECT_EQ(next_size(samples, 4096), 128);
}

TEST(NextSize, IsNotMisledByColdOrOddSamples) {
  ChunkSample cold = sample(512, 9e-3);
  cold.cold = true;
  EXPECT_EQ(next_size(std::vector{cold}, 4096), 512);
  EXPECT_EQ(next_size(std::vector{cold, sample(3, 50e-3)}, 4096), 512);
  // A disturbance makes one sample of several slow, never fast.
  const std::vector<ChunkSample> disturbed = {sample(512, 1e-3), sample(1024, 1.1e-3), sample(256, 1.1e-3),
                                              sample(512, 3e-3), sample(512, 1e-3)};
  EXPECT_EQ(next_size(disturbed, 4096), 512);
}

// Attention here runs at a tenth of the rate of products: later chunks are slower whatever their size.
TEST(NextSize, ComparesChunksAtDifferentPositions) {
  const auto at = [](int64_t first, int64_t n_rows, double factor) {
    const PrefillFlops flops = flops_of(first, n_rows);
    return ChunkSample{.n_rows = n_rows,
                       .seconds = factor * (flops.linear * 1e-9 + flops.attention * 1e-8),
                       .flops = flops,
                       .cold = false};
  };
  const std::vector<ChunkSample> samples = {at(0, 512, 1.0), at(512, 512, 1.0), at(1024, 512, 1.0), at(1536, 1024, 0.9),
                                            at(2560, 256, 1.1)};
  EXPECT_EQ(next_size(samples, 1024), 1024);
  EXPECT_NEAR(attention_weight(samples), 10, 1.5);
  EXPECT_EQ(attention_weight(std::span(samples).first(1)), 1);
  EXPECT_NEAR(estimate_seconds(samples, 512, flops_of(3000, 512)), at(3000, 512, 1.0).seconds, 0.2);
}

TEST(EstimateSeconds, ComesFromTheNearestSize) {
  EXPECT_EQ(estimate_seconds({}, 512, flops_of(0, 512)), 0);
  const std::vector<ChunkSample> samples = {sample(64, 2e-3), sample(512, 1e-3)};
  const double large = estimate_seconds(samples, 400, flops_of(0, 400));
  EXPECT_NEAR(large, 0.4802, 1e-6);
  EXPECT_GT(estimate_seconds(samples, 400, flops_of(3000, 400)), large);
  EXPECT_NEAR(estimate_seconds(samples, 60, flops_of(0, 60)), 2 * 0.06183, 1e-6);
}

}  // namespace
}  // namespace ingot::core
