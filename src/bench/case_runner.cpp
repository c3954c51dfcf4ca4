#include "bench/case_runner.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "engine/memory.h"
#include "profile/zone_clock.h"

namespace ingot::core {
namespace {

// Long beside the clock's resolution and beside an interrupt, short beside a timeslice.
constexpr double kShortestSampleNs = 2e6;
constexpr int64_t kMostIterations = int64_t{1} << 24;

struct Running {
  BenchCase bench;
  int64_t n_iterations = 1;
  bool failed = false;
};

Result<double> time_once(Running& running) {
  if (running.bench.prepare) INGOT_TRY(running.bench.prepare());
  const int64_t start_ns = steady_now_ns();
  for (int64_t iteration = 0; iteration < running.n_iterations; ++iteration) INGOT_TRY(running.bench.run());
  return static_cast<double>(steady_now_ns() - start_ns);
}

// The warm-up also finds how often short work is repeated in one sample.
Status warm_up(Running& running, const RunnerOptions& options) {
  for (int round = 0; round < std::max(1, options.n_warmups); ++round) {
    if (options.n_warmups == 0 && !running.bench.fine_grained) return {};
    INGOT_ASSIGN(double ns, time_once(running));
    while (running.bench.fine_grained && ns < kShortestSampleNs && running.n_iterations < kMostIterations) {
      running.n_iterations *= 2;
      INGOT_ASSIGN(ns, time_once(running));
    }
  }
  return {};
}

}  // namespace

int64_t peak_memory_bytes() {
  std::ifstream file("/proc/self/status");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return find_memory_field(text, "VmHWM").value_or(0) * 1024;
}

void reset_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

BenchOutcome run_cases(std::vector<BenchCase> cases, const RunnerOptions& options) {
  BenchOutcome outcome;
  std::vector<Running> running;
  running.reserve(cases.size());
  for (BenchCase& bench : cases) running.push_back({.bench = std::move(bench)});
  const auto n_steps = static_cast<double>(running.size()) * (options.n_repeats + 1);
  double n_done = 0;
  const auto stopped = [&] {
    outcome.interrupted = outcome.interrupted || options.cancel.cancelled();
    return outcome.interrupted;
  };
  const auto give_up = [&](Running& one, const Error& error) {
    one.failed = true;
    // A case that was cancelled is no failure.
    if (error.kind == ErrorKind::kCancelled || stopped()) return;
    outcome.errors.push_back(error.context(one.bench.row.test));
  };
  const auto progress = [&](const Running& one) {
    if (options.on_progress) options.on_progress(one.bench.row.test, n_done / n_steps);
    n_done += 1;
  };

  for (Running& one : running) {
    if (stopped()) break;
    progress(one);
    if (Status status = warm_up(one, options); !status) give_up(one, status.error());
    if (one.bench.release) one.bench.release();
  }
  for (int round = 0; round < options.n_repeats; ++round) {
    for (Running& one : running) {
      if (stopped()) break;
      progress(one);
      if (one.failed) continue;
      reset_peak_memory();
      if (options.calibrate) one.bench.row.calibration_ns.push_back(options.calibrate());
      Result<double> ns = time_once(one);
      if (!ns) {
        if (options.calibrate) one.bench.row.calibration_ns.pop_back();
        give_up(one, ns.error());
        continue;
      }
      one.bench.row.samples_ns.push_back(*ns / static_cast<double>(one.n_iterations));
      one.bench.row.peak_bytes = std::max(one.bench.row.peak_bytes, peak_memory_bytes());
      if (one.bench.release) one.bench.release();
    }
  }
  for (Running& one : running) {
    if (one.bench.row.samples_ns.empty()) continue;
    if (one.bench.finish) one.bench.finish(one.bench.row);
    outcome.results.push_back(std::move(one.bench.row));
  }
  return outcome;
}

}  // namespace ingot::core
