#include "profile/drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace ingot::core {
namespace {

using testing::HasSubstr;

double draw(std::mt19937& random) {
  return static_cast<double>(random()) / 4294967296.0;
}

// Times around a millisecond with 0.5 % of noise, changed by what happens to the machine.
template <typename Change>
std::vector<double> times(int n, unsigned seed, Change change) {
  std::mt19937 random(seed);
  std::vector<double> result;
  for (int i = 0; i < n; ++i) {
    // Sums of three even draws: near enough to a bell, and the same with every library.
    const double noise = (draw(random) + draw(random) + draw(random) - 1.5) * 0.01;
    result.push_back(1e6 * (1 + noise) * change(static_cast<double>(i) / (n - 1), random));
  }
  return result;
}

TEST(Drift, ASteadyMachineIsRarelyAccused) {
  int n_accused = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    const DriftReport report = judge_drift(times(20, seed, [](double, auto&) { return 1.0; }));
    EXPECT_LT(std::abs(report.trend), 0.03);
    n_accused += report.drifted();
  }
  EXPECT_EQ(n_accused, 0) << "half a percent of noise is below every limit";
}

TEST(Drift, ThrottlingIsFoundAndSaid) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const DriftReport report = judge_drift(times(12, seed, [](double done, auto&) { return 1 + 0.08 * done; }));
    EXPECT_EQ(report.verdict, DriftVerdict::kSlowing);
    EXPECT_NEAR(report.trend, 0.08, 0.025);
    EXPECT_THAT(report.sentence, HasSubstr("slowed down by"));
  }
}

// Clocks fall at once, as they do when a power limit is reached.
TEST(Drift, AStepDownIsFound) {
  const DriftReport report = judge_drift(times(20, 1, [](double done, auto&) { return done < 0.5 ? 1.0 : 1.2; }));
  EXPECT_EQ(report.verdict, DriftVerdict::kSlowing);
  EXPECT_GT(report.trend, 0.03);
}

TEST(Drift, AMachineThatRecoversIsFound) {
  const DriftReport report = judge_drift(times(12, 1, [](double done, auto&) { return 1.1 - 0.1 * done; }));
  EXPECT_EQ(report.verdict, DriftVerdict::kQuickening);
  EXPECT_THAT(report.sentence, HasSubstr("grew faster by"));
}

TEST(Drift, ANoisyNeighbourIsFoundAndIsNoTrend) {
  int n_noisy = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    const DriftReport report =
        judge_drift(times(30, seed, [](double, auto& random) { return random() % 3 == 0 ? 1.4 : 1.0; }));
    n_noisy += report.verdict == DriftVerdict::kNoisy;
    EXPECT_NE(report.verdict, DriftVerdict::kSteady);
  }
  EXPECT_GE(n_noisy, 98) << "one in a hundred may look like a trend";
}

TEST(Drift, OneDisturbedSampleIsNone) {
  std::vector<double> disturbed = times(20, 3, [](double, auto&) { return 1.0; });
  disturbed[19] *= 3;
  EXPECT_EQ(judge_drift(disturbed).verdict, DriftVerdict::kSteady);
}

TEST(Drift, NumbersAreThoseOfTheTimes) {
  const std::vector<double> rising = {100, 110, 120, 130, 140, 150};
  const DriftReport report = judge_drift(rising);
  EXPECT_EQ(report.n_times, 6);
  EXPECT_EQ(report.fastest_ns, 100);
  EXPECT_DOUBLE_EQ(report.median_ns, 125);
  EXPECT_DOUBLE_EQ(report.trend, 50.0 / 125);
  EXPECT_DOUBLE_EQ(report.spread, 0.45);
  // 15 rising pairs of 15: z = 14 / sqrt(6 * 5 * 17 / 18).
  EXPECT_NEAR(report.trend_probability, std::erfc(14 / std::sqrt(6 * 5 * 17 / 18.0) / std::sqrt(2.0)), 1e-12);
  EXPECT_EQ(report.verdict, DriftVerdict::kSlowing);
}

TEST(Drift, TooFewTimesSayNothing) {
  EXPECT_EQ(judge_drift({}).verdict, DriftVerdict::kTooFewTimes);
  const std::vector<double> four = {1, 2, 3, 4};
  const DriftReport report = judge_drift(four);
  EXPECT_EQ(report.verdict, DriftVerdict::kTooFewTimes);
  EXPECT_FALSE(report.drifted());
  EXPECT_THAT(report.sentence, HasSubstr("4 calibrations are too few"));
}

TEST(Drift, TimeLostBetweenRunsIsNoise) {
  const std::vector<double> steady = times(20, 1, [](double, auto&) { return 1.0; });
  EXPECT_EQ(judge_drift(steady, 0.05).verdict, DriftVerdict::kSteady);
  const DriftReport report = judge_drift(steady, 0.4);
  EXPECT_EQ(report.verdict, DriftVerdict::kNoisy);
  EXPECT_THAT(report.sentence, HasSubstr("other work ran in 40 % of that time"));
}

TEST(Drift, StealAndThrottlingOfTheSystemCount) {
  const std::vector<double> steady = times(20, 1, [](double, auto&) { return 1.0; });
  MachineState before;
  before.ticks = CpuTicks{.total = 1000, .idle = 0, .steal = 0};
  before.throttle_events = 5;
  MachineState after;
  after.ticks = CpuTicks{.total = 2000, .idle = 0, .steal = 100};
  after.throttle_events = 5;
  const DriftReport stolen = judge_drift(steady, 0, before, after);
  EXPECT_EQ(stolen.verdict, DriftVerdict::kNoisy);
  EXPECT_THAT(stolen.sentence, HasSubstr("hypervisor took 10.0 %"));
  after.ticks->steal = 0;
  after.throttle_events = 8;
  EXPECT_EQ(judge_drift(steady, 0, before, after).verdict, DriftVerdict::kSteady) << "it throttled, and cost nothing";
  EXPECT_THAT(judge_drift(steady, 0, before, after).sentence, HasSubstr("3 thermal throttle events"));
}

TEST(Calibration, IsTheSameWorkEveryTime) {
  const uint64_t first = run_calibration_kernel();
  EXPECT_EQ(run_calibration_kernel(), first);
}

TEST(Calibration, TheFastestRunIsTheTime) {
  const Calibration calibration = time_calibration();
  EXPECT_GT(calibration.fastest_ns, 1e4) << "it computes something";
  EXPECT_GE(calibration.lost, -1e-9);
  EXPECT_LT(calibration.lost, 1.0);
}

TEST(DriftMonitor, RemembersEverySample) {
  DriftMonitor monitor;
  for (int i = 0; i < 6; ++i) EXPECT_GT(monitor.sample(), 1e4);
  EXPECT_EQ(monitor.times_ns().size(), 6u);
  const DriftReport report = monitor.report();
  EXPECT_EQ(report.n_times, 6);
  EXPECT_NE(report.verdict, DriftVerdict::kTooFewTimes);
  EXPECT_FALSE(report.sentence.empty());
}

}  // namespace
}  // namespace ingot::core
