#include "bench/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <random>

#include "bench/noisy_machine.h"

namespace ingot::core {
namespace {

using ::testing::DoubleNear;

TEST(Percentile, IsLinearBetweenTheNearest) {
  const std::array<double, 5> sorted = {10, 20, 30, 40, 50};
  EXPECT_DOUBLE_EQ(percentile(sorted, 0), 10);
  EXPECT_DOUBLE_EQ(percentile(sorted, 0.5), 30);
  EXPECT_DOUBLE_EQ(percentile(sorted, 0.95), 48);  // place 3.8
  EXPECT_DOUBLE_EQ(percentile(sorted, 1), 50);
  EXPECT_DOUBLE_EQ(percentile(std::array<double, 1>{7}, 0.99), 7);
}

TEST(Summary, OfKnownSamples) {
  // By hand: sum 40, squares of the distances from 5: 9+1+1+1+0+0+4+16 = 32.
  const std::array<double, 8> samples = {9, 2, 5, 4, 4, 5, 7, 4};
  const Summary summary = summarise(samples);
  EXPECT_EQ(summary.n, 8);
  EXPECT_DOUBLE_EQ(summary.min, 2);
  EXPECT_DOUBLE_EQ(summary.max, 9);
  EXPECT_DOUBLE_EQ(summary.mean, 5);
  EXPECT_DOUBLE_EQ(summary.median, 4.5);
  EXPECT_DOUBLE_EQ(summary.p50, 4.5);
  EXPECT_DOUBLE_EQ(summary.p5, 2 + 0.35 * 2);
  EXPECT_DOUBLE_EQ(summary.p95, 7 + 0.65 * 2);
  EXPECT_DOUBLE_EQ(summary.p99, 7 + 0.93 * 2);
  EXPECT_DOUBLE_EQ(summary.stddev, std::sqrt(32.0 / 7));
  EXPECT_LT(summary.mean_ci95.low, 5);
  EXPECT_GT(summary.mean_ci95.high, 5);
}

TEST(Summary, OfNothingAndOfOne) {
  EXPECT_EQ(summarise({}).n, 0);
  const Summary one = summarise(std::array<double, 1>{42});
  EXPECT_EQ(one.n, 1);
  EXPECT_DOUBLE_EQ(one.stddev, 0);
  EXPECT_DOUBLE_EQ(one.mean_ci95.low, 42);
  EXPECT_DOUBLE_EQ(one.median_ci95.high, 42);
}

TEST(Summary, IsTheSameEachTime) {
  test::NoisyMachine machine(3, 0.1);
  const std::vector<double> samples = machine.series(40, 1e6);
  const Summary first = summarise(samples);
  const Summary second = summarise(samples);
  EXPECT_EQ(first.mean_ci95.low, second.mean_ci95.low);
  EXPECT_EQ(first.median_ci95.high, second.median_ci95.high);
}

TEST(Summary, IntervalsHoldTheTruthInAboutNineteenOfTwenty) {
  std::mt19937_64 engine(5);
  std::normal_distribution<double> normal(100, 10);
  int mean_inside = 0;
  int median_inside = 0;
  constexpr int kTrials = 400;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> samples(30);
    for (double& sample : samples) sample = normal(engine);
    const Summary summary = summarise(samples);
    mean_inside += summary.mean_ci95.low <= 100 && 100 <= summary.mean_ci95.high;
    median_inside += summary.median_ci95.low <= 100 && 100 <= summary.median_ci95.high;
  }
  // Percentile bootstrap of 30 samples covers about 0.935; four standard deviations of a count to either side.
  EXPECT_THAT(mean_inside / double{kTrials}, DoubleNear(0.94, 0.05));
  EXPECT_THAT(median_inside / double{kTrials}, DoubleNear(0.94, 0.05));
}

TEST(MiddleMean, CutsAQuarterAtEitherEnd) {
  EXPECT_DOUBLE_EQ(middle_mean(std::array<double, 8>{1000, 1, 2, 3, 4, 5, 6, -1000}), (2 + 3 + 4 + 5) / 4.0);
  EXPECT_DOUBLE_EQ(middle_mean(std::array<double, 3>{1, 2, 6}), 3);
}

TEST(RatioInTurn, IgnoresASixthOfSpoiltPairs) {
  std::vector<double> baseline(12, 100);
  std::vector<double> current(12, 110);
  current[3] = 1000;
  current[7] = 5000;
  const Ratio ratio = ratio_in_turn(baseline, current);
  EXPECT_NEAR(ratio.typical, 1.1, 1e-12);
  EXPECT_NEAR(ratio.of_pairs, 1.1, 1e-12);
  EXPECT_NEAR(ratio.of_medians, 1.1, 1e-12);
  EXPECT_NEAR(ratio.of_best, 1.1, 1e-12);
  EXPECT_GT(ratio.of_means, 5);
  EXPECT_EQ(ratio.n_pairs, 12);
}

TEST(RatioInTurn, FollowsNoDriftOfTheMachine) {
  // The machine becomes three times slower while it is measured; in each pair, current takes 1.2 of baseline.
  std::vector<double> baseline;
  std::vector<double> current;
  for (int pair = 0; pair < 20; ++pair) {
    baseline.push_back(100 + 10 * pair);
    current.push_back(1.2 * baseline.back());
  }
  const Ratio ratio = ratio_in_turn(baseline, current);
  EXPECT_NEAR(ratio.typical, 1.2, 1e-12);
  EXPECT_NEAR(ratio.ci95.low, 1.2, 1e-9);
  EXPECT_NEAR(ratio.ci95.high, 1.2, 1e-9);
}

TEST(RatioInTurn, IntervalHoldsAPlantedRatio) {
  int inside = 0;
  constexpr int kTrials = 200;
  for (int trial = 0; trial < kTrials; ++trial) {
    test::NoisyMachine machine(static_cast<uint64_t>(trial), 0.08);
    const auto pairs = machine.in_turn(40, 1.05);
    const Ratio ratio = ratio_in_turn(pairs.baseline, pairs.current);
    EXPECT_LE(ratio.ci95.low, ratio.ci95.high);
    inside += ratio.ci95.low <= 1.05 && 1.05 <= ratio.ci95.high;
  }
  EXPECT_THAT(inside / double{kTrials}, DoubleNear(0.94, 0.06));
}

TEST(RatioApart, TakesSeriesOfDifferentLengths) {
  const Ratio ratio = ratio_apart(std::array<double, 3>{100, 110, 90}, std::array<double, 5>{150, 160, 140, 900, 149});
  EXPECT_DOUBLE_EQ(ratio.typical, 1.5);
  EXPECT_DOUBLE_EQ(ratio.of_best, 140.0 / 90);
  EXPECT_EQ(ratio.n_pairs, 0);
  EXPECT_LT(ratio.ci95.low, 1.5);
  EXPECT_GT(ratio.ci95.high, 1.5);
}

TEST(ResamplingRng, IsUniform) {
  ResamplingRng rng(1);
  std::array<int, 7> counts{};
  constexpr int kDraws = 70000;
  for (int draw = 0; draw < kDraws; ++draw) ++counts[rng.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 7.0, 5 * std::sqrt(kDraws * 6 / 49.0));
}

}  // namespace
}  // namespace ingot::core
