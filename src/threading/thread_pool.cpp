#include "threading/thread_pool.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <system_error>

namespace ingot::core {
namespace {

constexpr uint64_t kOpen = 1;
constexpr uint64_t kOneInside = 2;
constexpr uint64_t kInsideMask = 0xFFFE;
constexpr uint64_t kOneLoop = 0x10000;

uint64_t loop_number(uint64_t gate) {
  return gate / kOneLoop;
}

// Longer than the gap between two loops of a step, shorter than a scheduler's timeslice.
constexpr auto kSpinTime = std::chrono::microseconds(50);

// Inside a body; a nested parallel_for then runs serially under this index.
thread_local int current_thread_idx = -1;

// While one is there, threads are started that take no signals but those of their own faults: SIGINT and the like are
// for the thread that made the program's terminal or loop what it is, which may be in the middle of a read.
class NoSignals {
 public:
  NoSignals() {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPROF}) sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  NoSignals(const NoSignals&) = delete;
  NoSignals& operator=(const NoSignals&) = delete;

 private:
  sigset_t before_;
};

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits for ready() for kSpinTime; with kYield others who could run go first.
template <typename Ready>
bool spin_until(bool yielding, Ready ready) {
  // The clock is read once per batch: reading it costs about as much as one pause.
  constexpr int kPausesPerLook = 16;
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  do {
    for (int pause = 0; pause < kPausesPerLook; ++pause) {
      if (ready()) return true;
      relax();
    }
    if (yielding) std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < deadline);
  return ready();
}

}  // namespace

Result<std::unique_ptr<ThreadPool>> ThreadPool::create(int n_threads) {
  if (n_threads < 1 || n_threads > kMaxThreads) {
    return invalid("{} threads: expected 1 to {}", n_threads, kMaxThreads);
  }
  std::unique_ptr<ThreadPool> pool(new ThreadPool(n_threads, n_threads > allowed_cpu_count()));
  pool->workers_.reserve(static_cast<size_t>(n_threads - 1));
  const NoSignals for_workers;
  for (int thread_idx = 1; thread_idx < n_threads; ++thread_idx) {
    try {
      pool->workers_.emplace_back([raw = pool.get(), thread_idx] { raw->work(thread_idx); });
    } catch (const std::system_error& error) {
      return fail(ErrorKind::kOutOfMemory, "cannot start thread {} of {}: {}", thread_idx + 1, n_threads, error.what());
    }
  }
  return pool;
}

