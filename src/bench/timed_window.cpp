#include "bench/timed_window.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <thread>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/check.h"

namespace ingot::core {
namespace {

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int64_t thread_cpu_ns() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return int64_t{1000000000} * time.tv_sec + time.tv_nsec;
}

// Where n_threads meet. Each holds its item of the loop until all have come, so no thread takes two.
class Meeting {
 public:
  explicit Meeting(int n_threads) : n_missing_(n_threads) {}

  // Waits for the last to arrive and returns the time at which it did.
  int64_t arrive() {
    if (n_missing_.fetch_sub(1) == 1) {
      start_ns_.store(now_ns(), std::memory_order_release);
    }
    // A thread that is missing for longer may be waiting for this very processor.
    constexpr int kSpinsBeforeYield = 2000;
    for (int spin = 0; start_ns_.load(std::memory_order_acquire) == 0; ++spin) {
      if (spin > kSpinsBeforeYield) std::this_thread::yield();
    }
    return start_ns_.load(std::memory_order_acquire);
  }

 private:
  alignas(kCacheLineBytes) std::atomic<int> n_missing_;
  alignas(kCacheLineBytes) std::atomic<int64_t> start_ns_{0};
};

struct alignas(kCacheLineBytes) Share {
  double work = 0;
  int64_t end_ns = 0;
  int64_t cpu_ns = 0;
};

void work_until(int64_t deadline_ns, int part, WorkPiece piece, Share& out_share) {
  const int64_t cpu_before_ns = thread_cpu_ns();
  do {
    out_share.work += piece(part);
    out_share.end_ns = now_ns();
  } while (out_share.end_ns < deadline_ns);
  out_share.cpu_ns = thread_cpu_ns() - cpu_before_ns;
}

// Runs fn once on every thread of the pool.
template <typename Fn>
void on_each_thread(ThreadPool& pool, Fn fn) {
  Meeting meeting(pool.n_threads());
  pool.parallel_for(pool.n_threads(), /*grain=*/1, [&](int64_t begin, int64_t end, int thread_idx) {
    INGOT_CHECK(end - begin == 1, "threads are not timed from inside a loop");
    const int64_t met_ns = meeting.arrive();
    fn(thread_idx, met_ns);
  });
}

}  // namespace

PinnedThreads::PinnedThreads(ThreadPool& pool) : pool_(pool) {
  const std::vector<int> cpus = allowed_cpus_by_core();
  if (cpus.size() < static_cast<size_t>(pool.n_threads())) return;
  before_.resize(static_cast<size_t>(pool.n_threads()));
  on_each_thread(pool, [&](int thread_idx, int64_t) {
    const auto idx = static_cast<size_t>(thread_idx);
    CPU_ZERO(&before_[idx]);
    sched_getaffinity(0, sizeof(cpu_set_t), &before_[idx]);
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(cpus[idx], &own);
    sched_setaffinity(0, sizeof(own), &own);
  });
}

PinnedThreads::~PinnedThreads() {
  if (before_.empty()) return;
  on_each_thread(pool_, [&](int thread_idx, int64_t) {
    sched_setaffinity(0, sizeof(cpu_set_t), &before_[static_cast<size_t>(thread_idx)]);
  });
}

WindowRate window_rate(ThreadPool& pool, int n_threads, double window_s, WorkPiece piece) {
  INGOT_CHECK(n_threads == 1 || n_threads == pool.n_threads(), "a window is of one thread or of all");
  const auto window_ns = static_cast<int64_t>(1e9 * window_s);
  std::vector<Share> shares(static_cast<size_t>(n_threads));
  int64_t start_ns = 0;
  if (n_threads == 1) {
    start_ns = now_ns();
    work_until(start_ns + window_ns, 0, piece, shares[0]);
  } else {
    on_each_thread(pool, [&](int part, int64_t met_ns) {
      if (part == 0) start_ns = met_ns;
      work_until(met_ns + window_ns, part, piece, shares[static_cast<size_t>(part)]);
    });
  }
  double work = 0;
  int64_t end_ns = 0;
  int64_t cpu_ns = 0;
  for (const Share& share : shares) {
    work += share.work;
    cpu_ns += share.cpu_ns;
    end_ns = std::max(end_ns, share.end_ns);
  }
  const double elapsed_ns = static_cast<double>(std::max<int64_t>(1, end_ns - start_ns));
  return {.work_per_s = 1e9 * work / elapsed_ns,
          .granted = std::min(1.0, static_cast<double>(cpu_ns) / (elapsed_ns * n_threads))};
}

double empty_loop_seconds(ThreadPool& pool) {
  const int64_t start_ns = now_ns();
  on_each_thread(pool, [](int, int64_t) {});
  return 1e-9 * static_cast<double>(now_ns() - start_ns);
}

}  // namespace ingot::core
