#include "bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace ingot::core {
namespace {

constexpr uint64_t kBootstrapSeed = 0x9E3779B97F4A7C15;
constexpr size_t kMostResamples = 2000;
constexpr size_t kFewestResamples = 200;
// Draws of one interval: 2000 resamples up to 500 samples, fewer of more, so that long series do not take seconds.
constexpr size_t kMostDraws = 1'000'000;

size_t n_resamples(size_t n_samples) {
  return std::clamp(kMostDraws / std::max<size_t>(n_samples, 1), kFewestResamples, kMostResamples);
}

Interval middle_95(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return {percentile(values, 0.025), percentile(values, 0.975)};
}

void draw(std::span<const double> from, ResamplingRng& rng, std::vector<double>& out_sample) {
  out_sample.resize(from.size());
  for (double& value : out_sample) value = from[rng.below(from.size())];
}

// The k-th lowest by selection; leaves what is above it above it, which percentile_unsorted() builds on.
double select(std::span<double> values, size_t k) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(k), values.end());
  return values[k];
}

double percentile_unsorted(std::span<double> values, double fraction) {
  const double place = fraction * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const double low = select(values, below);
  if (below + 1 >= values.size()) return low;
  const double high = *std::min_element(values.begin() + static_cast<std::ptrdiff_t>(below) + 1, values.end());
  return low + (place - static_cast<double>(below)) * (high - low);
}

double statistic_in_place(std::span<double> values, Statistic statistic) {
  switch (statistic) {
    case Statistic::kMean:
      return mean(values);
    case Statistic::kMedian:
      return percentile_unsorted(values, 0.5);
    case Statistic::kP95:
      return percentile_unsorted(values, 0.95);
    case Statistic::kP99:
      return percentile_unsorted(values, 0.99);
  }
  return 0;
}

template <typename Function>
Interval bootstrap(std::span<const double> samples, const Function& statistic) {
  ResamplingRng rng(kBootstrapSeed);
  std::vector<double> values(n_resamples(samples.size()));
  std::vector<double> sample;
  for (double& value : values) {
    draw(samples, rng, sample);
    value = statistic(std::span<double>(sample));
  }
  return middle_95(values);
}

double standard_deviation(std::span<const double> samples, double center) {
  if (samples.size() < 2) return 0;
  double squares = 0;
  for (const double sample : samples) squares += (sample - center) * (sample - center);
  return std::sqrt(squares / static_cast<double>(samples.size() - 1));
}

double lowest(std::span<const double> samples) {
  return *std::min_element(samples.begin(), samples.end());
}

// Selection, not sorting: tests take this mean thousands of times.
double middle_mean_in_place(std::span<double> values) {
  const size_t n_cut = values.size() / 4;
  if (n_cut > 0) {
    const auto low = values.begin() + static_cast<std::ptrdiff_t>(n_cut);
    const auto high = values.end() - static_cast<std::ptrdiff_t>(n_cut);
    std::nth_element(values.begin(), low, values.end());
    std::nth_element(low, high, values.end());
  }
  return mean(values.subspan(n_cut, values.size() - 2 * n_cut));
}

void check_samples(std::span<const double> samples) {
  INGOT_CHECK(!samples.empty(), "a ratio needs samples");
  for (const double sample : samples) {
    INGOT_CHECK(std::isfinite(sample) && sample > 0, "samples of a ratio are positive and finite");
  }
}

void fill_plain_ratios(std::span<const double> baseline, std::span<const double> current, Ratio& out_ratio) {
  out_ratio.of_means = mean(current) / mean(baseline);
  out_ratio.of_medians = statistic_of(current, Statistic::kMedian) / statistic_of(baseline, Statistic::kMedian);
  out_ratio.of_best = lowest(current) / lowest(baseline);
}

}  // namespace

uint64_t ResamplingRng::next() {
  state_ += 0x9E3779B97F4A7C15;
  uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
  return mixed ^ (mixed >> 31);
}

// Multiply and shift; the bias is below 2^-32 * bound, far below what a resampling can see.
size_t ResamplingRng::below(size_t bound) {
  return static_cast<size_t>(((next() >> 32) * bound) >> 32);
}

double mean(std::span<const double> samples) {
  return std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
}

double percentile(std::span<const double> sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

double statistic_of(std::span<const double> samples, Statistic statistic) {
  std::vector<double> values(samples.begin(), samples.end());
  return statistic_in_place(values, statistic);
}

Summary summarise(std::span<const double> samples) {
  if (samples.empty()) return {};
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  Summary summary;
  summary.n = static_cast<int64_t>(sorted.size());
  summary.min = sorted.front();
  summary.max = sorted.back();
  summary.mean = mean(sorted);
  summary.p5 = percentile(sorted, 0.05);
  summary.p50 = summary.median = percentile(sorted, 0.5);
  summary.p95 = percentile(sorted, 0.95);
  summary.p99 = percentile(sorted, 0.99);
  summary.stddev = standard_deviation(sorted, summary.mean);
  summary.mean_ci95 = bootstrap(sorted, [](std::span<double> sample) { return mean(sample); });
  summary.median_ci95 =
      bootstrap(sorted, [](std::span<double> sample) { return statistic_in_place(sample, Statistic::kMedian); });
  return summary;
}

std::vector<double> log_ratios(std::span<const double> baseline, std::span<const double> current) {
  INGOT_CHECK(baseline.size() == current.size(), "series taken in turn have as many samples each");
  std::vector<double> ratios(baseline.size());
  for (size_t pair = 0; pair < ratios.size(); ++pair) ratios[pair] = std::log(current[pair] / baseline[pair]);
  return ratios;
}

double middle_mean(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  return middle_mean_in_place(sorted);
}

Ratio ratio_in_turn(std::span<const double> baseline, std::span<const double> current) {
  check_samples(baseline);
  check_samples(current);
  const std::vector<double> logs = log_ratios(baseline, current);
  Ratio ratio;
  ratio.n_pairs = static_cast<int64_t>(logs.size());
  ratio.typical = std::exp(middle_mean(logs));
  ratio.of_pairs = std::exp(statistic_of(logs, Statistic::kMedian));
  const Interval interval = bootstrap(logs, middle_mean_in_place);
  ratio.ci95 = {std::exp(interval.low), std::exp(interval.high)};
  fill_plain_ratios(baseline, current, ratio);
  return ratio;
}

Ratio ratio_apart(std::span<const double> baseline, std::span<const double> current) {
  check_samples(baseline);
  check_samples(current);
  Ratio ratio;
  fill_plain_ratios(baseline, current, ratio);
  const StatisticRatio medians = ratio_of(baseline, current, Statistic::kMedian);
  ratio.typical = ratio.of_pairs = medians.ratio;
  ratio.ci95 = medians.ci95;
  return ratio;
}

StatisticRatio ratio_of(std::span<const double> baseline, std::span<const double> current, Statistic statistic) {
  check_samples(baseline);
  check_samples(current);
  ResamplingRng rng(kBootstrapSeed);
  std::vector<double> values(n_resamples(baseline.size() + current.size()));
  std::vector<double> sample;
  for (double& value : values) {
    draw(current, rng, sample);
    value = statistic_in_place(sample, statistic);
    draw(baseline, rng, sample);
    value /= statistic_in_place(sample, statistic);
  }
  return {statistic_of(current, statistic) / statistic_of(baseline, statistic), middle_95(values)};
}

}  // namespace ingot::core
