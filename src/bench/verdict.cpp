#include "bench/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/utf8.h"
#include "bench/significance.h"

namespace ingot::core {
namespace {

constexpr double kSmallestChange = 1e-12;  // of a change that rounding alone makes

enum class Quantity { kTime, kRate, kOther };

Quantity quantity_of(std::string_view unit) {
  for (const std::string_view time : {"ns", "us", "ms", "s"}) {
    if (unit == time) return Quantity::kTime;
  }
  return unit.ends_with("/s") ? Quantity::kRate : Quantity::kOther;
}

// A test that several metrics of a comparison share: the mean of times and the rate made from it are one question,
// and so are mean and median of pairs.
struct SampleTest {
  size_t comparison = 0;
  Statistic statistic = Statistic::kMean;
  double weight = 1;
  double p_value = 1;  // Holm's, once all are known
  Interval ratio_ci95 = {};
  double ratio = 1;           // that is judged
  double ratio_of_pairs = 1;  // for the median of pairs
  bool too_few = false;
};

// The tail is judged by few samples and seldom decides: it gets the smaller part of the chance of a false verdict.
constexpr double kTailWeight = 0.5;

bool is_tail(Statistic statistic) {
  return statistic == Statistic::kP95 || statistic == Statistic::kP99;
}

double total_weight(std::span<const SampleTest> tests) {
  return std::accumulate(tests.begin(), tests.end(), 0.0,
                         [](double sum, const SampleTest& test) { return sum + test.weight; });
}

void run_test(const Comparison& comparison, double level, SampleTest& out_test) {
  const std::span<const double> before(comparison.baseline_samples);
  std::vector<double> after = comparison.current_samples;
  if (!comparison.in_turn && comparison.drift.action == DriftAction::kCorrect) {
    for (double& sample : after) sample /= comparison.drift.ratio;
  }
  const auto n_before = static_cast<int64_t>(before.size());
  const auto n_after = static_cast<int64_t>(after.size());
  const Statistic statistic = out_test.statistic;
  const bool few = (comparison.in_turn ? lowest_paired_p_value(n_before) : lowest_p_value(n_before, n_after)) > level;

  if (comparison.in_turn && !is_tail(statistic)) {
    const Ratio pairs = ratio_in_turn(before, after);
    out_test.ratio = pairs.typical;
    out_test.ratio_of_pairs = pairs.of_pairs;
    out_test.ratio_ci95 = pairs.ci95;
    out_test.p_value = paired_p_value(log_ratios(before, after), level);
    return;
  }
  const StatisticRatio ratio = ratio_of(before, after, statistic);
  out_test.ratio = ratio.ratio;
  out_test.ratio_ci95 = ratio.ci95;
  if (is_tail(statistic) && few) {
    out_test.too_few = true;
    return;
  }
  if (comparison.in_turn) {
    out_test.p_value = paired_statistic_p_value(before, after, statistic, level);
  } else if (statistic == Statistic::kMedian || few) {
    out_test.p_value = shift_p_value(before, after, level);
  } else {
    out_test.p_value = statistic_p_value(before, after, statistic, level);
  }
}

// Holm with weights: the first p-value counts as often as its weight goes into that of all, the next into that of all
// but the first, and none counts less than the one before.
void correct_for_many(std::vector<SampleTest>& tests) {
  std::vector<size_t> order(tests.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return tests[a].p_value / tests[a].weight < tests[b].p_value / tests[b].weight;
  });
  double weight_left = total_weight(tests);
  double highest = 0;
  for (const size_t index : order) {
    SampleTest& test = tests[index];
    highest = std::max(highest, std::min(1.0, test.p_value * weight_left / test.weight));
    weight_left -= test.weight;
    test.p_value = highest;
  }
}

bool is_comparable(const Comparison& comparison) {
  return comparison.hardware_mismatch.empty() &&
         (comparison.in_turn || comparison.drift.action != DriftAction::kRefuse);
}

bool are_times(std::span<const double> samples) {
  return !samples.empty() &&
         std::all_of(samples.begin(), samples.end(), [](double sample) { return std::isfinite(sample) && sample > 0; });
}

bool has_samples(const Comparison& comparison) {
  return are_times(comparison.baseline_samples) && are_times(comparison.current_samples);
}

// Which test answers for a metric.
Statistic tested(const Comparison& comparison, Statistic statistic) {
  return comparison.in_turn && statistic == Statistic::kMedian ? Statistic::kMean : statistic;
}

const SampleTest* find_test(std::span<const SampleTest> tests, const Comparison& comparison, size_t index,
                            const MetricChange& metric) {
  if (!metric.of_samples) return nullptr;
  for (const SampleTest& test : tests) {
    if (test.comparison == index && test.statistic == tested(comparison, metric.statistic)) return &test;
  }
  return nullptr;
}

std::vector<SampleTest> test_samples(std::span<const Comparison> comparisons) {
  std::vector<SampleTest> tests;
  for (size_t index = 0; index < comparisons.size(); ++index) {
    const Comparison& comparison = comparisons[index];
    if (!is_comparable(comparison) || !has_samples(comparison)) continue;
    for (const MetricChange& metric : comparison.metrics) {
      if (!metric.of_samples || find_test(tests, comparison, index, metric) != nullptr) continue;
      tests.push_back({.comparison = index,
                       .statistic = tested(comparison, metric.statistic),
                       .weight = is_tail(metric.statistic) ? kTailWeight : 1});
    }
  }
  const double per_weight = kSignificanceLevel / std::max(total_weight(tests), kTailWeight);
  for (SampleTest& test : tests) run_test(comparisons[test.comparison], per_weight * test.weight, test);
  correct_for_many(tests);
  return tests;
}

void add_note(std::string& note, std::string_view sentence) {
  if (sentence.empty()) return;
  if (!note.empty()) note += "; ";
  note += sentence;
}

double percent(double ratio) {
  return (ratio - 1) * 100;
}

void set_verdict(bool significant, MetricVerdict& out_verdict) {
  const double worse =
      out_verdict.direction == Direction::kLowerIsBetter ? out_verdict.change_percent : -out_verdict.change_percent;
  const double limit = out_verdict.threshold_percent + kSmallestChange;
  if (std::abs(worse) <= limit) return;
  if (!significant) {
    add_note(out_verdict.note, "beyond the threshold, but chance may have made it");
    return;
  }
  out_verdict.verdict = worse > 0 ? Verdict::kRegression : Verdict::kImproved;
}

void judge_by_samples(const Comparison& comparison, const SampleTest& test, Statistic statistic,
                      MetricVerdict& out_verdict) {
  const auto as_change = [&](double ratio) {  // samples are times, and a rate is the inverse
    return percent(out_verdict.direction == Direction::kLowerIsBetter ? ratio : 1 / ratio);
  };
  const bool is_median_of_pairs = comparison.in_turn && statistic == Statistic::kMedian;
  out_verdict.change_percent = as_change(is_median_of_pairs ? test.ratio_of_pairs : test.ratio);
  const double low = as_change(test.ratio_ci95.low);
  const double high = as_change(test.ratio_ci95.high);
  out_verdict.change_percent_ci95 = Interval{std::min(low, high), std::max(low, high)};
  if (test.too_few) {
    add_note(out_verdict.note,
             fmt::format("{} samples are too few to judge this percentile",
                         std::min(comparison.baseline_samples.size(), comparison.current_samples.size())));
    return;
  }
  out_verdict.p_value = test.p_value;
  set_verdict(test.p_value <= kSignificanceLevel, out_verdict);
}

void judge_by_threshold(const Comparison& comparison, const MetricChange& metric, MetricVerdict& out_verdict) {
  double current = metric.current;
  if (!comparison.in_turn && comparison.drift.action == DriftAction::kCorrect) {
    const Quantity quantity = quantity_of(metric.unit);
    if (quantity == Quantity::kTime) current /= comparison.drift.ratio;
    if (quantity == Quantity::kRate) current *= comparison.drift.ratio;
  }
  if (metric.baseline == 0) {
    add_note(out_verdict.note, "the baseline is 0, of which nothing is a percentage");
    return;
  }
  out_verdict.change_percent = percent(current / metric.baseline);
  const bool wants_samples = quantity_of(metric.unit) != Quantity::kOther;
  add_note(out_verdict.note, wants_samples && comparison.baseline_samples.empty()
                                 ? "judged by the threshold alone: the baseline holds no samples"
                                 : "judged by the threshold alone: there are no samples of it");
  set_verdict(/*significant=*/true, out_verdict);
}

MetricVerdict judge_metric(const Comparison& comparison, const MetricChange& metric, const SampleTest* test,
                           const Thresholds& thresholds) {
  MetricVerdict verdict{.benchmark = comparison.benchmark,
                        .metric = metric.metric,
                        .unit = metric.unit,
                        .direction = metric.direction,
                        .baseline = metric.baseline,
                        .current = metric.current,
                        .threshold_percent = thresholds.of(metric.statistic),
                        .note = comparison.note};
  if (!comparison.hardware_mismatch.empty()) {
    verdict.verdict = Verdict::kHardwareMismatch;
    add_note(verdict.note, comparison.hardware_mismatch);
    return verdict;
  }
  const bool drifts = !comparison.in_turn && quantity_of(metric.unit) != Quantity::kOther;
  if (drifts) add_note(verdict.note, comparison.drift.note);
  if (drifts && comparison.drift.action == DriftAction::kRefuse) {
    verdict.verdict = Verdict::kDrifted;
    return verdict;
  }
  if (test != nullptr) {
    judge_by_samples(comparison, *test, metric.statistic, verdict);
  } else {
    judge_by_threshold(comparison, metric, verdict);
  }
  return verdict;
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  constexpr std::array<std::string_view, 5> kNames = {"Ok", "Improved", "Regression", "HardwareMismatch", "Drifted"};
  return kNames[static_cast<size_t>(verdict)];
}

double Thresholds::of(Statistic statistic) const {
  switch (statistic) {
    case Statistic::kMean:
      return mean;
    case Statistic::kMedian:
      return median;
    case Statistic::kP95:
      return p95;
    case Statistic::kP99:
      return p99;
  }
  return mean;
}

Result<Thresholds> parse_thresholds(std::string_view text) {
  constexpr std::string_view kExpected = "expected percentages as in mean=10,median=10,p95=15,p99=20";
  Thresholds thresholds;
  const std::array<std::pair<std::string_view, double*>, 4> fields = {
      {{"mean", &thresholds.mean}, {"median", &thresholds.median}, {"p95", &thresholds.p95}, {"p99", &thresholds.p99}}};
  std::array<bool, fields.size()> is_given{};
  for (size_t first = 0; first <= text.size();) {
    const size_t end = std::min(text.find(',', first), text.size());
    const std::string_view item = text.substr(first, end - first);
    first = end + 1;
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos) return invalid("threshold '{}': {}", printable(item), kExpected);
    const std::string_view name = item.substr(0, equals);
    const std::string_view number = item.substr(equals + 1);
    size_t field = 0;
    while (field < fields.size() && fields[field].first != name) ++field;
    if (field == fields.size()) {
      return invalid("threshold '{}': there is none for '{}', expected mean, median, p95 or p99", printable(item),
                     printable(name));
    }
    if (std::exchange(is_given[field], true))
      return invalid("threshold '{}': {} is given twice", printable(item), name);
    double value = 0;
    const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || rest != number.data() + number.size() || !std::isfinite(value) || value < 0) {
      return invalid("threshold '{}': '{}' is no percentage, expected a number from 0 as in {}=10", printable(item),
                     printable(number), name);
    }
    *fields[field].second = value;
  }
  return thresholds;
}

