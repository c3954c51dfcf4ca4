#include "bench/case_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

BenchCase case_of(std::string name, std::function<Status()> run) {
  BenchCase bench;
  bench.row.test = std::move(name);
  bench.run = std::move(run);
  return bench;
}

TEST(RunCases, SamplesInRoundsAfterAWarmUp) {
  std::string order;
  std::vector<BenchCase> cases;
  for (const char* name : {"a", "b"}) {
    cases.push_back(case_of(name, [&order, name]() -> Status {
      order += name;
      return {};
    }));
  }
  const BenchOutcome outcome = run_cases(std::move(cases), {.n_repeats = 3});
  EXPECT_EQ(order,
            "ab"
            "ababab");
  ASSERT_THAT(outcome.results, SizeIs(2));
  EXPECT_THAT(outcome.results[0].samples_ns, SizeIs(3));
}

TEST(RunCases, ShortWorkIsRepeatedWithinASample) {
  int64_t n_runs = 0;
  BenchCase bench = case_of("short", [&n_runs]() -> Status {
    ++n_runs;
    return {};
  });
  bench.fine_grained = true;
  const BenchOutcome outcome = run_cases({bench}, {.n_repeats = 2});
  EXPECT_GT(n_runs, 1000);
  // Of one run, not of the whole sample.
  EXPECT_LT(outcome.results[0].samples_ns[0], 1e6);
}

TEST(RunCases, OneThatFailsLeavesTheOthers) {
  int n_tries = 0;
  std::vector<BenchCase> cases;
  cases.push_back(case_of("breaks later", [&n_tries]() -> Status {
    if (++n_tries == 3) return invalid("the file is gone");
    return {};
  }));
  cases.push_back(case_of("works", []() -> Status { return {}; }));
  cases.push_back(case_of("never works", []() -> Status { return invalid("no such thing"); }));
  const BenchOutcome outcome = run_cases(std::move(cases), {.n_repeats = 4});
  ASSERT_THAT(outcome.results, SizeIs(2));
  EXPECT_THAT(outcome.results[0].samples_ns, SizeIs(1));  // the first after the warm-up
  EXPECT_THAT(outcome.results[1].samples_ns, SizeIs(4));
  ASSERT_THAT(outcome.errors, SizeIs(2));
  EXPECT_THAT(outcome.errors[0].message, HasSubstr("never works: no such thing"));
  EXPECT_THAT(outcome.errors[1].message, HasSubstr("breaks later: the file is gone"));
}

TEST(RunCases, CancellingKeepsWhatWasMeasured) {
  RunnerOptions options;
  options.n_repeats = 100;
  int n_runs = 0;
  std::vector<BenchCase> cases;
  cases.push_back(case_of("a", [&]() -> Status {
    if (++n_runs == 6) options.cancel.cancel();
    return {};
  }));
  const BenchOutcome outcome = run_cases(std::move(cases), options);
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_TRUE(outcome.errors.empty());
  EXPECT_THAT(outcome.results[0].samples_ns, SizeIs(5));
}

TEST(RunCases, PreparesUntimedAndFinishesOnce) {
  std::vector<std::string> calls;
  BenchCase bench = case_of("a", [&]() -> Status {
    calls.emplace_back("run");
    return {};
  });
  bench.prepare = [&]() -> Status {
    calls.emplace_back("prepare");
    return {};
  };
  bench.finish = [](BenchResult& row) { row.figures["n"] = static_cast<double>(row.samples_ns.size()); };
  const BenchOutcome outcome = run_cases({bench}, {.n_repeats = 1, .calibrate = [] { return 7.0; }});
  EXPECT_THAT(calls, ElementsAre("prepare", "run", "prepare", "run"));
  EXPECT_EQ(outcome.results[0].figures.at("n"), 1);
  EXPECT_THAT(outcome.results[0].calibration_ns, ElementsAre(7.0));
}

}  // namespace
}  // namespace ingot::core
