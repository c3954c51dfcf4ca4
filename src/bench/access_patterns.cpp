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
constexpr int64_t kRandomReads = 4096;

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

  // One ring of pieces for all threads and patterns: whoever takes one takes that which was read longest ago. Random
  // reads alone find some of their lines in a cache.
  std::atomic<uint64_t> next{0};
  const auto n_pieces = static_cast<uint64_t>(buffer.n_bytes() / kPieceBytes);
  const auto read = [&](const AccessPattern& pattern) {
    constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));
    const uint64_t taken = next.fetch_add(1, std::memory_order_relaxed);
    const auto offset = static_cast<int64_t>(taken % n_pieces) * kPieceBytes;
    float sum = 0;
    int64_t useful_bytes = kPieceBytes / pattern.stride_elements;
    switch (pattern.access) {
      case Access::kRandom:
        sum = sum_random(floats, taken, kRandomReads);
        useful_bytes = kRandomReads * kFloatBytes;
        break;
      case Access::kStrided:
        sum = sum_strided(
            floats.subspan(static_cast<size_t>(offset / kFloatBytes), static_cast<size_t>(kPieceBytes / kFloatBytes)),
            pattern.stride_elements);
        break;
      default:
        sum = static_cast<float>(sequential.read(buffer.data() + offset, kPieceBytes));
        break;
    }
    unread_sum.store(sum, std::memory_order_relaxed);
    return static_cast<double>(useful_bytes);
  };

  std::vector<AccessPattern> measured = patterns();
  // In the best window of each; a machine that is busy gets up to three times as long to show undisturbed ones.
  std::vector<double> granted(measured.size(), 0.0);
  constexpr double kUndisturbed = 0.95;
  const auto finished = [&] {
    const bool undisturbed = std::all_of(granted.begin(), granted.end(), [](double g) { return g >= kUndisturbed; });
    const double elapsed_s = std::chrono::duration<double>(Clock::now() - start).count();
    return elapsed_s >= (undisturbed ? 1.0 : 3.0) * options.budget_s;
  };
  do {
    for (size_t i = 0; i < measured.size(); ++i) {
      AccessPattern& pattern = measured[i];
      const auto piece = [&](int) { return read(pattern); };
      const WindowRate rate = window_rate(pool, pool.n_threads(), kWindowS, piece);
      if (rate.work_per_s <= pattern.useful_bytes_per_s) continue;
      pattern.useful_bytes_per_s = rate.work_per_s;
      granted[i] = rate.granted;
    }
  } while (!finished());
  for (AccessPattern& pattern : measured) {
    pattern.measured = pattern.useful_bytes_per_s / measured.front().useful_bytes_per_s;
  }
  return measured;
}

}  // namespace ingot::core
