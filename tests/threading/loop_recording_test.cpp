// What a pool tells a recorder of its loops: see profile/recorder.h.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "threading/thread_pool.h"

namespace ingot::core {
namespace {

constexpr RecorderCapacity kRoom{.n_loops = 64, .n_threads = 4};

std::unique_ptr<ThreadPool> make_pool(int n_threads, Recorder* recorder) {
  auto pool = ThreadPool::create(n_threads);
  EXPECT_TRUE(pool.has_value());
  (*pool)->set_recorder(recorder);
  return std::move(*pool);
}

// Every thread has an item, since none leaves before all have come.
void run_on_every_thread(ThreadPool& pool) {
  std::atomic<int> n_arrived{0};
  const int n_threads = pool.n_threads();
  pool.parallel_for(n_threads, 1, [&](int64_t, int64_t, int) {
    ++n_arrived;
    while (n_arrived.load() < n_threads) std::this_thread::yield();
  });
}

TEST(LoopRecording, HasASpanForEveryThreadThatWorked) {
  Recorder recorder(kRoom);
  const auto pool = make_pool(3, &recorder);
  constexpr int kLoops = 10;
  for (int loop = 0; loop < kLoops; ++loop) run_on_every_thread(*pool);
  ASSERT_EQ(recorder.loops().size(), kLoops);
  for (int thread_idx = 0; thread_idx < 3; ++thread_idx) {
    ASSERT_EQ(recorder.spans(thread_idx).size(), kLoops) << "thread " << thread_idx;
    for (int32_t loop = 0; loop < kLoops; ++loop) {
      const ThreadSpan& span = recorder.spans(thread_idx)[static_cast<size_t>(loop)];
      const LoopEvent& event = recorder.loops()[static_cast<size_t>(loop)];
      EXPECT_TRUE(event.parallel);
      EXPECT_EQ(span.loop, loop);
      EXPECT_LE(event.start_ns, span.start_ns);
      EXPECT_LE(span.start_ns, span.end_ns);
      EXPECT_LE(span.end_ns, event.end_ns);
    }
  }
  EXPECT_TRUE(recorder.spans(3).empty());
  EXPECT_EQ(recorder.n_dropped(), 0);
}

// What a thread does not work of a loop, it waits: the one that had the long item does not, the other does.
TEST(LoopRecording, WaitIsTheLoopLessTheWork) {
  Recorder recorder(kRoom);
  const auto pool = make_pool(2, &recorder);
  constexpr auto kLong = std::chrono::milliseconds(100);
  std::atomic<int> n_arrived{0};
  std::atomic<int> slow_thread{-1};
  pool->parallel_for(2, 1, [&](int64_t begin, int64_t, int thread_idx) {
    ++n_arrived;
    while (n_arrived.load() < 2) std::this_thread::yield();
    if (begin != 1) return;
    slow_thread = thread_idx;
    std::this_thread::sleep_for(kLong);
  });
  ASSERT_EQ(recorder.loops().size(), 1u);
  const auto length = [](const auto& event) { return event.end_ns - event.start_ns; };
  const int64_t loop_ns = length(recorder.loops()[0]);
  ASSERT_EQ(recorder.spans(0).size(), 1u);
  ASSERT_EQ(recorder.spans(1).size(), 1u);
  const int64_t slow_ns = length(recorder.spans(slow_thread)[0]);
  const int64_t fast_ns = length(recorder.spans(1 - slow_thread)[0]);
  constexpr int64_t kLongNs = std::chrono::nanoseconds(kLong).count();
  EXPECT_GE(slow_ns, kLongNs);
  EXPECT_GE(loop_ns, slow_ns);
  // However busy the machine is, the other one was done when both had come; only coming late makes its span longer.
  EXPECT_LT(fast_ns, loop_ns);
  EXPECT_GE(loop_ns - fast_ns, kLongNs / 2);
}

TEST(LoopRecording, ALoopTooSmallToShareIsTheCallers) {
  Recorder recorder(kRoom);
  const auto pool = make_pool(2, &recorder);
  pool->parallel_for(4, 4, [](int64_t, int64_t, int) {});
  ASSERT_EQ(recorder.loops().size(), 1u);
  EXPECT_FALSE(recorder.loops()[0].parallel);
  ASSERT_EQ(recorder.spans(0).size(), 1u);
  EXPECT_TRUE(recorder.spans(1).empty());
  EXPECT_EQ(recorder.spans(0)[0].start_ns, recorder.loops()[0].start_ns);
  EXPECT_EQ(recorder.spans(0)[0].end_ns, recorder.loops()[0].end_ns);
}

TEST(LoopRecording, OneThreadRecordsSerialLoops) {
  Recorder recorder(kRoom);
  const auto pool = make_pool(1, &recorder);
  pool->parallel_for(100, 1, [](int64_t, int64_t, int) {});
  pool->parallel_for(0, 1, [](int64_t, int64_t, int) {});
  ASSERT_EQ(recorder.loops().size(), 1u) << "nothing to do is no loop";
  EXPECT_FALSE(recorder.loops()[0].parallel);
}

// A nested loop is a part of its thread's work, not a loop of the pool: it may run on any thread.
TEST(LoopRecording, NestedLoopsAreWorkOfTheOuterOne) {
  Recorder recorder(kRoom);
  const auto pool = make_pool(3, &recorder);
  std::atomic<int64_t> sum{0};
  pool->parallel_for(6, 1, [&](int64_t, int64_t, int) {
    pool->parallel_for(10, 1, [&](int64_t begin, int64_t end, int) { sum += end - begin; });
  });
  EXPECT_EQ(sum, 60);
  ASSERT_EQ(recorder.loops().size(), 1u);
  EXPECT_TRUE(recorder.loops()[0].parallel);
  size_t n_spans = 0;
  for (int thread_idx = 0; thread_idx < 3; ++thread_idx) {
    EXPECT_LE(recorder.spans(thread_idx).size(), 1u);
    n_spans += recorder.spans(thread_idx).size();
  }
  EXPECT_GE(n_spans, 1u);

  // From a loop that was itself too small to share as well.
  pool->parallel_for(1, 1, [&](int64_t, int64_t, int) { pool->parallel_for(10, 1, [](int64_t, int64_t, int) {}); });
  EXPECT_EQ(recorder.loops().size(), 2u);
}

TEST(LoopRecording, LoopsFollowEachOtherInTime) {
  Recorder recorder(kRoom);
  const auto pool = make_pool(2, &recorder);
  for (int loop = 0; loop < 20; ++loop) pool->parallel_for(8, 1 + loop % 8, [](int64_t, int64_t, int) {});
  ASSERT_EQ(recorder.loops().size(), 20u);
  for (size_t loop = 1; loop < 20; ++loop) {
    EXPECT_LE(recorder.loops()[loop - 1].end_ns, recorder.loops()[loop].start_ns);
  }
  for (int thread_idx = 0; thread_idx < 2; ++thread_idx) {
    std::set<int32_t> seen;
    for (const ThreadSpan& span : recorder.spans(thread_idx)) {
      EXPECT_TRUE(seen.insert(span.loop).second) << "one span a loop and thread";
    }
  }
}

TEST(LoopRecording, StopsWithANullRecorder) {
  Recorder recorder(kRoom);
  const auto pool = make_pool(2, &recorder);
  run_on_every_thread(*pool);
  pool->set_recorder(nullptr);
  run_on_every_thread(*pool);
  EXPECT_EQ(recorder.loops().size(), 1u);
}

TEST(LoopRecording, WhatDoesNotFitIsCountedByEachThread) {
  Recorder recorder({.n_loops = 2, .n_threads = 2});
  const auto pool = make_pool(2, &recorder);
  for (int loop = 0; loop < 5; ++loop) run_on_every_thread(*pool);
  EXPECT_EQ(recorder.loops().size(), 2u);
  EXPECT_EQ(recorder.spans(0).size(), 2u);
  EXPECT_EQ(recorder.spans(1).size(), 2u);
  EXPECT_EQ(recorder.n_dropped(), 9) << "three loops, and as many spans of each thread";
}

}  // namespace
}  // namespace ingot::core
