// The rate at which threads work together over a short window of time.
//
// All begin at one moment, which the last to arrive sets, and the rate is everything done since then over the time
// until the last of them stopped: a thread that was kept waiting by a neighbour lowers the rate, never raises it.
#pragma once

#include <sched.h>

#include <cstdint>
#include <vector>

#include "threading/function_ref.h"
#include "threading/thread_pool.h"

namespace ingot::core {

// Does one short piece of the work of thread `part` (0 <= part < n_threads) and says how much that was.
using WorkPiece = FunctionRef<double(int part)>;

// As long as it lives, each thread of the pool runs on a core of its own. Without it a busy machine's scheduler keeps
// putting a woken thread beside the one that woke it. Does nothing where there are more threads than processors.
class PinnedThreads {
 public:
  explicit PinnedThreads(ThreadPool& pool);
  ~PinnedThreads();
  PinnedThreads(const PinnedThreads&) = delete;
  PinnedThreads& operator=(const PinnedThreads&) = delete;

 private:
  ThreadPool& pool_;
  std::vector<cpu_set_t> before_;  // of each thread; empty: nothing was changed
};

struct WindowRate {
  double work_per_s = 0;
  double granted = 0;  // the share of the window in which the system let the threads run
};

// Work per second, of the caller alone (n_threads = 1) or of every thread of the pool.
// Preconditions: not called from inside a loop of the pool; n_threads is 1 or pool.n_threads().
WindowRate window_rate(ThreadPool& pool, int n_threads, double window_s, WorkPiece piece);

// Seconds of one loop over all threads of the pool in which each does nothing but wait for the last to come: from
// opening it to the return of the call.
double empty_loop_seconds(ThreadPool& pool);

}  // namespace ingot::core
