#include "bench/significance.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "base/check.h"

namespace ingot::core {
namespace {

constexpr uint64_t kPermutationSeed = 0xD1B54A32D192ED03;
// Ranks of so many pairs and more weigh the wildest pairs most; there the middle mean finds a change with fewer pairs
// (on the tests' noise: 5 % at 0.93 instead of 0.89 of 40 pairs).
constexpr size_t kMostRankedPairs = 19;
// Beyond, the normal approximation of a rank sum is good to the digits that matter.
constexpr size_t kMostExactSamples = 50;
// A permutation test ends when chance did as well this often; the p-value is then good to a fifth.
constexpr int64_t kEnoughAsExtreme = 30;
constexpr int64_t kMostRounds = 100'000;
constexpr int64_t kFewestRounds = 999;
// Of one series in a permutation test; of longer ones every k-th sample is taken.
constexpr size_t kMostSamples = 4096;

// Share of equal or more extreme values of Student's t with this many degrees of freedom, both sides: the incomplete
// beta function at df / (df + t^2), by Lentz's continued fraction (Abramowitz and Stegun 26.5.8 and 26.7.1).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto not_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / not_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int step = 1; step <= 300; ++step) {
    const double m = step;
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / not_zero(1 + even * d);
    c = not_zero(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / not_zero(1 + odd * d);
    c = not_zero(1 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1) < 1e-14) break;
  }
  return fraction;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_p_value(double difference, double error, double n_degrees) {
  if (difference == 0) return 1;
  if (error == 0) return 0;  // samples without any noise, as counts have it
  const double t = difference / error;
  return incomplete_beta(n_degrees / 2, 0.5, n_degrees / (n_degrees + t * t));
}

double normal_p_value(double distance, double variance) {
  // Half a rank off: a sum of ranks moves in steps of one.
  return variance <= 0 ? 1.0 : std::erfc(std::max(0.0, distance - 0.5) / std::sqrt(2 * variance));
}

double squared_error_of_mean(std::span<const double> values) {
  const double center = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - center) * (value - center);
  const auto n = static_cast<double>(values.size());
  return squares / (n * (n - 1));
}

// Ranks from 1, equal values sharing the mean of theirs; doubled, so that they are whole numbers. out_ties becomes the
// sum of t^3 - t over groups of t equal values, by which ties narrow a rank sum.
std::vector<int64_t> doubled_ranks(std::span<const double> values, double& out_ties) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<int64_t> ranks(values.size());
  out_ties = 0;
  for (size_t first = 0; first < order.size();) {
    size_t end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (size_t place = first; place < end; ++place) ranks[order[place]] = static_cast<int64_t>(first + end + 1);
    const auto n_equal = static_cast<double>(end - first);
    out_ties += n_equal * n_equal * n_equal - n_equal;
    first = end;
  }
  return ranks;
}

// Wilcoxon's signed ranks: ranks of the sizes, each on either side with probability one half.
double signed_rank_p_value(std::span<const double> log_ratios) {
  std::vector<double> sizes;
  std::vector<bool> is_above;
  for (const double ratio : log_ratios) {
    if (ratio == 0) continue;
    sizes.push_back(std::abs(ratio));
    is_above.push_back(ratio > 0);
  }
  double ties = 0;
  const std::vector<int64_t> ranks = doubled_ranks(sizes, ties);
  const int64_t total = std::accumulate(ranks.begin(), ranks.end(), int64_t{0});
  int64_t observed = 0;
  for (size_t pair = 0; pair < ranks.size(); ++pair) observed += is_above[pair] ? ranks[pair] : 0;

  std::vector<double> sums(static_cast<size_t>(total) + 1);  // the probability of each sum of those above
  sums[0] = 1;
  for (const int64_t rank : ranks) {
    for (int64_t sum = total; sum >= 0; --sum) {
      const double without = sums[static_cast<size_t>(sum)];
      const double with = sum >= rank ? sums[static_cast<size_t>(sum - rank)] : 0;
      sums[static_cast<size_t>(sum)] = (without + with) / 2;
    }
  }
  double p = 0;
  for (int64_t sum = 0; sum <= total; ++sum) {
    if (std::abs(2 * sum - total) >= std::abs(2 * observed - total)) p += sums[static_cast<size_t>(sum)];
  }
  return std::min(p, 1.0);
}