Drift drift_between(std::span<const double> baseline_calibration_ns, std::span<const double> current_calibration_ns) {
  if (baseline_calibration_ns.empty() || current_calibration_ns.empty()) {
    return {.note = fmt::format("not corrected for drift of the machine: {} has no calibration",
                                baseline_calibration_ns.empty() ? "the baseline" : "this run")};
  }
  const double ratio = statistic_of(current_calibration_ns, Statistic::kMedian) /
                       statistic_of(baseline_calibration_ns, Statistic::kMedian);
  const double change = ratio > 1 ? ratio - 1 : 1 / ratio - 1;
  const std::string_view how = ratio > 1 ? "slower" : "faster";
  if (change <= kDriftIgnored) return {DriftAction::kNone, ratio, ""};
  if (change <= kDriftRefused) {
    return {DriftAction::kCorrect, ratio,
            fmt::format("corrected for a machine that is {:.1f} % {} than at the baseline", change * 100, how)};
  }
  return {DriftAction::kRefuse, ratio,
          fmt::format("not compared: the machine is {:.1f} % {} than at the baseline, {:.0f} % is the limit",
                      change * 100, how, kDriftRefused * 100)};
}

Result<Comparison> compare_in_turn(std::string benchmark, const std::string& unit, Direction direction,
                                   std::span<const double> baseline, std::span<const double> current) {
  if (baseline.size() != current.size() || !are_times(baseline) || !are_times(current)) {
    return invalid("{}: {} and {} samples, expected as many of both, at least one, and each above 0", benchmark,
                   baseline.size(), current.size());
  }
  Comparison comparison{.benchmark = std::move(benchmark), .in_turn = true};
  const bool inverse = direction == Direction::kHigherIsBetter;
  const auto as_times = [&](std::span<const double> samples) {
    std::vector<double> times(samples.begin(), samples.end());
    if (inverse) std::transform(times.begin(), times.end(), times.begin(), [](double rate) { return 1 / rate; });
    return times;
  };
  comparison.baseline_samples = as_times(baseline);
  comparison.current_samples = as_times(current);
  const auto value_of = [&](std::span<const double> times, Statistic statistic) {
    const double value = statistic_of(times, statistic);
    return inverse ? 1 / value : value;
  };
  constexpr std::array<std::pair<Statistic, const char*>, 4> kMetrics = {
      {{Statistic::kMean, "mean"}, {Statistic::kMedian, "median"}, {Statistic::kP95, "p95"}, {Statistic::kP99, "p99"}}};
  for (const auto& [statistic, name] : kMetrics) {
    comparison.metrics.push_back({.metric = name,
                                  .unit = unit,
                                  .direction = direction,
                                  .statistic = statistic,
                                  .baseline = value_of(comparison.baseline_samples, statistic),
                                  .current = value_of(comparison.current_samples, statistic),
                                  .of_samples = true});
  }
  return comparison;
}

