// Did the machine change while it was measured? A fixed piece of work, timed between the samples, tells.
//
// The calibration kernel computes in registers only, about a millisecond of integer and floating-point work: its time
// is that of the clock and of whoever shares the core, not of memory, caches or compiler. A slow trend in its times is
// throttling (or a neighbour that came to stay), their spread and the time lost between runs is noise of neighbours
// that come and go.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "profile/machine_state.h"

namespace ingot::core {

// One timing of the calibration kernel, of a few runs.
struct Calibration {
  double fastest_ns = 0;  // the machine's speed now: one interruption does not count
  double lost = 0;        // share of the runs' time beyond the fastest: something else ran meanwhile
};

Calibration time_calibration();

// The same work every time; its result, so that it is done.
uint64_t run_calibration_kernel();

struct DriftLimits {
  double trend = 0.03;         // change from the first to the last sample that counts as drift, if it is significant
  double significance = 0.01;  // probability of such a trend in samples that have none
  double spread = 0.05;        // of the times: (90th percentile - minimum) / minimum
  double lost = 0.10;          // share of the calibration's own time in which something else ran
  double steal = 0.02;         // share of the machine's time that a hypervisor took
};

enum class DriftVerdict : uint8_t {
  kSteady,
  kSlowing,      // throttling: clocks fall as the machine heats
  kQuickening,   // the machine was slowed when it began
  kNoisy,        // neighbours
  kTooFewTimes,  // fewer than can show anything
};

struct DriftReport {
  DriftVerdict verdict = DriftVerdict::kTooFewTimes;
  int n_times = 0;
  double fastest_ns = 0;
  double median_ns = 0;
  double trend = 0;                         // relative change from the first to the last, by the median of all slopes
  double trend_probability = 1;             // of a trend at least as steady in times without one (Mann-Kendall)
  double spread = 0;                        // (90th percentile - minimum) / minimum
  double lost = 0;                          // of the calibration's time, the share in which something else ran
  std::optional<double> steal;              // share of the time between first and last reading
  std::optional<uint64_t> throttle_events;  // new ones between them
  std::string sentence;                     // the verdict with its numbers

  bool drifted() const {
    return verdict == DriftVerdict::kSlowing || verdict == DriftVerdict::kQuickening || verdict == DriftVerdict::kNoisy;
  }
};

// times_ns in the order taken; lost is their mean. Pure arithmetic; `before` and `after` may be empty.
DriftReport judge_drift(std::span<const double> times_ns, double lost = 0, const MachineState& before = {},
                        const MachineState& after = {}, const DriftLimits& limits = {});

class DriftMonitor {
 public:
  DriftMonitor() : before_(read_machine_state()) {}

  // Runs the calibration kernel and remembers its time, which it returns in nanoseconds.
  double sample();
  const std::vector<double>& times_ns() const { return times_ns_; }
  DriftReport report(const DriftLimits& limits = {}) const;

 private:
  MachineState before_;
  std::vector<double> times_ns_;
  double lost_sum_ = 0;
};

}  // namespace ingot::core