ThreadPool::~ThreadPool() {
  {
    std::scoped_lock lock(mutex_);
    stop_.store(true);
  }
  loop_opened_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::parallel_for(int64_t n_items, int64_t grain, Body fn) {
  if (n_items <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  const bool nested = current_thread_idx >= 0;
  const bool parallel = !nested && !workers_.empty() && n_items > grain;
  if (recorder_ == nullptr || nested) {
    parallel ? run_shared({&fn, n_items, grain}) : run_serially(n_items, fn);
    return;
  }
  const int64_t start_ns = recorder_->stamp();
  parallel ? run_shared({&fn, n_items, grain}) : run_serially(n_items, fn);
  const int64_t end_ns = recorder_->stamp();
  if (!parallel) {
    recorder_->add_span(0, {.start_ns = start_ns, .end_ns = end_ns, .loop = recorder_->n_loops()});
  }
  recorder_->add_loop({.start_ns = start_ns, .end_ns = end_ns, .parallel = parallel});
}

void ThreadPool::run_serially(int64_t n_items, Body fn) {
  const int outer = current_thread_idx;
  current_thread_idx = std::max(outer, 0);
  fn(0, n_items, current_thread_idx);
  current_thread_idx = outer;
}

void ThreadPool::run_shared(const Loop& loop) {
  loop_ = loop;
  share_out(loop);
  // Sequentially consistent with n_parked_: either a worker about to park sees the open gate, or it is seen here.
  gate_.fetch_add(kOneLoop + kOpen);
  if (n_parked_.load() > 0) {
    { std::scoped_lock lock(mutex_); }
    loop_opened_.notify_all();
  }
  run_chunks(/*thread_idx=*/0);

  gate_.fetch_sub(kOpen);
  const auto empty = [this] { return (gate_.load(std::memory_order_acquire) & kInsideMask) == 0; };
  if (spin_until(spin_ == Spin::kYield, empty)) return;
  std::unique_lock lock(mutex_);
  caller_parked_.store(true);
  all_left_.wait(lock, [this] { return (gate_.load() & kInsideMask) == 0; });
  caller_parked_.store(false);
}

// Shares begin at whole chunks.
void ThreadPool::share_out(const Loop& loop) {
  const int64_t n_chunks = (loop.n_items + loop.grain - 1) / loop.grain;
  const auto n_shares = static_cast<int64_t>(shares_.size());
  for (int64_t idx = 0; idx < n_shares; ++idx) {
    Share& share = shares_[static_cast<size_t>(idx)];
    share.next.store(n_chunks * idx / n_shares * loop.grain, std::memory_order_relaxed);
    share.end = std::min(n_chunks * (idx + 1) / n_shares * loop.grain, loop.n_items);
  }
}

void ThreadPool::run_chunks(int thread_idx) {
  current_thread_idx = thread_idx;
  const Loop loop = loop_;
  Recorder* const recorder = recorder_;
  const int64_t start_ns = recorder == nullptr ? 0 : recorder->stamp();
  bool took_some = false;
  // Its own share first, then the others' in turn.
  for (size_t turn = 0; turn < shares_.size(); ++turn) {
    Share& share = shares_[(static_cast<size_t>(thread_idx) + turn) % shares_.size()];
    while (true) {
      const int64_t begin = share.next.fetch_add(loop.grain, std::memory_order_relaxed);
      if (begin >= share.end) break;
      took_some = true;
      (*loop.fn)(begin, std::min(begin + loop.grain, share.end), thread_idx);
    }
  }
  if (recorder != nullptr && took_some) {
    recorder->add_span(thread_idx, {.start_ns = start_ns, .end_ns = recorder->stamp(), .loop = recorder->n_loops()});
  }
  current_thread_idx = -1;
}

// True: this worker is inside the loop that is open now, and has not been in it before.
bool ThreadPool::try_join(uint64_t& last_loop) {
  uint64_t gate = gate_.load(std::memory_order_acquire);
  while ((gate & kOpen) != 0 && loop_number(gate) != last_loop) {
    if (gate_.compare_exchange_weak(gate, gate + kOneInside)) {
      last_loop = loop_number(gate);
      return true;
    }
  }
  return false;
}

void ThreadPool::leave() {
  const uint64_t before = gate_.fetch_sub(kOneInside);
  const bool last_one = (before & kInsideMask) == kOneInside && (before & kOpen) == 0;
  if (!last_one || !caller_parked_.load()) return;
  { std::scoped_lock lock(mutex_); }
  all_left_.notify_one();
}

void ThreadPool::park(uint64_t last_loop) {
  std::unique_lock lock(mutex_);
  n_parked_.fetch_add(1);
  loop_opened_.wait(lock, [&] {
    const uint64_t gate = gate_.load();
    return stop_.load() || ((gate & kOpen) != 0 && loop_number(gate) != last_loop);
  });
  n_parked_.fetch_sub(1);
}

void ThreadPool::work(int thread_idx) {
  uint64_t last_loop = 0;
  while (!stop_.load(std::memory_order_relaxed)) {
    const bool joined =
        spin_until(spin_ == Spin::kYield, [&] { return stop_.load(std::memory_order_relaxed) || try_join(last_loop); });
    if (stop_.load(std::memory_order_relaxed)) return;
    if (!joined) {
      park(last_loop);
      continue;
    }
    run_chunks(thread_idx);
    leave();
  }
}

}  // namespace ingot::core
