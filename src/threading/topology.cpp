#include "threading/topology.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "base/cpu_features.h"

namespace ingot::core {

int allowed_cpu_count() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  return std::max(1, CPU_COUNT(&allowed));
}

std::vector<int> allowed_cpus_by_core() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return {};
  std::map<std::string, int> n_seen_of_core;
  std::vector<std::pair<int, int>> cpus;  // how many of its core come before it, processor
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    std::ifstream siblings("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
    std::string list;
    // Without topology each logical processor counts as a core of its own.
    if (!std::getline(siblings, list)) list = "cpu" + std::to_string(cpu);
    cpus.emplace_back(n_seen_of_core[list]++, cpu);
  }
  std::sort(cpus.begin(), cpus.end());
  std::vector<int> ordered;
  ordered.reserve(cpus.size());
  for (const auto& [n_before, cpu] : cpus) ordered.push_back(cpu);
  return ordered;
}

std::optional<int> parse_cpu_quota(std::string_view cpu_max) {
  int64_t quota_us = 0;
  int64_t period_us = 0;
  const char* end = cpu_max.data() + cpu_max.size();
  const auto [after_quota, quota_error] = std::from_chars(cpu_max.data(), end, quota_us);
  if (quota_error != std::errc() || after_quota == end || *after_quota != ' ') return std::nullopt;
  const auto [after_period, period_error] = std::from_chars(after_quota + 1, end, period_us);
  if (period_error != std::errc() || quota_us <= 0 || period_us <= 0) return std::nullopt;
  const int64_t cpus = quota_us / period_us + (quota_us % period_us != 0 ? 1 : 0);
  return static_cast<int>(std::clamp<int64_t>(cpus, 1, kMaxThreads));
}

int default_thread_count() {
  int n_threads = std::min(physical_core_count(), kMaxThreads);
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string line;
  if (std::getline(file, line)) n_threads = std::min(n_threads, parse_cpu_quota(line).value_or(n_threads));
  return std::max(1, n_threads);
}

}  // namespace ingot::core
