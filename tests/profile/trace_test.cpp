// The file against what the Chrome trace event format asks of complete events, read back by a JSON parser.
#include "profile/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/temporary_folder.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

// Two steps with operations, loops and spans inside, by hand, as a request would leave them. Times far from zero: those
// of a machine that has been up for days.
void record_request(Recorder& recorder) {
  constexpr int64_t kStart = 1'000'000'000'000'003;
  int64_t now = kStart;
  for (const StepPhase phase : {StepPhase::kPrefill, StepPhase::kDecode}) {
    const int64_t step_start = now;
    for (int32_t layer = -1; layer < 3; ++layer) {
      OperationEvent event;
      event.name = layer < 0 ? "embedding" : "qkv_projection";
      event.backend = "cpu";
      event.kernel = "avx512";
      event.format = layer < 0 ? "" : "Q4_0";
      event.layer = layer;
      event.phase = phase;
      event.n_bytes = 1000;
      event.n_flops = 4000;
      event.apart = layer == 2;
      event.first_loop = recorder.n_loops();
      event.start_ns = now + 17;
      const int64_t loop_start = event.start_ns + 11;
      const int64_t loop_end = loop_start + 1999;
      for (int thread_idx = 0; thread_idx < 2; ++thread_idx) {
        recorder.add_span(
            thread_idx,
            {.start_ns = loop_start + 101 * thread_idx, .end_ns = loop_end - 7, .loop = recorder.n_loops()});
      }
      recorder.add_loop({.start_ns = loop_start, .end_ns = loop_end, .parallel = true});
      event.end_loop = recorder.n_loops();
      event.end_ns = loop_end + 5;
      recorder.add_operation(event);
      now = event.end_ns;
    }
    recorder.add_stage({.name = "step", .start_ns = step_start, .end_ns = now + 3, .phase = phase});
    now += 50;
  }
}

Json read_json(const std::string& path) {
  std::ifstream stream(path);
  return Json::parse(stream);
}

struct Written {
  Json json;
  std::vector<Json> spans;  // the complete events
  std::map<int, std::string> tracks;
};

Written write_and_read(const Recorder& recorder) {
  const test::TemporaryFolder folder;
  const Status status = write_chrome_trace(recorder, folder.path("trace.json"));
  EXPECT_TRUE(status.has_value()) << status.error().message;
  Written written;
  written.json = read_json(folder.path("trace.json"));
  for (const Json& event : written.json.at("traceEvents")) {
    if (event.at("ph") == "X") written.spans.push_back(event);
    if (event.at("name") == "thread_name") written.tracks[event.at("tid")] = event.at("args").at("name");
  }
  return written;
}

TEST(ChromeTrace, EveryEventIsWhatTheFormatAsks) {
  Recorder recorder({.n_operations = 16, .n_loops = 16, .n_stages = 4, .n_threads = 2});
  record_request(recorder);
  const Written written = write_and_read(recorder);
  EXPECT_EQ(written.spans.size(), 2u + 8u + 16u);
  ASSERT_TRUE(written.json.at("traceEvents").is_array());
  for (const Json& event : written.json.at("traceEvents")) {
    ASSERT_TRUE(event.at("name").is_string()) << event;
    ASSERT_TRUE(event.at("ph") == "X" || event.at("ph") == "M") << event;
    ASSERT_TRUE(event.at("pid").is_number_integer()) << event;
    ASSERT_TRUE(event.at("tid").is_number_integer()) << event;
    if (event.at("ph") == "M") {
      ASSERT_EQ(event.at("name"), "thread_name");
      continue;
    }
    ASSERT_TRUE(event.at("cat").is_string()) << event;
    ASSERT_TRUE(event.at("ts").is_number()) << event;
    ASSERT_GE(event.at("ts").get<double>(), 0.0) << event;
    ASSERT_TRUE(event.at("dur").is_number()) << event;
    ASSERT_GT(event.at("dur").get<double>(), 0.0) << event;
  }
  EXPECT_EQ(written.tracks, (std::map<int, std::string>{{0, "request"}, {1, "thread 0"}, {2, "thread 1"}}));
}

