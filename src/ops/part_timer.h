// How long the parts of an operation take that does several things in one go, for profiles. In a loop that threads
// share each adds up its own time, and of the sum each thread's share counts: what one of them would do longer, another
// takes off its hands. Where nobody profiles all of that is a comparison.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "ops/ops.h"
#include "profile/zone_clock.h"

namespace ingot::core {

class PartTimer {
 public:
  using Part = PartTimes::Part PartTimes::*;

  explicit PartTimer(int n_threads) { set_n_threads(n_threads); }
  void set_n_threads(int n_threads) { threads_.assign(static_cast<size_t>(n_threads), {}); }
  // Where to add; null: nowhere.
  void set_times(PartTimes* times) { times_ = times; }

  // fn() as a part, by itself. shared: it is a loop that threads share.
  template <typename Fn>
  void time(Part part, bool shared, const Fn& fn) {
    if (times_ == nullptr) return fn();
    const int64_t start_ns = zone_now_ns();
    fn();
    add(*times_, part, zone_now_ns() - start_ns, shared);
  }

  // The same by one thread inside a loop, which end_loop() ends.
  template <typename Fn>
  void time_in_loop(int thread_idx, Part part, const Fn& fn) {
    if (times_ == nullptr) return fn();
    const int64_t start_ns = zone_now_ns();
    fn();
    (threads_[static_cast<size_t>(thread_idx)].times.*part).ns += zone_now_ns() - start_ns;
  }
  void end_loop(bool shared) {
    if (times_ == nullptr) return;
    const int64_t n_sharing = shared ? static_cast<int64_t>(threads_.size()) : 1;
    for (const Part part : {&PartTimes::norm, &PartTimes::head_norm, &PartTimes::rope, &PartTimes::kv_write}) {
      int64_t sum_ns = 0;
      for (Thread& thread : threads_) sum_ns += std::exchange((thread.times.*part).ns, 0);
      add(*times_, part, sum_ns / n_sharing, shared);
    }
  }

 private:
  struct alignas(64) Thread {
    PartTimes times;
  };

  static void add(PartTimes& times, Part part, int64_t ns, bool shared) {
    (times.*part).ns += ns;
    if (shared) (times.*part).shared_ns += ns;
  }

  PartTimes* times_ = nullptr;
  std::vector<Thread> threads_;
};

}  // namespace ingot::core
