#include "bench/timed_window.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "threading/topology.h"

namespace ingot::core {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<ThreadPool> make_pool(int n_threads) {
  return ThreadPool::create(n_threads).value();
}

TEST(TimedWindow, CountsWhatIsDoneInTheTime) {
  const auto pool = make_pool(1);
  int n_pieces = 0;
  const auto start = std::chrono::steady_clock::now();
  const WindowRate rate = window_rate(*pool, 1, 0.02, [&](int part) {
    EXPECT_EQ(part, 0);
    ++n_pieces;
    std::this_thread::sleep_for(1ms);
    return 5.0;
  });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took.count(), 0.02);
  EXPECT_LE(n_pieces, 20);
  // The window is at most as long as the call.
  EXPECT_GE(rate.work_per_s, 5.0 * n_pieces / took.count());
  EXPECT_LE(rate.work_per_s, 5.0 * n_pieces / 0.02);
  EXPECT_LT(rate.granted, 0.5) << "it slept";
}

TEST(TimedWindow, EveryThreadWorksOnItsOwnPart) {
  for (const int n_threads : {2, 5}) {
    const auto pool = make_pool(n_threads);
    std::vector<std::atomic<int>> n_pieces(static_cast<size_t>(n_threads));
    const WindowRate rate = window_rate(*pool, n_threads, 0.005, [&](int part) {
      n_pieces[static_cast<size_t>(part)].fetch_add(1);
      return 1.0;
    });
    for (const auto& n : n_pieces) EXPECT_GE(n.load(), 1);
    EXPECT_GT(rate.work_per_s, 0);
    EXPECT_LE(rate.granted, 1.0);
  }
}

// Whoever stops late lowers the rate: else one thread's work in an empty machine would be added to another's.
TEST(TimedWindow, TheWindowEndsWithTheLast) {
  const auto pool = make_pool(2);
  const WindowRate rate = window_rate(*pool, 2, 0.001, [&](int part) {
    if (part == 1) std::this_thread::sleep_for(50ms);
    return part == 1 ? 1.0 : 0.0;
  });
  EXPECT_LE(rate.work_per_s, 1 / 0.050);
}

TEST(TimedWindow, AnEmptyLoopTakesTimeAndEnds) {
  for (const int n_threads : {1, 2, 4}) {
    const auto pool = make_pool(n_threads);
    for (int loop = 0; loop < 100; ++loop) EXPECT_GT(empty_loop_seconds(*pool), 0);
  }
}

std::vector<int> processors_of_this_thread() {
  return allowed_cpus_by_core();
}

TEST(PinnedThreads, HaveAProcessorOfTheirOwnUntilTheEnd) {
  const std::vector<int> before = processors_of_this_thread();
  if (before.size() < 2) GTEST_SKIP() << "this process may use one processor only";
  const auto pool = make_pool(2);
  {
    const PinnedThreads pinned(*pool);
    std::vector<std::vector<int>> own(2);
    std::atomic<int> n_here{0};
    pool->parallel_for(2, 1, [&](int64_t item, int64_t, int) {
      own[static_cast<size_t>(item)] = processors_of_this_thread();
      n_here.fetch_add(1);
      while (n_here.load() < 2) std::this_thread::yield();
    });
    ASSERT_EQ(own[0].size(), 1u);
    ASSERT_EQ(own[1].size(), 1u);
    EXPECT_NE(own[0], own[1]);
  }
  EXPECT_EQ(processors_of_this_thread(), before);
}

TEST(PinnedThreads, MoreThreadsThanProcessorsStayFree) {
  const std::vector<int> before = processors_of_this_thread();
  const auto pool = make_pool(static_cast<int>(before.size()) + 1);
  const PinnedThreads pinned(*pool);
  EXPECT_EQ(processors_of_this_thread(), before);
}

}  // namespace
}  // namespace ingot::core
