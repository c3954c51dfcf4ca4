// Takes the samples of benchmark cases: a warm-up of each, then rounds in which every case is sampled once, so that a
// minute in which the machine is slow falls on all of them and not on one.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/result.h"
#include "ingot/types.h"

namespace ingot::core {

struct BenchCase {
  BenchResult row;  // all that is known before the first sample
  // Not timed, before each sample; may be empty.
  std::function<Status()> prepare;
  // Timed. Work of some microseconds is repeated until a sample is long enough for the clock (fine_grained).
  std::function<Status()> run;
  bool fine_grained = false;
  // Not timed, after each sample: lets go of what must not count as another case's memory; may be empty.
  std::function<void()> release = {};
  // Once, after the last sample: may add figures that follow from the samples; may be empty.
  std::function<void(BenchResult& row)> finish;
};

struct RunnerOptions {
  int n_repeats = 10;
  int n_warmups = 1;
  std::function<double()> calibrate = {};  // nanoseconds of the calibration kernel; empty: not taken
  CancelToken cancel = {};
  std::function<void(std::string_view test, double fraction)> on_progress = {};
};

struct BenchOutcome {
  std::vector<BenchResult> results;  // of cases with at least one sample, in their order
  std::vector<Error> errors;         // of cases that failed, which are not sampled again
  bool interrupted = false;
};

BenchOutcome run_cases(std::vector<BenchCase> cases, const RunnerOptions& options);

// The most memory that the process held since reset_peak_memory(), or ever where that is not possible; 0: unknown.
int64_t peak_memory_bytes();
void reset_peak_memory();

}  // namespace ingot::core
