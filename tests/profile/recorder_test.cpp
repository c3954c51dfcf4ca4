#include "profile/recorder.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <string_view>
#include <vector>

namespace ingot::core {
namespace {

TEST(Recorder, KeepsWhatFitsAndCountsTheRest) {
  Recorder recorder({.n_operations = 3, .n_loops = 2, .n_stages = 1, .n_threads = 2});
  for (int64_t n = 0; n < 5; ++n) recorder.add_operation({.start_ns = n, .end_ns = n + 1});
  EXPECT_EQ(recorder.operations().size(), 3u);
  EXPECT_EQ(recorder.operations().back().start_ns, 2) << "the first ones are kept";
  EXPECT_EQ(recorder.n_dropped(), 2);

  recorder.add_stage({.name = "kept"});
  recorder.add_stage({.name = "dropped"});
  ASSERT_EQ(recorder.stages().size(), 1u);
  EXPECT_STREQ(recorder.stages()[0].name, "kept");
  EXPECT_EQ(recorder.n_dropped(), 3);

  for (int loop = 0; loop < 3; ++loop) recorder.add_loop({});
  EXPECT_EQ(recorder.n_loops(), 2);
  EXPECT_EQ(recorder.n_dropped(), 4);

  // Each thread has room of its own.
  for (int32_t loop = 0; loop < 4; ++loop) recorder.add_span(1, {.loop = loop});
  recorder.add_span(0, {.loop = 7});
  EXPECT_EQ(recorder.spans(1).size(), 2u);
  ASSERT_EQ(recorder.spans(0).size(), 1u);
  EXPECT_EQ(recorder.spans(0)[0].loop, 7);
  EXPECT_EQ(recorder.n_dropped(), 6);
}

TEST(Recorder, WithoutRoomKeepsNothing) {
  Recorder recorder({.n_operations = 0, .n_loops = 0, .n_stages = 0, .n_threads = 0});
  recorder.add_operation({});
  recorder.add_stage({});
  recorder.add_loop({});
  recorder.add_span(0, {});
  EXPECT_EQ(recorder.n_threads(), 1) << "the caller always has a place";
  EXPECT_EQ(recorder.n_dropped(), 4);
}

// A device: stamps are tickets, and only afterwards it tells when each was passed, at times that are no multiple of the
// ticket, so that a ticket that is taken for a time shows.
struct FakeDevice {
  std::vector<int64_t> passed_ns;
  int n_resolved = 0;

  static int64_t stamp(void* context) {
    auto& device = *static_cast<FakeDevice*>(context);
    const auto ticket = static_cast<int64_t>(device.passed_ns.size());
    device.passed_ns.push_back(1'000'000 + 1000 * ticket * ticket);
    return ticket;
  }
  static int64_t resolve(void* context, int64_t ticket) {
    auto& device = *static_cast<FakeDevice*>(context);
    ++device.n_resolved;
    return device.passed_ns.at(static_cast<size_t>(ticket));
  }
  ZoneClock clock() { return {"device", stamp, resolve, this}; }
};

TEST(Recorder, TurnsADevicesTicketsIntoTimesAtTheEnd) {
  FakeDevice device;
  Recorder recorder({.n_operations = 4, .n_loops = 4, .n_stages = 4, .n_threads = 2}, device.clock());
  EXPECT_STREQ(recorder.clock().name, "device");
  StageZone stage(&recorder, "step");  // ticket 0
  OperationEvent operation;
  operation.start_ns = recorder.stamp();  // 1
  const int64_t loop_start = recorder.stamp();
  const int64_t loop_end = recorder.stamp();
  recorder.add_span(1, {.start_ns = loop_start, .end_ns = loop_end, .loop = 0});
  recorder.add_loop({.start_ns = loop_start, .end_ns = loop_end, .parallel = true});
  operation.end_ns = recorder.stamp();  // 4
  recorder.add_operation(operation);
  stage.stop();  // 5
  EXPECT_EQ(device.n_resolved, 0) << "recording never asks the device";
  EXPECT_EQ(recorder.operations()[0].start_ns, 1);

  recorder.resolve();
  EXPECT_EQ(recorder.stages()[0].start_ns, 1'000'000);
  EXPECT_EQ(recorder.stages()[0].end_ns, 1'025'000);
  EXPECT_EQ(recorder.operations()[0].start_ns, 1'001'000);
  EXPECT_EQ(recorder.operations()[0].end_ns, 1'016'000);
  EXPECT_EQ(recorder.loops()[0].start_ns, 1'004'000);
  EXPECT_EQ(recorder.loops()[0].end_ns, 1'009'000);
  EXPECT_EQ(recorder.spans(1)[0].end_ns, 1'009'000);
  EXPECT_EQ(device.n_resolved, 8) << "two for each event that was kept";
}

TEST(Recorder, LeavesTheTimesOfTheProcessorAsTheyAre) {
  Recorder recorder({.n_operations = 1});
  const int64_t before = zone_now_ns();
  const int64_t stamp = recorder.stamp();
  EXPECT_LE(before, stamp);
  EXPECT_LE(stamp, zone_now_ns());
  recorder.add_operation({.start_ns = stamp, .end_ns = stamp + 5});
  recorder.resolve();
  EXPECT_EQ(recorder.operations()[0].start_ns, stamp);
  EXPECT_EQ(recorder.operations()[0].end_ns, stamp + 5);
}

TEST(StageZone, RecordsFromItsConstructionToItsEnd) {
  FakeDevice device;
  Recorder recorder({}, device.clock());
  recorder.set_phase(StepPhase::kDecode);
  {
    const StageZone outer(&recorder, "outer");
    StageZone inner(&recorder, "inner");
    inner.stop();
    inner.stop();  // once is enough
  }
  ASSERT_EQ(recorder.stages().size(), 2u);
  EXPECT_STREQ(recorder.stages()[0].name, "inner");
  EXPECT_EQ(recorder.stages()[0].start_ns, 1);
  EXPECT_EQ(recorder.stages()[0].end_ns, 2);
  EXPECT_STREQ(recorder.stages()[1].name, "outer");
  EXPECT_EQ(recorder.stages()[1].start_ns, 0);
  EXPECT_EQ(recorder.stages()[1].end_ns, 3);
  EXPECT_EQ(recorder.stages()[1].phase, StepPhase::kDecode);
}

TEST(StageZone, WithoutARecorderDoesNothing) {
  StageZone zone(nullptr, "nobody listens");
  zone.stop();
  zone.stop();
}

}  // namespace
TEST(ZoneClock, KeepsTheSystemClocksTime) {
  constexpr int kRounds = 20;
  int64_t best_error_ns = INT64_MAX;  // of an interval of 5 ms; a thread that is put aside in between spoils a round
  for (int round = 0; round < kRounds; ++round) {
    const int64_t start_ns = steady_now_ns();
    const int64_t zone_start_ns = zone_now_ns();
    int64_t now_ns = start_ns;
    int64_t last_zone_ns = zone_start_ns;
    while (now_ns - start_ns < 5'000'000) {
      const int64_t zone_ns = zone_now_ns();
      EXPECT_GE(zone_ns, last_zone_ns) << "time went back";
      last_zone_ns = zone_ns;
      now_ns = steady_now_ns();
    }
    const int64_t error_ns = (zone_now_ns() - zone_start_ns) - (steady_now_ns() - start_ns);
    best_error_ns = std::min(best_error_ns, std::abs(error_ns));
  }
  EXPECT_LT(best_error_ns, 1000) << "5 ms by one clock are not 5 ms by the other";
}

}  // namespace ingot::core