TEST(ChromeTrace, TimesAreMicrosecondsFromTheFirstEvent) {
  Recorder recorder({.n_operations = 16, .n_loops = 16, .n_stages = 4, .n_threads = 2});
  record_request(recorder);
  const Written written = write_and_read(recorder);
  // The first step: from the first moment; four operations of 17 ns before and 2015 ns inside each, and 3 ns after.
  EXPECT_EQ(written.spans[0].at("name"), "step");
  EXPECT_DOUBLE_EQ(written.spans[0].at("ts"), 0.0);
  EXPECT_DOUBLE_EQ(written.spans[0].at("dur"), (4 * (17 + 2015) + 3) / 1000.0);
  EXPECT_EQ(written.spans[0].at("cat"), "prefill");
  EXPECT_EQ(written.spans[1].at("cat"), "decode");
  const Json& projection = written.spans[3];
  EXPECT_EQ(projection.at("name"), "qkv_projection");
  EXPECT_DOUBLE_EQ(projection.at("ts"), (2032 + 17) / 1000.0);
  EXPECT_DOUBLE_EQ(projection.at("dur"), 2.015);
  EXPECT_EQ(projection.at("args").at("layer"), 0);
  EXPECT_EQ(projection.at("args").at("format"), "Q4_0");
  EXPECT_DOUBLE_EQ(projection.at("args").at("GB/s"), 1000 / 2015.0);
  EXPECT_DOUBLE_EQ(projection.at("args").at("GFLOP/s"), 4000 / 2015.0);
  EXPECT_FALSE(projection.at("args").contains("note"));
  EXPECT_THAT(written.spans[5].at("args").at("note").get<std::string>(), HasSubstr("apart"));
}

// A viewer nests events of one track by their times alone: each either lies inside another one or apart from it.
TEST(ChromeTrace, EventsLieInsideTheirParents) {
  Recorder recorder({.n_operations = 16, .n_loops = 16, .n_stages = 4, .n_threads = 2});
  record_request(recorder);
  const Written written = write_and_read(recorder);
  const auto ns = [](double us) { return std::llround(us * 1000.0); };
  struct Interval {
    int64_t start, end;
  };
  std::map<int, std::vector<Interval>> by_track;
  for (const Json& event : written.spans) {
    const int64_t start = ns(event.at("ts"));
    by_track[event.at("tid")].push_back({start, start + ns(event.at("dur"))});
  }
  ASSERT_EQ(by_track.size(), 3u);
  for (const auto& [track, intervals] : by_track) {
    for (const Interval& a : intervals) {
      for (const Interval& b : intervals) {
        const bool inside = (a.start >= b.start && a.end <= b.end) || (b.start >= a.start && b.end <= a.end);
        const bool apart = a.end <= b.start || b.end <= a.start;
        EXPECT_TRUE(inside || apart) << "track " << track << ": " << a.start << "-" << a.end << " and " << b.start
                                     << "-" << b.end;
      }
    }
  }
  // Every operation inside a step; every thread's span inside the operation whose name it has.
  for (const Json& event : written.spans) {
    if (event.at("name") == "step") continue;
    const int64_t start = ns(event.at("ts")), end = start + ns(event.at("dur"));
    bool found = false;
    for (const Json& parent : written.spans) {
      if (parent.at("tid") != 0) continue;
      if (parent.at("name") != (event.at("tid") == 0 ? Json("step") : event.at("name"))) continue;
      const int64_t parent_start = ns(parent.at("ts"));
      found = found || (parent_start <= start && end <= parent_start + ns(parent.at("dur")));
    }
    EXPECT_TRUE(found) << event;
  }
}

TEST(ChromeTrace, OfNothingIsStillATrace) {
  const Written written = write_and_read(Recorder({}));
  EXPECT_TRUE(written.spans.empty());
  EXPECT_EQ(written.tracks.size(), 2u);
}

TEST(ChromeTrace, APathThatCannotBeWrittenIsOneError) {
  const Recorder recorder({});
  const Status missing = write_chrome_trace(recorder, "/nonexistent/folder/trace.json");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().kind, ErrorKind::kIo);
  EXPECT_THAT(missing.error().message, HasSubstr("/nonexistent/folder/trace.json"));
  EXPECT_THAT(missing.error().message, HasSubstr("No such file"));
}

TEST(ChromeTrace, AFullDiskIsOneError) {
  if (!std::ifstream("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  const Recorder recorder({});
  const Status full = write_chrome_trace(recorder, "/dev/full");
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().kind, ErrorKind::kIo);
  EXPECT_THAT(full.error().message, HasSubstr("/dev/full"));
  EXPECT_THAT(full.error().message, HasSubstr("No space"));
}

}  // namespace
}  // namespace ingot::core
