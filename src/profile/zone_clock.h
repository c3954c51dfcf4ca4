// What a zone's time is read from. On a processor a stamp is a time; a device hands out tickets for events that it
// will have passed some time later, and tells their times once it has been waited for. Recorders store stamps as they
// come and turn them all into times at the end, so that recording never waits for a device.
#pragma once

#include <chrono>
#include <cstdint>

namespace ingot::core {

struct ZoneClock {
  const char* name;                              // "cpu"
  int64_t (*stamp)(void* context);               // nanoseconds, or a ticket
  int64_t (*resolve)(void* context, int64_t n);  // the time in nanoseconds behind a stamp; null: it is the time
  void* context;
};

inline int64_t steady_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// The processor's time stamp counter as nanoseconds where Linux itself keeps time by it, else steady_now_ns(). It does
// not wait for the instructions before it, which the system's clock does: some 900 stamps a token of a small model
// cost a third as much. Differences are right to a few millionths; compare it with itself only. The first call
// measures the counter's rate for 20 ms.
int64_t zone_now_ns();

inline ZoneClock cpu_zone_clock() {
  return {"cpu", [](void*) { return zone_now_ns(); }, nullptr, nullptr};
}

}  // namespace ingot::core