ComparisonReport judge(std::span<const Comparison> comparisons, const Thresholds& thresholds) {
  const std::vector<SampleTest> tests = test_samples(comparisons);
  ComparisonReport report;
  for (size_t index = 0; index < comparisons.size(); ++index) {
    for (const MetricChange& metric : comparisons[index].metrics) {
      report.verdicts.push_back(
          judge_metric(comparisons[index], metric, find_test(tests, comparisons[index], index, metric), thresholds));
    }
  }
  return report;
}

int64_t count_verdicts(const ComparisonReport& report, Verdict verdict) {
  return std::count_if(report.verdicts.begin(), report.verdicts.end(),
                       [&](const MetricVerdict& metric) { return metric.verdict == verdict; });
}

bool has_regression(const ComparisonReport& report) {
  return count_verdicts(report, Verdict::kRegression) > 0;
}

Verdict overall_verdict(const ComparisonReport& report) {
  for (const Verdict verdict :
       {Verdict::kRegression, Verdict::kHardwareMismatch, Verdict::kDrifted, Verdict::kImproved}) {
    if (count_verdicts(report, verdict) > 0) return verdict;
  }
  return Verdict::kOk;
}

std::vector<std::string> benchmarks_with(const ComparisonReport& report, Verdict verdict) {
  std::vector<std::string> names;
  for (const MetricVerdict& metric : report.verdicts) {
    const bool is_known = std::find(names.begin(), names.end(), metric.benchmark) != names.end();
    if (metric.verdict == verdict && !is_known) names.push_back(metric.benchmark);
  }
  return names;
}

}  // namespace ingot::core