// Over all ways to choose n_chosen of the ranks: how often their sum is as far from its mean as the observed one.
double exact_rank_sum_p(std::span<const int64_t> ranks, size_t n_chosen, int64_t observed) {
  const int64_t total = std::accumulate(ranks.begin(), ranks.end(), int64_t{0});
  const size_t n_sums = static_cast<size_t>(total) + 1;
  std::vector<double> ways((n_chosen + 1) * n_sums);  // (n_chosen + 1, n_sums)
  ways[0] = 1;
  for (const int64_t rank : ranks) {
    for (size_t n_taken = n_chosen; n_taken > 0; --n_taken) {
      for (size_t sum = n_sums - 1; sum >= static_cast<size_t>(rank); --sum) {
        ways[n_taken * n_sums + sum] += ways[(n_taken - 1) * n_sums + sum - static_cast<size_t>(rank)];
      }
    }
  }
  // In units of 1 / n, to stay with whole numbers: the mean of the sum is total * n_chosen / n.
  const auto n = static_cast<int64_t>(ranks.size());
  const auto distance_of = [&](int64_t sum) { return std::abs(sum * n - total * static_cast<int64_t>(n_chosen)); };
  double n_ways = 0;
  double n_as_far = 0;
  for (size_t sum = 0; sum < n_sums; ++sum) {
    const double count = ways[n_chosen * n_sums + sum];
    n_ways += count;
    if (distance_of(static_cast<int64_t>(sum)) >= distance_of(observed)) n_as_far += count;
  }
  return n_as_far / n_ways;
}

double log_binomial(double n, double k) {
  return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
}

std::vector<double> logarithms(std::span<const double> samples) {
  std::vector<double> logs(samples.size());
  std::transform(samples.begin(), samples.end(), logs.begin(), [](double sample) { return std::log(sample); });
  return logs;
}

std::vector<double> thinned(std::span<const double> samples) {
  const size_t step = (samples.size() + kMostSamples - 1) / kMostSamples;
  std::vector<double> kept;
  for (size_t sample = 0; sample < samples.size(); sample += step) kept.push_back(samples[sample]);
  return kept;
}

double distance(std::span<const double> baseline, std::span<const double> current, Statistic statistic) {
  return std::abs(std::log(statistic_of(current, statistic) / statistic_of(baseline, statistic)));
}

// deal(rng): the ratio of the statistic after the samples were dealt anew, as distance() gives it.
template <typename Deal>
double permutation_p_value(double observed, double level, const Deal& deal) {
  const auto wanted = static_cast<int64_t>(std::min(4 / std::max(level, 1e-9), 1e9));
  const int64_t n_rounds = std::clamp(wanted, kFewestRounds, kMostRounds);
  ResamplingRng rng(kPermutationSeed);
  // Sums of other orders differ in their last bits; an equal deal must count as equal.
  const double as_extreme = observed * (1 - 1e-9);
  int64_t n_as_extreme = 0;
  for (int64_t round = 1; round <= n_rounds; ++round) {
    if (deal(rng) >= as_extreme) ++n_as_extreme;
    if (n_as_extreme == kEnoughAsExtreme) return static_cast<double>(n_as_extreme) / static_cast<double>(round);
  }
  return static_cast<double>(n_as_extreme + 1) / static_cast<double>(n_rounds + 1);
}

}  // namespace

double lowest_p_value(int64_t n_baseline, int64_t n_current) {
  const double log_ways = log_binomial(static_cast<double>(n_baseline + n_current), static_cast<double>(n_current));
  return std::min(1.0, 2 * std::exp(-log_ways));
}

