#include "bench/significance.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "base/sanitizer.h"
#include "bench/noisy_machine.h"

namespace ingot::core {
namespace {

using Values = std::vector<double>;

// How often a random choice of signs makes a signed rank sum as far from its middle: all 2^n of them.
double signed_ranks_by_enumeration(const Values& differences) {
  const size_t n = differences.size();
  Values ranks(n);
  for (size_t a = 0; a < n; ++a) {
    for (size_t b = 0; b < n; ++b) {
      const double below = std::abs(differences[b]) < std::abs(differences[a]) ? 1.0 : 0.0;
      ranks[a] += std::abs(differences[b]) == std::abs(differences[a]) ? 0.5 : below;
    }
    ranks[a] += 0.5;
  }
  double total = 0;
  double observed = 0;
  for (size_t a = 0; a < n; ++a) {
    total += ranks[a];
    if (differences[a] > 0) observed += ranks[a];
  }
  int as_far = 0;
  for (unsigned signs = 0; signs < 1u << n; ++signs) {
    double sum = 0;
    for (size_t a = 0; a < n; ++a) sum += (signs >> a & 1u) != 0 ? ranks[a] : 0;
    as_far += std::abs(sum - total / 2) >= std::abs(observed - total / 2);
  }
  return as_far / static_cast<double>(1u << n);
}

TEST(PairedTest, AgreesWithAllChoicesOfSigns) {
  const Values plain = {1.1, -0.2, 0.7, 0.9, 1.5, -0.3, 0.4, 2.0, 0.6, 1.2};
  EXPECT_NEAR(paired_p_value(plain, 0.01), signed_ranks_by_enumeration(plain), 1e-12);
  const Values with_ties = {1, -1, 1, 2, 2, -2, 3, 3, 1, 4, 4};
  EXPECT_NEAR(paired_p_value(with_ties, 0.01), signed_ranks_by_enumeration(with_ties), 1e-12);
  const Values one_sided = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_NEAR(paired_p_value(one_sided, 0.01), 2.0 / 256, 1e-12);
}

TEST(PairedTest, OfManyPairsIsNotMovedByAFewWildOnes) {
  // 24 pairs lean a little to one side; five lean wildly to the other.
  Values values(24, 0.05);
  for (size_t pair = 0; pair < values.size(); ++pair) values[pair] += 0.002 * static_cast<double>(pair % 7);
  const double calm = paired_p_value(values, 0.01);
  values.insert(values.end(), 5, -2.0);
  EXPECT_LT(calm, 0.01);
  EXPECT_LT(paired_p_value(values, 0.01), 0.01);
}

TEST(PairedTest, OfEqualPairsIsCertainOfNothing) {
  EXPECT_EQ(paired_p_value(Values(20, 0.0), 0.01), 1);
  EXPECT_EQ(paired_p_value(Values{}, 0.01), 1);
  EXPECT_EQ(paired_p_value(Values{0.5}, 0.01), 1);
  EXPECT_EQ(paired_p_value(Values(3, 0.0), 0.01), 1);
}

TEST(PairedTest, OfFewPairsIsStudents) {
  // t = mean / (s / sqrt(n)). From tables: two-sided 0.05 at 2.776 and 0.01 at 4.604 for four degrees of freedom.
  const auto with_t = [](double t) {
    // Five values with standard deviation 1 and the mean that gives t.
    const double spread = std::sqrt(4 / 2.5);
    Values values = {-1 * spread, -0.5 * spread, 0, 0.5 * spread, 1 * spread};
    for (double& value : values) value += t / std::sqrt(5.0);
    return paired_p_value(values, 0.01);
  };
  EXPECT_NEAR(with_t(2.776), 0.05, 1e-4);
  EXPECT_NEAR(with_t(4.604), 0.01, 1e-4);
  EXPECT_NEAR(with_t(-4.604), 0.01, 1e-4);
  EXPECT_NEAR(with_t(8.610), 0.001, 1e-5);
}

TEST(ShiftTest, AgreesWithTables) {
  // U = 2 of five against five: 0.0317, two-sided; complete separation: 2 / 252.
  const Values low = {1, 2, 3, 4, 7};
  const Values high = {5, 6, 8, 9, 10};
  EXPECT_NEAR(shift_p_value(low, high, 0.05), 8.0 / 252, 1e-12);
  EXPECT_NEAR(shift_p_value(high, low, 0.05), 8.0 / 252, 1e-12);
  EXPECT_NEAR(shift_p_value(Values{1, 2, 3, 4, 5}, Values{6, 7, 8, 9, 10}, 0.01), 2.0 / 252, 1e-12);
}

TEST(ShiftTest, CountsAllChoicesOfTiedSamples) {
  const Values before = {1, 1, 2, 2, 3, 1, 2};
  const Values after = {2, 3, 3, 4, 4, 3, 2};
  Values all = after;
  all.insert(all.end(), before.begin(), before.end());
  const auto rank_of = [&](double value) {
    double rank = 0.5;
    for (const double other : all) rank += other < value ? 1 : other == value ? 0.5 : 0;
    return rank;
  };
  const auto distance_of = [&](unsigned chosen) {
    double sum = 0;
    for (size_t a = 0; a < all.size(); ++a) sum += (chosen >> a & 1u) != 0 ? rank_of(all[a]) : 0;
    return std::abs(sum - 7 * 7.5);
  };
  int n_ways = 0;
  int as_far = 0;
  for (unsigned chosen = 0; chosen < 1u << 14; ++chosen) {
    if (__builtin_popcount(chosen) != 7) continue;
    ++n_ways;
    as_far += distance_of(chosen) >= distance_of((1u << 7) - 1);
  }
  EXPECT_NEAR(shift_p_value(before, after, 0.01), as_far / static_cast<double>(n_ways), 1e-12);
}

TEST(ShiftTest, OfFewSamplesIsWelchs) {
  // Variances 1 and 4 of three samples each around logarithms 0 and 10: error^2 = 5/3, t = 7.746,
  // degrees of freedom (5/3)^2 / ((1/3)^2/2 + (4/3)^2/2) = 2.941; 0.004798 by numerical integration.
  const Values before = {std::exp(-1.0), 1, std::exp(1.0)};
  const Values after = {std::exp(8.0), std::exp(10.0), std::exp(12.0)};
  EXPECT_NEAR(shift_p_value(before, after, 0.01), 0.004798, 1e-6);
  EXPECT_EQ(shift_p_value(Values{1}, Values{100}, 0.01), 1);
}

TEST(StatisticTest, AgreesWithAllDeals) {
  // Of the 252 deals of 1..5 and 6..10 with a wide gap, only the two extreme ones have means so far apart.
  const Values before = {100, 101, 102, 103, 104};
  const Values after = {200, 201, 202, 203, 204};
  EXPECT_NEAR(statistic_p_value(before, after, Statistic::kMean, 1e-4), 2.0 / 252, 0.003);
  EXPECT_GT(statistic_p_value(before, before, Statistic::kMean, 0.01), 0.9);
}

TEST(StatisticTest, IsNotMovedByOneWildSample) {
  Values before(20, 100);
  for (size_t n = 0; n < before.size(); ++n) before[n] += static_cast<double>(n % 7);
  Values after = before;
  after[4] = 10000;
  EXPECT_GT(statistic_of(after, Statistic::kP99), 10 * statistic_of(before, Statistic::kP99));
  EXPECT_GT(statistic_p_value(before, after, Statistic::kP99, 0.01), 0.05);
  EXPECT_GT(statistic_p_value(before, after, Statistic::kMean, 0.01), 0.05);
  EXPECT_GT(paired_statistic_p_value(before, after, Statistic::kP99, 0.01), 0.05);
}

TEST(StatisticTest, FindsALongerTail) {
  // The same median, but every fifth sample takes twice as long.
  Values before;
  Values after;
  for (int n = 0; n < 240; ++n) {
    before.push_back(100 + n % 9);
    after.push_back((n % 5 == 0 ? 200 : 100) + n % 8);
  }
  EXPECT_LT(statistic_p_value(before, after, Statistic::kP95, 0.002), 0.002);
  EXPECT_LT(paired_statistic_p_value(before, after, Statistic::kP95, 0.002), 0.002);
}

TEST(Tests, KnowTheirLowestValue) {
  EXPECT_NEAR(lowest_p_value(5, 5), 2.0 / 252, 1e-12);
  EXPECT_NEAR(lowest_p_value(3, 3), 0.1, 1e-12);
  EXPECT_NEAR(lowest_paired_p_value(8), 2.0 / 256, 1e-12);
  EXPECT_EQ(lowest_paired_p_value(1), 1);
}

// Share of identical series that a test calls different at this level. Each test is checked with the counts at which
// it switches to another method.
template <typename Test>
double false_alarms(int n_trials, int n_samples, double level, const Test& test) {
  int n_false = 0;
  for (int trial = 0; trial < n_trials; ++trial) {
    test::NoisyMachine machine(static_cast<uint64_t>(trial * 7 + n_samples), 0.1);
    const auto pairs = machine.in_turn(n_samples, 1.0);
    n_false += test(pairs.baseline, pairs.current) <= level;
  }
  return n_false / static_cast<double>(n_trials);
}

TEST(Tests, KeepTheirLevelOnHeavyTails) {
  constexpr double kLevel = 0.05;
  constexpr int kTrials = 1000 / kSizeDivisor;
  // Three standard deviations of the count above the level.
  const double most = kLevel + 3 * std::sqrt(kLevel * (1 - kLevel) / kTrials);
  for (const int n_samples : {3, 4, 5, 7, 12, 19, 20, 40, 60}) {
    SCOPED_TRACE(n_samples);
    EXPECT_LE(false_alarms(kTrials, n_samples, kLevel,
                           [](const Values& a, const Values& b) { return paired_p_value(log_ratios(a, b), kLevel); }),
              most);
    EXPECT_LE(false_alarms(kTrials, n_samples, kLevel,
                           [](const Values& a, const Values& b) { return shift_p_value(a, b, kLevel); }),
              most);
    EXPECT_LE(false_alarms(kTrials, n_samples, kLevel,
                           [](const Values& a, const Values& b) {
                             return paired_statistic_p_value(a, b, Statistic::kP95, kLevel);
                           }),
              most);
    EXPECT_LE(false_alarms(
                  kTrials, n_samples, kLevel,
                  [](const Values& a, const Values& b) { return statistic_p_value(a, b, Statistic::kMean, kLevel); }),
              most);
  }
}

TEST(Tests, ArePlainlySpeakingAtLeastAsOftenAsTheyMay) {
  // A test that never speaks keeps every level: at 40 samples, about one in twenty must be called different.
  const double share = false_alarms(
      1000, 40, 0.05, [](const Values& a, const Values& b) { return paired_p_value(log_ratios(a, b), 0.05); });
  EXPECT_GT(share, 0.025);
}

}  // namespace
}  // namespace ingot::core
