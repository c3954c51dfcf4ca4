// What a series of samples says: its summary, and the ratio of two series, each with an interval.
//
// Samples are wall times of a machine that others use too: mostly close together, now and then far too long. So what
// decides is never the plain mean of a few. Two series taken in turn are compared pair by pair, as the logarithm of
// each pair's ratio: what slows both halves of a pair (another process, a lower clock) cancels out, and the mean of the
// middle half of those logarithms ignores up to a quarter of pairs spoilt on either side.
//
// Everything here is deterministic: resampling draws from a generator with a fixed seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ingot::core {

// Numbers for resampling. Not of the standard library: its distributions differ from one implementation to another,
// and a verdict must not. SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
class ResamplingRng {
 public:
  explicit ResamplingRng(uint64_t seed) : state_(seed) {}
  uint64_t next();
  size_t below(size_t bound);  // uniform in [0, bound), bound in [1, 2^32)

 private:
  uint64_t state_;
};

struct Interval {
  double low = 0;
  double high = 0;
};

// The statistics that thresholds are given for.
enum class Statistic { kMean, kMedian, kP95, kP99 };

double mean(std::span<const double> samples);
// samples: at least one, in rising order. Linear between the two nearest: the value at place fraction * (n - 1),
// counted from 0 (type 7 of Hyndman and Fan, the default of NumPy and R). The shortcut samples[n * 95 / 100], which
// some tools take, is the same or the next higher sample.
double percentile(std::span<const double> sorted, double fraction);
// Of at least one sample in any order.
double statistic_of(std::span<const double> samples, Statistic statistic);

struct Summary {
  int64_t n = 0;  // 0: no samples, and all else is 0
  double min = 0, max = 0, mean = 0, median = 0, p5 = 0, p50 = 0, p95 = 0, p99 = 0;
  double stddev = 0;  // of the sample, with n - 1; 0 for one sample
  // Where the true mean and median lie in 95 of 100 cases: percentile bootstrap. One sample gives no width.
  Interval mean_ci95, median_ci95;
};
Summary summarise(std::span<const double> samples);

// current / baseline of two series, or of two series taken in turn.
struct Ratio {
  double typical = 1;  // decides; see above. Not in turn: of the medians
  Interval ci95;       // of typical, by bootstrap
  double of_means = 1;
  double of_medians = 1;
  double of_best = 1;   // of the lowest: what the machine does when nobody disturbs it
  double of_pairs = 1;  // the median of the pairs' ratios; not in turn: of the medians
  int64_t n_pairs = 0;  // 0: not in turn
};
// Precondition of both: positive, finite samples, at least one each; in turn: as many in one as in the other. Where
// possible the order within the pairs changes from pair to pair, or who goes first is part of what is compared.
Ratio ratio_in_turn(std::span<const double> baseline, std::span<const double> current);
Ratio ratio_apart(std::span<const double> baseline, std::span<const double> current);
// statistic(current) / statistic(baseline), with where the true one lies in 95 of 100 cases.
struct StatisticRatio {
  double ratio = 1;
  Interval ci95;
};
StatisticRatio ratio_of(std::span<const double> baseline, std::span<const double> current, Statistic statistic);

// log(current / baseline) of each pair.
std::vector<double> log_ratios(std::span<const double> baseline, std::span<const double> current);
// Mean of what is left when a quarter at either end is cut off (all of fewer than four values).
double middle_mean(std::span<const double> values);

}  // namespace ingot::core