double lowest_paired_p_value(int64_t n_pairs) {
  return std::min(1.0, std::exp2(1 - static_cast<double>(n_pairs)));
}

double paired_p_value(std::span<const double> log_ratios, double level) {
  const auto n_pairs = static_cast<int64_t>(log_ratios.size());
  if (n_pairs < 2) return 1;
  if (lowest_paired_p_value(n_pairs) > level) {
    return student_p_value(mean(log_ratios), std::sqrt(squared_error_of_mean(log_ratios)),
                           static_cast<double>(n_pairs - 1));
  }
  if (log_ratios.size() <= kMostRankedPairs) return signed_rank_p_value(log_ratios);
  std::vector<double> flipped = thinned(log_ratios);
  return permutation_p_value(std::abs(middle_mean(flipped)), level, [&](ResamplingRng& rng) {
    for (double& ratio : flipped) ratio = rng.below(2) == 1 ? -ratio : ratio;
    return std::abs(middle_mean(flipped));
  });
}

double shift_p_value(std::span<const double> baseline, std::span<const double> current, double level) {
  const auto n_baseline = static_cast<int64_t>(baseline.size());
  const auto n_current = static_cast<int64_t>(current.size());
  if (lowest_p_value(n_baseline, n_current) > level) {
    if (n_baseline < 2 || n_current < 2) return 1;
    const std::vector<double> before = logarithms(baseline);
    const std::vector<double> after = logarithms(current);
    const double v_before = squared_error_of_mean(before);
    const double v_after = squared_error_of_mean(after);
    const double error = v_before + v_after;
    const double n_degrees = error == 0 ? 1
                                        : error * error /
                                              (v_before * v_before / static_cast<double>(n_baseline - 1) +
                                               v_after * v_after / static_cast<double>(n_current - 1));
    return student_p_value(mean(after) - mean(before), std::sqrt(error), n_degrees);
  }
  std::vector<double> all(current.begin(), current.end());
  all.insert(all.end(), baseline.begin(), baseline.end());
  double ties = 0;
  const std::vector<int64_t> ranks = doubled_ranks(all, ties);
  const int64_t sum = std::accumulate(ranks.begin(), ranks.begin() + n_current, int64_t{0});
  if (all.size() <= kMostExactSamples) return exact_rank_sum_p(ranks, current.size(), sum);
  const auto n = static_cast<double>(all.size());
  const auto n_chosen = static_cast<double>(n_current);
  const double variance = n_chosen * (n - n_chosen) / 12 * (n + 1 - ties / (n * (n - 1)));
  return normal_p_value(std::abs(static_cast<double>(sum) / 2 - n_chosen * (n + 1) / 2), variance);
}

double statistic_p_value(std::span<const double> baseline, std::span<const double> current, Statistic statistic,
                         double level) {
  INGOT_CHECK(!baseline.empty() && !current.empty(), "a test needs samples");
  const std::vector<double> before = thinned(baseline);
  const std::vector<double> after = thinned(current);
  std::vector<double> all = before;
  all.insert(all.end(), after.begin(), after.end());
  const std::span<const double> dealt(all);
  return permutation_p_value(distance(before, after, statistic), level, [&](ResamplingRng& rng) {
    for (size_t place = all.size() - 1; place > 0; --place) std::swap(all[place], all[rng.below(place + 1)]);
    return distance(dealt.first(before.size()), dealt.subspan(before.size()), statistic);
  });
}

double paired_statistic_p_value(std::span<const double> baseline, std::span<const double> current, Statistic statistic,
                                double level) {
  INGOT_CHECK(!baseline.empty() && baseline.size() == current.size(), "a test in turn needs pairs");
  std::vector<double> before = thinned(baseline);
  std::vector<double> after = thinned(current);
  return permutation_p_value(distance(before, after, statistic), level, [&](ResamplingRng& rng) {
    for (size_t pair = 0; pair < before.size(); ++pair) {
      if (rng.below(2) == 1) std::swap(before[pair], after[pair]);
    }
    return distance(before, after, statistic);
  });
}

}  // namespace ingot::core
