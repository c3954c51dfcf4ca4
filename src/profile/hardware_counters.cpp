#include "profile/hardware_counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#if defined(__linux__)
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace ingot::core {
namespace {

#if defined(__linux__)

struct Event {
  uint64_t config;
  std::optional<uint64_t> CounterValues::*value;
};

constexpr Event kEvents[] = {
    {PERF_COUNT_HW_CPU_CYCLES, &CounterValues::cycles},
    {PERF_COUNT_HW_INSTRUCTIONS, &CounterValues::instructions},
    {PERF_COUNT_HW_CACHE_REFERENCES, &CounterValues::cache_references},
    {PERF_COUNT_HW_CACHE_MISSES, &CounterValues::cache_misses},
};

// The descriptor, or minus the error number.
int open_event(uint64_t config, int thread_id) {
  perf_event_attr attributes = {};
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.size = sizeof(attributes);
  attributes.config = config;
  attributes.inherit = 1;  // threads that this one starts later
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  const long opened = syscall(SYS_perf_event_open, &attributes, thread_id, /*cpu=*/-1, /*group_fd=*/-1,
                              static_cast<unsigned long>(PERF_FLAG_FD_CLOEXEC));
  return opened >= 0 ? static_cast<int>(opened) : -errno;
}

std::vector<int> thread_ids() {
  std::vector<int> ids;
  std::error_code error;
  for (std::filesystem::directory_iterator task("/proc/self/task", error), end; !error && task != end;
       task.increment(error)) {
    const std::string name = task->path().filename();
    int id = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), id).ec == std::errc()) ids.push_back(id);
  }
  // Without the folder: this thread and those that it starts.
  if (ids.empty()) ids.push_back(0);
  return ids;
}

std::optional<int> perf_event_paranoid() {
  std::ifstream file("/proc/sys/kernel/perf_event_paranoid");
  int level = 0;
  return file >> level ? std::optional(level) : std::nullopt;
}

#endif

std::optional<uint64_t> difference(const std::optional<uint64_t>& before, const std::optional<uint64_t>& after) {
  if (!before || !after) return std::nullopt;
  return *after > *before ? *after - *before : 0;
}

}  // namespace

#if defined(__linux__)

Result<HardwareCounters> HardwareCounters::open() {
  HardwareCounters counters;
  const std::vector<int> ids = thread_ids();
  int first_error = 0;
  for (size_t event_idx = 0; event_idx < std::size(kEvents); ++event_idx) {
    for (const int id : ids) {
      const int descriptor = open_event(kEvents[event_idx].config, id);
      // A thread that has ended since is no reason.
      if (descriptor == -ESRCH) continue;
      if (descriptor < 0) {
        if (first_error == 0) first_error = -descriptor;
        break;
      }
      counters.descriptors_.push_back({static_cast<int>(event_idx), descriptor});
    }
  }
  if (counters.descriptors_.empty()) {
    return fail(ErrorKind::kUnsupported, "{}", describe_counter_refusal(first_error, perf_event_paranoid()));
  }
  return counters;
}

HardwareCounters::~HardwareCounters() {
  for (const Descriptor& opened : descriptors_) close(opened.descriptor);
}

CounterValues HardwareCounters::read() const {
  CounterValues values;
  for (const Descriptor& opened : descriptors_) {
    struct {
      uint64_t value, enabled_ns, running_ns;
    } counted = {};
    if (::read(opened.descriptor, &counted, sizeof(counted)) != static_cast<ssize_t>(sizeof(counted))) continue;
    std::optional<uint64_t>& sum = values.*kEvents[opened.event_idx].value;
    sum = sum.value_or(0);
    if (counted.running_ns == 0) continue;  // the thread did not run
    const double share = static_cast<double>(counted.running_ns) / static_cast<double>(counted.enabled_ns);
    values.counted_share = std::min(values.counted_share, share);
    *sum += static_cast<uint64_t>(static_cast<double>(counted.value) / share);
  }
  return values;
}

#else

Result<HardwareCounters> HardwareCounters::open() {
  return fail(ErrorKind::kUnsupported, "hardware counters are read through perf_event_open, which only Linux has");
}
HardwareCounters::~HardwareCounters() = default;
CounterValues HardwareCounters::read() const {
  return {};
}

#endif

HardwareCounters::HardwareCounters(HardwareCounters&& other) noexcept
    : descriptors_(std::exchange(other.descriptors_, {})) {}

HardwareCounters& HardwareCounters::operator=(HardwareCounters&& other) noexcept {
  std::swap(descriptors_, other.descriptors_);
  return *this;
}

CounterValues counted_between(const CounterValues& before, const CounterValues& after) {
  return {.cycles = difference(before.cycles, after.cycles),
          .instructions = difference(before.instructions, after.instructions),
          .cache_references = difference(before.cache_references, after.cache_references),
          .cache_misses = difference(before.cache_misses, after.cache_misses),
          .counted_share = std::min(before.counted_share, after.counted_share)};
}

std::string describe_counter_refusal(int error_number, const std::optional<int>& paranoid) {
  const std::string level = paranoid ? fmt::format("perf_event_paranoid is {}", *paranoid)
                                     : "/proc/sys/kernel/perf_event_paranoid is not there";
  std::string start =
      fmt::format("no hardware counters: perf_event_open says '{}', {}", std::strerror(error_number), level);
  switch (error_number) {
    case ENOENT:
    case EOPNOTSUPP:
    case ENODEV:
      return start + "; this processor shows none, as in most virtual machines";
    case EACCES:
    case EPERM:
      // Level 2 still allows a process to count itself in user mode.
      if (paranoid && *paranoid > 2) return start + "; 'sysctl kernel.perf_event_paranoid=2' would allow it";
      return start + "; a container or a security policy forbids it";
    case ENOSYS:
      return start + "; this kernel is built without it, or a container forbids it";
    case EMFILE:
    case ENFILE:
      return start + "; 'ulimit -n' allows more open files";
    default:
      return start;
  }
}

}  // namespace ingot::core
