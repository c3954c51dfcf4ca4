#include "base/cache_sizes.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <set>

namespace ingot::core {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// What the C library takes from cpuid.
CacheSizes sizes_of_the_library() {
  CacheSizes sizes;
#if defined(_SC_LEVEL3_CACHE_SIZE)
  const auto ask = [](int name) { return std::max<int64_t>(0, sysconf(name)); };
  sizes.l1_bytes = ask(_SC_LEVEL1_DCACHE_SIZE);
  sizes.l2_bytes = ask(_SC_LEVEL2_CACHE_SIZE);
  sizes.l3_bytes = ask(_SC_LEVEL3_CACHE_SIZE);
  sizes.total_l3_bytes = sizes.l3_bytes;
#endif
  return sizes;
}

}  // namespace

std::optional<int64_t> parse_cache_size(std::string_view text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || number < 0) return std::nullopt;
  std::string_view rest(after, static_cast<size_t>(end - after));
  int64_t unit = 1;
  if (rest.starts_with('K')) unit = 1024;
  if (rest.starts_with('M')) unit = 1024 * 1024;
  if (rest.starts_with('G')) unit = 1024 * 1024 * 1024;
  if (unit != 1) rest.remove_prefix(1);
  if (!rest.empty() && rest != "\n") return std::nullopt;
  if (number > std::numeric_limits<int64_t>::max() / unit) return std::nullopt;
  return number * unit;
}

CacheSizes read_cache_sizes(const std::string& sysfs_cpus) {
  // Processors and their caches are numbered without gaps, but for processors that are switched off.
  constexpr int kMaxCpus = 4096;
  constexpr int kMaxGap = 64;
  constexpr int kMaxCaches = 16;
  CacheSizes sizes;
  std::set<std::string> l3_instances;
  for (int cpu = 0, missing = 0; cpu < kMaxCpus && missing < kMaxGap; ++cpu) {
    bool found = false;
    for (int cache = 0; cache < kMaxCaches; ++cache) {
      const std::string folder =
          sysfs_cpus + "/cpu" + std::to_string(cpu) + "/cache/index" + std::to_string(cache) + "/";
      const std::string level = first_line(folder + "level");
      if (level.empty()) break;
      found = true;
      const int64_t n_bytes = parse_cache_size(first_line(folder + "size")).value_or(0);
      if (level == "1" && first_line(folder + "type") == "Data") sizes.l1_bytes = n_bytes;
      if (level == "2") sizes.l2_bytes = n_bytes;
      if (level != "3") continue;
      sizes.l3_bytes = n_bytes;
      if (l3_instances.insert(first_line(folder + "shared_cpu_list")).second) sizes.total_l3_bytes += n_bytes;
    }
    missing = found ? 0 : missing + 1;
  }
  return sizes.l1_bytes == 0 && sizes.l2_bytes == 0 ? sizes_of_the_library() : sizes;
}

}  // namespace ingot::core
