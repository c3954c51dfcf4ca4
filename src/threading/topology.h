// How many threads this process can use well.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ingot::core {

inline constexpr int kMaxThreads = 256;

// Logical processors in the affinity mask of this process, at least 1.
int allowed_cpu_count();

// Logical processors in the affinity mask of this thread: the first of every physical core, then the second ones.
// Empty where the system does not say.
std::vector<int> allowed_cpus_by_core();

// Processors' worth of time that the control group grants ("cpu.max" of cgroup v2: "200000 100000" is 2), rounded up,
// at least 1; nothing for "max" or text of another form.
std::optional<int> parse_cpu_quota(std::string_view cpu_max);

// The number of threads to use unless told: one per physical core, less where a control group grants less.
// A second thread on a core brings arithmetic kernels nothing; they already fill its vector units.
int default_thread_count();

}  // namespace ingot::core
