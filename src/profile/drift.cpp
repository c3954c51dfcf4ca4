#include "profile/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>

namespace ingot::core {
namespace {

// The fewest times in which chance alone makes a steady trend in less than one of a hundred cases: 2 of 5! orders.
constexpr int kFewestTimes = 5;

double quantile(std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

// The median of the slopes of all pairs, in time per place (Theil and Sen): one disturbed time in four cannot turn it.
double median_slope(std::span<const double> times) {
  std::vector<double> slopes;
  slopes.reserve(times.size() * (times.size() - 1) / 2);
  for (size_t first = 0; first < times.size(); ++first) {
    for (size_t second = first + 1; second < times.size(); ++second) {
      slopes.push_back((times[second] - times[first]) / static_cast<double>(second - first));
    }
  }
  std::sort(slopes.begin(), slopes.end());
  return quantile(slopes, 0.5);
}

// Mann and Kendall: how many pairs rise less how many fall, against its distribution where order means nothing.
// Two-sided; the normal approximation, with the correction for its being a whole number, and none for ties, which
// times in nanoseconds hardly have.
double probability_without_trend(std::span<const double> times) {
  const auto n = static_cast<double>(times.size());
  double rising = 0;
  for (size_t first = 0; first < times.size(); ++first) {
    for (size_t second = first + 1; second < times.size(); ++second) {
      rising += static_cast<double>((times[second] > times[first]) - (times[second] < times[first]));
    }
  }
  const double deviation = std::sqrt(n * (n - 1) * (2 * n + 5) / 18);
  const double z = std::max(0.0, std::abs(rising) - 1) / deviation;
  return std::erfc(z / std::sqrt(2.0));
}

std::string sentence_of(const DriftReport& report) {
  std::string causes;
  if (report.lost >= 0.01) causes += fmt::format(", and other work ran in {:.0f} % of that time", 100 * report.lost);
  if (report.steal) causes += fmt::format("; the hypervisor took {:.1f} % of the time", 100 * *report.steal);
  if (report.throttle_events) causes += fmt::format("; {} thermal throttle events", *report.throttle_events);
  const std::string figures = fmt::format("fixed work took {:.0f} to {:.0f} us", 1e-3 * report.fastest_ns,
                                          1e-3 * report.fastest_ns * (1 + report.spread));
  switch (report.verdict) {
    case DriftVerdict::kSlowing:
      return fmt::format("the machine slowed down by {:.1f} % while it was measured, as with throttling: {}{}",
                         100 * report.trend, figures, causes);
    case DriftVerdict::kQuickening:
      return fmt::format("the machine grew faster by {:.1f} % while it was measured: {}{}", -100 * report.trend,
                         figures, causes);
    case DriftVerdict::kNoisy:
      return fmt::format("the machine was disturbed while it was measured, as by other programs: {}{}", figures,
                         causes);
    case DriftVerdict::kTooFewTimes:
      return fmt::format("{} calibrations are too few to tell whether the machine was steady; {} are needed",
                         report.n_times, kFewestTimes);
    case DriftVerdict::kSteady:
      break;
  }
  return fmt::format("the machine was steady: {}{}", figures, causes);
}

}  // namespace

uint64_t run_calibration_kernel() {
  // Six chains side by side: enough to feel a neighbour on the same core, which one would not, and few enough that
  // their latency sets the pace, which is the same for every compiler.
  constexpr int kRounds = 550000;  // about a millisecond
  uint64_t a = 1;
  uint64_t b = 2;
  double w = 1.0;
  double x = 1.1;
  double y = 1.2;
  double z = 1.3;
  for (int round = 0; round < kRounds; ++round) {
    a = std::rotl(a, 13) * 0x9E3779B97F4A7C15 + 1;
    b = std::rotl(b, 13) * 0x9E3779B97F4A7C15 + 1;
    w = w * 0.999 + 0.001;
    x = x * 0.999 + 0.001;
    y = y * 0.999 + 0.001;
    z = z * 0.999 + 0.001;
    // Each in a register of its own, whatever the compiler: else it would choose between vectors and memory, and the
    // time of two builds would differ threefold on the same machine.
    asm volatile("" : "+r"(a), "+r"(b));
#if defined(__x86_64__)
    asm volatile("" : "+x"(w), "+x"(x), "+x"(y), "+x"(z));
#elif defined(__aarch64__)
    asm volatile("" : "+w"(w), "+w"(x), "+w"(y), "+w"(z));
#endif
  }
  return a ^ b ^ std::bit_cast<uint64_t>(w + x + y + z);
}

Calibration time_calibration() {
  using Clock = std::chrono::steady_clock;
  constexpr int kRuns = 3;
  double total = 0;
  double fastest = std::numeric_limits<double>::infinity();
  for (int run = 0; run < kRuns; ++run) {
    const auto start = Clock::now();
    const uint64_t result = run_calibration_kernel();
    asm volatile("" : : "r"(result));
    const double took = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    total += took;
    fastest = std::min(fastest, took);
  }
  return {.fastest_ns = fastest, .lost = 1 - kRuns * fastest / total};
}

DriftReport judge_drift(std::span<const double> times_ns, double lost, const MachineState& before,
                        const MachineState& after, const DriftLimits& limits) {
  DriftReport report;
  report.n_times = static_cast<int>(times_ns.size());
  report.lost = lost;
  report.steal = steal_share(before, after);
  if (before.throttle_events && after.throttle_events && *after.throttle_events >= *before.throttle_events) {
    report.throttle_events = *after.throttle_events - *before.throttle_events;
  }
  if (times_ns.empty()) {
    report.sentence = sentence_of(report);
    return report;
  }
  std::vector<double> sorted(times_ns.begin(), times_ns.end());
  std::sort(sorted.begin(), sorted.end());
  report.fastest_ns = sorted.front();
  report.median_ns = quantile(sorted, 0.5);
  report.spread = (quantile(sorted, 0.9) - report.fastest_ns) / report.fastest_ns;
  if (report.n_times >= kFewestTimes) {
    report.trend = median_slope(times_ns) * (report.n_times - 1) / report.median_ns;
    report.trend_probability = probability_without_trend(times_ns);
    const bool has_trend = std::abs(report.trend) >= limits.trend && report.trend_probability <= limits.significance;
    const bool throttled = report.throttle_events.value_or(0) > 0 && report.trend >= limits.trend;
    const bool disturbed =
        report.spread >= limits.spread || report.lost >= limits.lost || report.steal.value_or(0) >= limits.steal;
    report.verdict = has_trend || throttled ? (report.trend > 0 ? DriftVerdict::kSlowing : DriftVerdict::kQuickening)
                     : disturbed            ? DriftVerdict::kNoisy
                                            : DriftVerdict::kSteady;
  }
  report.sentence = sentence_of(report);
  return report;
}

double DriftMonitor::sample() {
  const Calibration calibration = time_calibration();
  times_ns_.push_back(calibration.fastest_ns);
  lost_sum_ += calibration.lost;
  return calibration.fastest_ns;
}

DriftReport DriftMonitor::report(const DriftLimits& limits) const {
  const double lost = times_ns_.empty() ? 0 : lost_sum_ / static_cast<double>(times_ns_.size());
  return judge_drift(times_ns_, lost, before_, read_machine_state(), limits);
}

}  // namespace ingot::core
