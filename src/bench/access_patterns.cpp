#include "bench/access_patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <string_view>

#include "base/cache_sizes.h"
#include "bench/read_buffer.h"
#include "bench/timed_window.h"
#include "engine/memory.h"
#include "kernels/probes/access_pattern.h"
#include "kernels/probes/probes.h"

namespace ingot::core {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kWindowS = 1.5e-3;
constexpr int64_t kPieceBytes = 256 * 1024;
// Of a pattern that asks for single floats; some 10 to 100 microseconds.
constexpr int64_t kReadsPerPiece = 4096;

std::atomic<float> unread_sum{0};

// The plain loop over the widest loads that run here: what everything else is compared with.
const ReadProbe& widest_plain_probe() {
  const ReadProbe* widest = &read_probes().front();
  for (const ReadProbe& probe : read_probes()) {
    if (probe.runs_here() && std::string_view(probe.pattern) == "plain") widest = &probe;
  }
  return *widest;
}

std::vector<AccessPattern> patterns() {
  std::vector<AccessPattern> all = {{.name = "sequential", .access = Access::kSequential}};
  for (const int64_t stride : {2, 8, 16, 32, 64}) {
    all.push_back({.name = fmt::format("strided {}", stride), .access = Access::kStrided, .stride_elements = stride});
  }
  all.push_back({.name = "random", .access = Access::kRandom});
  for (AccessPattern& pattern : all) {
    pattern.expected = expected_efficiency(pattern.access, pattern.stride_elements);
  }
  return all;
}

}  // namespace

Result<std::vector<AccessPattern>> measure_access_patterns(ThreadPool& pool, const AccessOptions& options) {
  const auto start = Clock::now();
  int64_t buffer_bytes = read_buffer_bytes(read_cache_sizes().total_l3_bytes, query_memory_limits().physical);
  if (options.max_buffer_bytes > 0) buffer_bytes = std::min(buffer_bytes, options.max_buffer_bytes);
  // Random places are drawn from a power of two.
  INGOT_ASSIGN(const ReadBuffer buffer,
               ReadBuffer::allocate(static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(buffer_bytes))), pool));
  const PinnedThreads pinned(pool);
  const ReadProbe& sequential = widest_plain_probe();
  const std::span<const float> floats = buffer.floats();

  // One counter for all threads and patterns: whoever takes a piece takes the one that was read longest ago.
  std::atomic<int64_t> next{0};
  const auto read = [&](const AccessPattern& pattern) {
    const int64_t taken = next.fetch_add(1, std::memory_order_relaxed);
    if (pattern.access == Access::kSequential) {
      const int64_t piece = taken % (buffer.n_bytes() / kPieceBytes);
      unread_sum.store(static_cast<float>(sequential.read(buffer.data() + piece * kPieceBytes, kPieceBytes)),
                       std::memory_order_relaxed);
      return static_cast<double>(kPieceBytes);
    }
    const float sum = pattern.access == Access::kRandom
                          ? sum_random(floats, static_cast<uint64_t>(taken), kReadsPerPiece)
                          : sum_strided(floats, pattern.stride_elements, taken * kReadsPerPiece, kReadsPerPiece);
    unread_sum.store(sum, std::memory_order_relaxed);
    return static_cast<double>(kReadsPerPiece * static_cast<int64_t>(sizeof(float)));
  };

  std::vector<AccessPattern> measured = patterns();
  do {
    for (AccessPattern& pattern : measured) {
      const auto piece = [&](int) { return read(pattern); };
      const WindowRate rate = window_rate(pool, pool.n_threads(), kWindowS, piece);
      pattern.useful_bytes_per_s = std::max(pattern.useful_bytes_per_s, rate.work_per_s);
    }
  } while (std::chrono::duration<double>(Clock::now() - start).count() < options.budget_s);
  for (AccessPattern& pattern : measured) {
    pattern.measured = pattern.useful_bytes_per_s / measured.front().useful_bytes_per_s;
  }
  return measured;
}

}  // namespace ingot::core
