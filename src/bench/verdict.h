// Did it become slower? One verdict for each metric, from numbers alone; where they come from is the caller's.
//
// A regression is a change for the worse that exceeds the metric's threshold and that chance does not explain: over
// all metrics judged together, chance alone makes a false verdict in at most one of a hundred comparisons (Holm's
// correction of the p-values). An improvement likewise. Metrics without samples on both sides are judged by the
// threshold alone, and the note says so. Every metric knows which direction is better.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/statistics.h"

namespace ingot::core {

enum class Direction { kLowerIsBetter, kHigherIsBetter };

enum class Verdict {
  kOk,
  kImproved,
  kRegression,
  kHardwareMismatch,  // measured on other hardware: not compared
  kDrifted,           // the same machine, but too far from its old speed: not compared
};
std::string_view verdict_name(Verdict verdict);  // "Ok", "Improved", "Regression", "HardwareMismatch", "Drifted"

// Change for the worse that is allowed, in per cent of the baseline.
struct Thresholds {
  double mean = 10;
  double median = 10;
  double p95 = 15;
  double p99 = 20;

  double of(Statistic statistic) const;
};
// "mean=10,median=10,p95=15,p99=20": each at most once, in any order; those left out keep their default.
Result<Thresholds> parse_thresholds(std::string_view text);

// How often chance alone may make any verdict of one report differ from Ok.
inline constexpr double kSignificanceLevel = 0.02;

// How the speed of the machine changed since the baseline, by the time of a calibration kernel beside the samples.
enum class DriftAction { kUnknown, kNone, kCorrect, kRefuse };
struct Drift {
  DriftAction action = DriftAction::kUnknown;
  double ratio = 1;       // calibration now / then: above 1 the machine has become slower
  std::string note = {};  // what is done about it; empty for kNone
};
inline constexpr double kDriftIgnored = 0.03;  // what repeated calibrations differ by on a quiet machine
inline constexpr double kDriftRefused = 0.25;  // beyond, the kernels measured need not have drifted alike
Drift drift_between(std::span<const double> baseline_calibration_ns, std::span<const double> current_calibration_ns);

// One number of a benchmark on both sides.
struct MetricChange {
  std::string metric;  // "avg_ms"
  std::string unit;    // "ms"; times and rates ("tokens/s") are corrected for drift, other units are not
  Direction direction = Direction::kLowerIsBetter;
  Statistic statistic = Statistic::kMean;  // whose threshold holds, and which of the samples it is
  double baseline = 0;
  double current = 0;
  bool of_samples = false;  // it is that statistic of the comparison's samples, or work divided by it
};

// One benchmark on both sides.
struct Comparison {
  std::string benchmark = {};
  std::vector<MetricChange> metrics = {};
  // Times, or the inverse of rates: lower is better. Either empty: judged by thresholds alone.
  std::vector<double> baseline_samples = {}, current_samples = {};
  bool in_turn = false;                // sample by sample in turn: as many on both sides, compared as pairs
  Drift drift = {};                    // not looked at when in turn
  std::string hardware_mismatch = {};  // what differs; empty: the same hardware
  std::string note = {};               // put into the note of each of its verdicts
};
// Two series measured in turn, with the metrics mean, median, p95 and p99 of them. Samples are in unit, above 0. Of
// rates, the percentiles are those of the times: p95 is the rate that nineteen of twenty samples reached.
Result<Comparison> compare_in_turn(std::string benchmark, const std::string& unit, Direction direction,
                                   std::span<const double> baseline, std::span<const double> current);

struct MetricVerdict {
  std::string benchmark = {}, metric = {}, unit = {};
  Direction direction = Direction::kLowerIsBetter;
  Verdict verdict = Verdict::kOk;
  double baseline = 0;
  double current = 0;         // as measured
  double change_percent = 0;  // after the correction for drift; above 0 the number grew
  double threshold_percent = 0;
  std::optional<double> p_value = {};  // after Holm's correction; none: judged by the threshold alone
  std::optional<Interval> change_percent_ci95 = {};
  std::string note = {};
};

struct ComparisonReport {
  std::vector<MetricVerdict> verdicts;
  std::vector<std::string> not_in_baseline;  // measured, but the baseline does not have it
  std::vector<std::string> not_measured;     // in the baseline only
};
ComparisonReport judge(std::span<const Comparison> comparisons, const Thresholds& thresholds);

int64_t count_verdicts(const ComparisonReport& report, Verdict verdict);
bool has_regression(const ComparisonReport& report);
// The worst, in this order: Regression, HardwareMismatch, Drifted, Improved, Ok.
Verdict overall_verdict(const ComparisonReport& report);
// Names of benchmarks with at least one such verdict, each once, in order.
std::vector<std::string> benchmarks_with(const ComparisonReport& report, Verdict verdict);

}  // namespace ingot::core
