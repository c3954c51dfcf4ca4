#include "profile/zone_clock.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

namespace ingot::core {

#if defined(__x86_64__)
namespace {

// The kernel looks for counters that stop, drift apart or change their rate, and then keeps time by something else.
bool kernel_trusts_counter() {
  std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  std::string name;
  return file >> name && name == "tsc";
}

struct Anchor {
  int64_t ticks = 0;
  int64_t ns = 0;
};

// Counter and clock at one moment: of several readings the one that took least.
Anchor take_anchor() {
  constexpr int kReadings = 32;
  Anchor best;
  int64_t best_ticks = INT64_MAX;
  for (int reading = 0; reading < kReadings; ++reading) {
    const auto before = static_cast<int64_t>(__rdtsc());
    const int64_t ns = steady_now_ns();
    const auto after = static_cast<int64_t>(__rdtsc());
    if (after - before >= best_ticks) continue;
    best_ticks = after - before;
    best = {before + (after - before) / 2, ns};
  }
  return best;
}

struct CounterClock {
  bool usable = kernel_trusts_counter();
  Anchor start;
  double ns_per_tick = 0;

  CounterClock() {
    if (!usable) return;
    constexpr int64_t kCalibrationNs = 20'000'000;
    start = take_anchor();
    while (steady_now_ns() - start.ns < kCalibrationNs) {
    }
    const Anchor end = take_anchor();
    usable = end.ticks > start.ticks;
    if (usable) ns_per_tick = static_cast<double>(end.ns - start.ns) / static_cast<double>(end.ticks - start.ticks);
  }
};

}  // namespace

int64_t zone_now_ns() {
  static const CounterClock clock;
  if (!clock.usable) return steady_now_ns();
  const int64_t ticks = static_cast<int64_t>(__rdtsc()) - clock.start.ticks;
  return clock.start.ns + static_cast<int64_t>(static_cast<double>(ticks) * clock.ns_per_tick);
}

#else

int64_t zone_now_ns() {
  return steady_now_ns();
}

#endif

}  // namespace ingot::core
