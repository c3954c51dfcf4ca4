// The processor's data caches as the system describes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::core {

// 0: there is none, or nobody says. A virtual machine may be told the caches of the whole host.
struct CacheSizes {
  int64_t l1_bytes = 0;  // of one core
  int64_t l2_bytes = 0;
  int64_t l3_bytes = 0;        // of one instance
  int64_t total_l3_bytes = 0;  // of all instances
};

// sysfs_cpus: the folder of the processors; another one in tests. Without it, what the C library knows.
CacheSizes read_cache_sizes(const std::string& sysfs_cpus = "/sys/devices/system/cpu");

// "32768K", "1M", "512", with or without a newline, in bytes; nothing for other text.
std::optional<int64_t> parse_cache_size(std::string_view text);

}  // namespace ingot::core
