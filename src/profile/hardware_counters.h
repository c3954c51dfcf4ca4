// The processor's own counters, of this process and all its threads: what perf shows, without perf.
//
// Counted is what runs in user mode, of threads that exist at opening or begin later. Many systems allow none of it
// (containers, virtual machines, a strict perf_event_paranoid): then open() says why in a sentence.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace ingot::core {

// Nothing where the processor does not count it.
struct CounterValues {
  std::optional<uint64_t> cycles;
  std::optional<uint64_t> instructions;
  std::optional<uint64_t> cache_references;  // of the last cache
  std::optional<uint64_t> cache_misses;
  // Of the time, the share in which counters were on. Below 1 more was counted than the processor has counters for,
  // and the values are extrapolated.
  double counted_share = 1;
};

class HardwareCounters {
 public:
  // Opens them, counting from zero. Errors: kUnsupported, with the reason and what would help.
  static Result<HardwareCounters> open();
  HardwareCounters(HardwareCounters&& other) noexcept;
  HardwareCounters& operator=(HardwareCounters&& other) noexcept;
  HardwareCounters(const HardwareCounters&) = delete;
  HardwareCounters& operator=(const HardwareCounters&) = delete;
  ~HardwareCounters();

  // Since opening.
  CounterValues read() const;

 private:
  HardwareCounters() = default;
  struct Descriptor {
    int event_idx;
    int descriptor;
  };
  std::vector<Descriptor> descriptors_;  // for each thread its events
};

// Values counted between two readings; extrapolated ones never run backwards.
CounterValues counted_between(const CounterValues& before, const CounterValues& after);

// Why perf_event_open failed with error_number where /proc/sys/kernel/perf_event_paranoid holds `paranoid` (nothing:
// there is no such file).
std::string describe_counter_refusal(int error_number, const std::optional<int>& paranoid);

}  // namespace ingot::core
