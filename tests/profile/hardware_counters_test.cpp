#include "profile/hardware_counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <thread>
#include <utility>

namespace ingot::core {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(HardwareCounters, RefusalSaysWhyAndWhatHelps) {
  EXPECT_THAT(describe_counter_refusal(EACCES, 3),
              AllOf(HasSubstr("'Permission denied'"), HasSubstr("perf_event_paranoid is 3;"),
                    HasSubstr("sysctl kernel.perf_event_paranoid=2")));
  EXPECT_THAT(describe_counter_refusal(EPERM, 2), AllOf(HasSubstr("is 2;"), HasSubstr("container")));
  EXPECT_THAT(describe_counter_refusal(ENOENT, -1), AllOf(HasSubstr("is -1;"), HasSubstr("virtual machines")));
  EXPECT_THAT(describe_counter_refusal(ENOSYS, std::nullopt), AllOf(HasSubstr("not there"), HasSubstr("kernel")));
  EXPECT_THAT(describe_counter_refusal(EMFILE, 1), HasSubstr("ulimit -n"));
}

TEST(HardwareCounters, Difference) {
  const CounterValues before{.cycles = 10, .instructions = 20, .cache_references = {}, .cache_misses = 7};
  const CounterValues after{
      .cycles = 110, .instructions = 19, .cache_references = 5, .cache_misses = 7, .counted_share = 0.5};
  const CounterValues counted = counted_between(before, after);
  EXPECT_EQ(counted.cycles, 100u);
  EXPECT_EQ(counted.instructions, 0u) << "an extrapolation that fell";
  EXPECT_EQ(counted.cache_references, std::nullopt);
  EXPECT_EQ(counted.cache_misses, 0u);
  EXPECT_EQ(counted.counted_share, 0.5);
}

// A loop of known length, in the thread that opened, one that ran already and one that began later.
void loop_instructions() {
  for (int i = 0; i < 1000000; ++i) asm volatile("" : : : "memory");
}

TEST(HardwareCounters, CountAllThreads) {
  auto opened = HardwareCounters::open();
  if (!opened) {
    EXPECT_THAT(opened.error().message, HasSubstr("no hardware counters"));
    EXPECT_EQ(opened.error().kind, ErrorKind::kUnsupported);
    GTEST_SKIP() << opened.error().message;
  }
  HardwareCounters counters = std::move(*opened);
  const CounterValues before = counters.read();
  loop_instructions();
  const CounterValues own = counted_between(before, counters.read());
  std::thread(loop_instructions).join();
  const CounterValues both = counted_between(before, counters.read());
  ASSERT_TRUE(own.instructions && both.instructions);
  EXPECT_GE(*own.instructions, 1000000u);
  EXPECT_GE(*both.instructions, *own.instructions + 1000000u);
}

}  // namespace
}  // namespace ingot::core
