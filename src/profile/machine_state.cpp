#include "profile/machine_state.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>

namespace ingot::core {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<uint64_t> whole_number(std::string_view text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && after == end ? std::optional(number) : std::nullopt;
}

void add(std::optional<uint64_t>& sum, const std::optional<uint64_t>& number) {
  if (number) sum = sum.value_or(0) + *number;
}

}  // namespace

std::optional<CpuTicks> parse_cpu_ticks(std::string_view proc_stat) {
  // cpu  user nice system idle iowait irq softirq steal guest guest_nice
  constexpr std::string_view kLabel = "cpu ";
  constexpr int kIdle = 3;
  constexpr int kWaiting = 4;
  constexpr int kSteal = 7;
  if (!proc_stat.starts_with(kLabel)) return std::nullopt;
  std::string_view rest = proc_stat.substr(kLabel.size(), proc_stat.find('\n') - kLabel.size());
  CpuTicks ticks;
  int field = 0;
  while (true) {
    const size_t begin = rest.find_first_not_of(' ');
    if (begin == std::string_view::npos) break;
    rest.remove_prefix(begin);
    const size_t length = std::min(rest.find(' '), rest.size());
    const std::optional<uint64_t> number = whole_number(rest.substr(0, length));
    if (!number) return std::nullopt;
    rest.remove_prefix(length);
    // What guests ran is within user and nice already.
    if (field <= kSteal) ticks.total += *number;
    if (field == kIdle || field == kWaiting) ticks.idle += *number;
    if (field == kSteal) ticks.steal = *number;
    ++field;
  }
  return field > kSteal ? std::optional(ticks) : std::nullopt;
}

MachineState read_machine_state(const std::string& root) {
  constexpr int kMaxCpus = 4096;
  MachineState state;
  state.ticks = parse_cpu_ticks(first_line(root + "/proc/stat"));
  for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
    const std::string folder = root + "/sys/devices/system/cpu/cpu" + std::to_string(cpu);
    // The last processor has been read; one that is switched off still has its folder.
    if (!std::ifstream(folder + "/uevent")) break;
    if (const auto khz = whole_number(first_line(folder + "/cpufreq/scaling_cur_freq"))) {
      const double mhz = 1e-3 * static_cast<double>(*khz);
      state.least_mhz = std::min(state.least_mhz.value_or(std::numeric_limits<double>::max()), mhz);
      state.most_mhz = std::max(state.most_mhz.value_or(0), mhz);
    }
    add(state.throttle_events, whole_number(first_line(folder + "/thermal_throttle/core_throttle_count")));
    // Every core of a package repeats its count: a sum that only grows, which is what it is read for.
    add(state.throttle_events, whole_number(first_line(folder + "/thermal_throttle/package_throttle_count")));
  }
  return state;
}

std::optional<double> steal_share(const MachineState& before, const MachineState& after) {
  if (!before.ticks || !after.ticks || after.ticks->total <= before.ticks->total) return std::nullopt;
  if (after.ticks->steal < before.ticks->steal) return std::nullopt;
  return static_cast<double>(after.ticks->steal - before.ticks->steal) /
         static_cast<double>(after.ticks->total - before.ticks->total);
}

}  // namespace ingot::core
