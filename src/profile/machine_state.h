// What the system says of the machine's condition: time taken by a hypervisor, clock rates, thermal throttling.
// A reading costs some file accesses; take it between measurements, never inside one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::core {

// Sums over all processors since the machine started, in ticks (hundredths of a second as a rule).
struct CpuTicks {
  uint64_t total = 0;
  uint64_t idle = 0;   // with waiting for disks
  uint64_t steal = 0;  // ready to run, while the hypervisor ran something else
};

// The first line of /proc/stat; nothing for other text.
std::optional<CpuTicks> parse_cpu_ticks(std::string_view proc_stat);

struct MachineState {
  std::optional<CpuTicks> ticks;
  std::optional<double> least_mhz;  // the slowest and the fastest processor now
  std::optional<double> most_mhz;
  std::optional<uint64_t> throttle_events;  // of all cores since start, where the processor counts them
};

// root: where proc and sys lie; another folder in tests. What cannot be read is left out.
MachineState read_machine_state(const std::string& root = "");

// The share of all processors' time between two readings that a hypervisor took; nothing where it is not known.
std::optional<double> steal_share(const MachineState& before, const MachineState& after);

}  // namespace ingot::core
