#include "threading/thread_pool.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace ingot::core {
namespace {

std::unique_ptr<ThreadPool> make_pool(int n_threads) {
  auto pool = ThreadPool::create(n_threads);
  EXPECT_TRUE(pool.has_value());
  return std::move(*pool);
}

TEST(ThreadPool, RefusesThreadCountsOutsideItsRange) {
  for (const int n_threads : {-1, 0, kMaxThreads + 1}) {
    const auto pool = ThreadPool::create(n_threads);
    ASSERT_FALSE(pool.has_value());
    EXPECT_EQ(pool.error().kind, ErrorKind::kInvalidInput);
  }
}

TEST(ThreadPool, EveryItemOnce) {
  for (const int n_threads : {1, 2, 3, 4, 17, kMaxThreads}) {
    auto pool = make_pool(n_threads);
    for (const int64_t n_items : {0, 1, 2, 7, 64, 1000}) {
      for (const int64_t grain : {1, 3, 64, 5000}) {
        std::vector<int> visits(static_cast<size_t>(n_items), 0);
        pool->parallel_for(n_items, grain, [&](int64_t begin, int64_t end, int thread_idx) {
          ASSERT_LT(begin, end);
          ASSERT_GE(thread_idx, 0);
          ASSERT_LT(thread_idx, n_threads);
          for (int64_t item = begin; item < end; ++item) ++visits[static_cast<size_t>(item)];
        });
        for (const int n_visits : visits) ASSERT_EQ(n_visits, 1);
      }
    }
  }
}

TEST(ThreadPool, NoThreadIndexTwiceAtATime) {
  auto pool = make_pool(4);
  std::vector<std::atomic<int>> inside(4);
  std::atomic<bool> shared{false};
  for (int loop = 0; loop < 500; ++loop) {
    pool->parallel_for(16, 1, [&](int64_t, int64_t, int thread_idx) {
      if (inside[static_cast<size_t>(thread_idx)].fetch_add(1) != 0) shared = true;
      inside[static_cast<size_t>(thread_idx)].fetch_sub(1);
    });
  }
  EXPECT_FALSE(shared);
}

// Plain writes of one loop are plain reads of the next, by whichever thread: what the thread sanitizer looks at.
TEST(ThreadPool, LoopsSeeTheWritesOfTheLoopsBefore) {
  auto pool = make_pool(4);
  std::vector<int64_t> forward(257, 0);
  std::vector<int64_t> backward(257, 0);
  for (int64_t loop = 0; loop < 2000; ++loop) {
    pool->parallel_for(257, 8, [&](int64_t begin, int64_t end, int) {
      for (int64_t item = begin; item < end; ++item) {
        forward[static_cast<size_t>(item)] = backward[static_cast<size_t>(256 - item)] + 1;
      }
    });
    pool->parallel_for(257, 8, [&](int64_t begin, int64_t end, int) {
      for (int64_t item = begin; item < end; ++item) {
        backward[static_cast<size_t>(item)] = forward[static_cast<size_t>(256 - item)] + 1;
      }
    });
  }
  for (const int64_t value : backward) ASSERT_EQ(value, 4000);
}

TEST(ThreadPool, WorkersComeBackAfterParking) {
  auto pool = make_pool(3);
  for (int pause = 0; pause < 5; ++pause) {
    std::atomic<int64_t> sum{0};
    pool->parallel_for(100, 1, [&](int64_t begin, int64_t, int) { sum += begin; });
    EXPECT_EQ(sum, 4950);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

TEST(ThreadPool, MoreThanOneThreadTakesPart) {
  auto pool = make_pool(2);
  std::atomic<int> arrived{0};
  // Each item waits for the other, so that one thread alone could never end the loop.
  pool->parallel_for(2, 1, [&](int64_t, int64_t, int) {
    ++arrived;
    while (arrived.load() < 2) std::this_thread::yield();
  });
  EXPECT_EQ(arrived, 2);
}

// Waits until done(), ten seconds at most.
template <typename Done>
bool becomes_true(Done done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return done();
}

TEST(ThreadPool, EveryThreadBeginsWithAShareOfItsOwn) {
  auto pool = make_pool(2);
  std::atomic<int64_t> first_of[2] = {-1, -1};
  pool->parallel_for(100, 5, [&](int64_t begin, int64_t, int thread_idx) {
    int64_t none = -1;
    if (!first_of[thread_idx].compare_exchange_strong(none, begin)) return;
    EXPECT_TRUE(becomes_true([&] { return first_of[1 - thread_idx] >= 0; })) << "the other thread never came";
  });
  EXPECT_EQ(first_of[0], 0);
  EXPECT_EQ(first_of[1], 50);
}

TEST(ThreadPool, WhoeverIsDoneTakesFromTheOthers) {
  auto pool = make_pool(2);
  std::atomic<int> n_done = 0;
  // The caller's first item lasts until the worker has done all others, those of the caller's share too.
  pool->parallel_for(8, 1, [&](int64_t begin, int64_t, int) {
    if (begin == 0) {
      EXPECT_TRUE(becomes_true([&] { return n_done == 7; })) << n_done << " of 7";
    }
    ++n_done;
  });
  EXPECT_EQ(n_done, 8);
}

// A signal of the terminal that a worker took would not end the read that the main thread is in.
TEST(ThreadPool, WorkersTakeNoSignalsButFaults) {
  auto pool = make_pool(4);
  std::atomic<int> n_workers = 0;
  std::atomic<int> n_wrong = 0;
  for (int attempt = 0; attempt < 1000 && n_workers == 0; ++attempt) {
    pool->parallel_for(64, 1, [&](int64_t, int64_t, int thread_idx) {
      sigset_t blocked;
      pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
      const bool is_worker = thread_idx > 0;
      n_workers += is_worker;
      n_wrong += (sigismember(&blocked, SIGINT) == 1) != is_worker || sigismember(&blocked, SIGBUS) != 0;
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    });
  }
  EXPECT_GT(n_workers, 0);
  EXPECT_EQ(n_wrong, 0);
}

TEST(ThreadPool, NestedLoopsRunOnTheirThread) {
  auto pool = make_pool(4);
  std::atomic<int64_t> sum{0};
  std::atomic<bool> moved{false};
  pool->parallel_for(8, 1, [&](int64_t, int64_t, int outer_idx) {
    pool->parallel_for(10, 1, [&](int64_t begin, int64_t end, int inner_idx) {
      if (inner_idx != outer_idx) moved = true;
      sum += end - begin;
    });
  });
  EXPECT_EQ(sum, 80);
  EXPECT_FALSE(moved);
}

// Twice the threads of the machine must not collapse: every loop is short, and a lost timeslice (milliseconds) in
// each of them would take a hundred times longer than the limit.
TEST(ThreadPool, OversubscriptionDoesNotCollapse) {
  auto pool = make_pool(std::min(kMaxThreads, 2 * allowed_cpu_count()));
  const auto begin = std::chrono::steady_clock::now();
  constexpr int kLoops = 3000;
  for (int loop = 0; loop < kLoops; ++loop) {
    pool->parallel_for(64, 1, [&](int64_t, int64_t, int) {});
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(elapsed.count(), 0.002 * kLoops);
}

}  // namespace
}  // namespace ingot::core
