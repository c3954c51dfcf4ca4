// Our own thread pool: n - 1 workers and the calling thread share one loop at a time.
//
// A step of a model is some three hundred short loops, so what counts is the cost of starting and ending one. Workers
// spin for some tens of microseconds after a loop, then park; a loop that follows soon finds them awake. Every thread
// has a share of neighbouring items, so that it reads memory in one run, and takes chunks of it from an atomic counter;
// whoever has finished his own goes on with another's. A worker that does not come in time is not waited for: the loop
// ends when every item is done and every worker that joined has left. So a machine with fewer cores than threads, or
// with busy neighbours, loses little.
//
// Which thread computes an item is not determined; results must not depend on it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "profile/recorder.h"
#include "threading/function_ref.h"
#include "threading/topology.h"

namespace ingot::core {

class ThreadPool {
 public:
  // fn(begin, end, thread_idx) with 0 <= thread_idx < n_threads(); never two at a time with one thread_idx.
  using Body = FunctionRef<void(int64_t begin, int64_t end, int thread_idx)>;

  // Errors: kInvalidInput for n_threads outside [1, kMaxThreads]; kOutOfMemory when the system starts no more threads.
  static Result<std::unique_ptr<ThreadPool>> create(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int n_threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Runs fn over [0, n_items) in chunks of at most grain items and returns when all are done. fn must not throw.
  // A call from inside fn runs serially on that thread. Precondition: only one thread at a time calls from outside.
  void parallel_for(int64_t n_items, int64_t grain, Body fn);

  // From now on every loop and each thread's share in it is recorded; null: no longer. Precondition: no loop runs, and
  // the recorder has room for n_threads() threads and outlives the recording.
  void set_recorder(Recorder* recorder) { recorder_ = recorder; }
  Recorder* recorder() const { return recorder_; }

 private:
  ThreadPool(int n_threads, bool oversubscribed)
      : shares_(static_cast<size_t>(n_threads)), spin_(oversubscribed ? Spin::kYield : Spin::kPause) {}

  enum class Spin : uint8_t { kPause, kYield };

  // Items [next, end), taken from the front, a cache line for each thread.
  struct alignas(64) Share {
    std::atomic<int64_t> next{0};
    int64_t end = 0;  // written only while the gate is closed and empty
  };

  struct Loop {
    const Body* fn = nullptr;
    int64_t n_items = 0;
    int64_t grain = 1;
  };

  void work(int thread_idx);
  void run_serially(int64_t n_items, Body fn);
  void run_shared(const Loop& loop);
  void share_out(const Loop& loop);
  void run_chunks(int thread_idx);
  bool try_join(uint64_t& last_loop);
  void leave();
  void park(uint64_t last_loop);

  // Bit 0: the loop is open to joiners. Bits 1-15: workers inside. Bits 16-63: the loop's number.
  // One word, so that joining and closing cannot pass each other.
  alignas(64) std::atomic<uint64_t> gate_{0};
  alignas(64) std::atomic<int> n_parked_{0};
  std::atomic<bool> caller_parked_{false};
  std::atomic<bool> stop_{false};
  std::vector<Share> shares_;  // one a thread
  Loop loop_;                  // written only while the gate is closed and empty
  Recorder* recorder_ = nullptr;
  Spin spin_;
  std::mutex mutex_;
  std::condition_variable loop_opened_;
  std::condition_variable all_left_;
  std::vector<std::thread> workers_;
};

}  // namespace ingot::core
