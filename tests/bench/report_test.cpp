#include "bench/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/read_results.h"
#include "bench/report_page.h"
#include "bench/tables.h"

namespace ingot::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr int64_t kDay = 86400;

BenchResult result_of(std::string test, double ms, std::string model = "tiny.gguf") {
  BenchResult result;
  result.test = std::move(test);
  result.model = std::move(model);
  result.format = "Q4_1";
  result.mode = "exact";
  result.kernels = "avx2";
  result.threads = 2;
  for (int n = 0; n < 20; ++n) {
    result.samples_ns.push_back(ms * 1e6 + n % 5);
    result.calibration_ns.push_back(1e5);
  }
  if (result.test.starts_with("pp")) result.work = 100;
  return result;
}

BenchRun run_at(int64_t day, std::vector<BenchResult> results, std::string processor = "Example 9000") {
  BenchRun run{.timestamp = day * kDay, .machine = {}, .results = std::move(results)};
  run.machine = {.processor = std::move(processor),
                 .cores = 2,
                 .memory_bytes = int64_t{8} << 30,
                 .os = "Linux 6.1.0 x86_64",
                 .isa = "portable avx2",
                 .compiler = "GCC 12.2",
                 .version = "0.2.0 (abc)"};
  return run;
}

std::vector<ReportRun> read(const std::string& text, const std::string& name = "file.json") {
  auto runs = parse_report_file(text, name);
  EXPECT_TRUE(runs.has_value()) << runs.error().message;
  return runs.value_or(std::vector<ReportRun>{});
}

Report report_of(const std::vector<BenchRun>& measured) {
  std::vector<ReportRun> runs;
  for (const BenchRun& run : measured) runs.push_back(read(json_of(run), "run.json").at(0));
  return make_report(std::move(runs), {});
}

std::string error_of(std::string_view text) {
  const auto runs = parse_report_file(text, "f.json");
  return runs ? "" : runs.error().message;
}

std::vector<std::string> labels_of(const Report& report) {
  std::vector<std::string> labels;
  for (const ReportTest& test : report.tests) labels.push_back(test.label);
  return labels;
}

TEST(ReportFile, KindsAreReadAlike) {
  const BenchRun run = run_at(3, {result_of("pp64", 10), result_of("load", 2)});
  const std::vector<ReportRun> document = read(json_of(run));
  const std::vector<ReportRun> lines = read(json_lines_of(run));
  const std::vector<ReportRun> baseline = read(baseline_json(baseline_of(run)));
  for (const auto* runs : {&document, &lines, &baseline}) {
    ASSERT_THAT(*runs, SizeIs(1));
    EXPECT_EQ(runs->front().timestamp, 3 * kDay);
    EXPECT_EQ(runs->front().name, "file.json");
    ASSERT_EQ(entry_names(runs->front().results), entry_names(baseline_of(run)));
    const BaselineEntry& entry = runs->front().results.entries.at("pp64 tiny.gguf Q4_1 exact threads=2");
    EXPECT_EQ(entry.samples_ns, run.results[0].samples_ns);
    EXPECT_EQ(entry.calibration_ns, run.results[0].calibration_ns);
    EXPECT_EQ(entry.work, 100);
    EXPECT_EQ(entry.work_unit, "tokens");
    EXPECT_EQ(entry.hardware.machine.processor, "Example 9000");
    EXPECT_EQ(entry.hardware.machine.version, "0.2.0 (abc)");
  }
}

TEST(ReportFile, LinesMayBeOfSeveralRuns) {
  const std::string text = json_lines_of(run_at(2, {result_of("pp64", 10), result_of("tg4", 2)})) +
                           json_lines_of(run_at(1, {result_of("pp64", 10)}));
  const std::vector<ReportRun> runs = read(text, "h.jsonl");
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_EQ(runs[0].name, "h.jsonl, run 1 of 2");
  EXPECT_THAT(runs[0].results.entries, SizeIs(2));
  EXPECT_EQ(runs[1].timestamp, kDay);
}

TEST(ReportFile, AnythingElseIsOneErrorThatNamesIt) {
  const std::string good = json_lines_of(run_at(2, {result_of("pp64", 10)}));
  for (const std::string text : {"", "{}", "[]", "null", "# Notes", "{\"timings\": {}}", "[[[[[["}) {
    EXPECT_THAT(error_of(text), HasSubstr("f.json: is neither")) << text;
  }
  EXPECT_THAT(error_of("{\"schema\": 1, \"results\": []}"), HasSubstr("f.json: holds no result"));
  EXPECT_THAT(error_of("{\"schema\": 2, \"results\": []}"), HasSubstr("f.json: has schema 2, expected 1"));
  EXPECT_THAT(error_of("{\"results\": [1]}"), HasSubstr("schema none"));
  EXPECT_THAT(error_of("{\"schema\": 1, \"results\": [1]}"), HasSubstr("row 1: is number, expected an object"));
  EXPECT_THAT(error_of("{\"schema\": 1, \"results\": [{\"test\": \"a\", \"samples_ns\": [0]}]}"), HasSubstr("holds 0"));
  EXPECT_THAT(error_of("{\"schema\": 1, \"results\": [{\"test\": \"a\", \"samples_ns\": [-1]}]}"), HasSubstr("-1"));
  EXPECT_THAT(error_of("{\"baselines\": {}}"), HasSubstr("f.json: holds no baseline"));
  EXPECT_THAT(error_of("{\"baselines\": 1}"), HasSubstr("f.json"));
  EXPECT_THAT(error_of(good + "{\"schema\": 1"), HasSubstr("f.json: line 2 is damaged"));
}

TEST(Report, RunsStandByTime) {
  const Report report = report_of(
      {run_at(3, {result_of("pp64", 3)}), run_at(1, {result_of("pp64", 1)}), run_at(2, {result_of("pp64", 2)})});
  ASSERT_THAT(report.runs, SizeIs(3));
  EXPECT_EQ(report.runs[0].timestamp, kDay);
  ASSERT_THAT(report.tests, SizeIs(1));
  const std::vector<ReportPoint>& points = report.tests[0].points;
  ASSERT_THAT(points, SizeIs(3));
  for (size_t place = 0; place < 3; ++place) {
    EXPECT_EQ(points[place].run, place);
    EXPECT_EQ(points[place].entry.samples_ns[0], static_cast<double>(place + 1) * 1e6);
  }
}

TEST(Report, TestsAreMatchedByAllThatNamesThem) {
  BenchResult threads = result_of("pp64", 1);
  threads.threads = 1;
  const Report report = report_of({run_at(1, {result_of("pp512", 1), result_of("pp64", 1)}),
                                   run_at(2, {result_of("pp64", 1), threads, result_of("pp64", 1, "other.gguf")})});
  EXPECT_THAT(labels_of(report), ElementsAre("pp64 other.gguf 2 threads", "pp64 tiny.gguf 1 thread",
                                             "pp64 tiny.gguf 2 threads", "pp512 tiny.gguf 2 threads"));
  EXPECT_THAT(report.tests[2].points, SizeIs(2));
  EXPECT_THAT(report.tests[3].points, SizeIs(1));
  EXPECT_FALSE(report.tests[3].against_first.has_value());
  EXPECT_EQ(report.in_common.at("format"), "Q4_1");
}

TEST(Report, AForeignEntryFindsTheOnlyTestOfItsName) {
  std::vector<ReportRun> runs = read("{\"baselines\": {\"pp64\": {\"avg_ms\": 20}, \"walk\": {\"avg_ms\": 1}}}");
  runs.push_back(read(json_of(run_at(1, {result_of("pp64", 10)}))).at(0));
  const Report report = make_report(std::move(runs), {});
  ASSERT_THAT(labels_of(report), ElementsAre("pp64", "walk"));
  ASSERT_THAT(report.tests[0].points, SizeIs(2));
  EXPECT_EQ(report.tests[0].against_first->overall, Verdict::kImproved);
  EXPECT_THAT(hardware_warnings(report), ElementsAre(HasSubstr("machine 1 stands for results that do not name")));
  // Half of the time is twice the speed.
  EXPECT_NEAR(report_json(report)["tests"][0]["first"]["change"].get<double>(), 100, 0.01);
}

TEST(Report, TheLatestIsJudgedAgainstFirstAndPrevious) {
  const Report report = report_of(
      {run_at(1, {result_of("pp64", 10)}), run_at(2, {result_of("pp64", 5)}), run_at(3, {result_of("pp64", 8)})});
  const ReportTest& test = report.tests.at(0);
  EXPECT_EQ(test.against_first->point, 0u);
  EXPECT_EQ(test.against_first->overall, Verdict::kImproved);
  EXPECT_EQ(test.against_previous->point, 1u);
  EXPECT_EQ(test.against_previous->overall, Verdict::kRegression);
  const nlohmann::ordered_json json = report_json(report)["tests"][0];
  EXPECT_EQ(json["unit"], "tokens/s");
  EXPECT_NEAR(json["first"]["change"].get<double>(), 25, 0.01);
  EXPECT_NEAR(json["previous"]["change"].get<double>(), -37.5, 0.01);
  EXPECT_NEAR(json["points"][2]["median"].get<double>(), 12500, 1);
  EXPECT_THAT(json["points"][2]["samples"], SizeIs(20));
}

TEST(Report, OtherHardwareIsShownAndNotCompared) {
  const Report mixed = report_of({run_at(1, {result_of("load", 10)}), run_at(2, {result_of("load", 1)}, "Other 1"),
                                  run_at(3, {result_of("load", 10)})});
  const ReportTest& test = mixed.tests.at(0);
  ASSERT_THAT(test.points, SizeIs(3));
  EXPECT_EQ(test.points[1].machine, 1u);
  EXPECT_EQ(test.against_previous->point, 0u);
  EXPECT_EQ(test.against_previous->overall, Verdict::kOk);
  EXPECT_THAT(hardware_warnings(mixed), ElementsAre(HasSubstr("'Other 1'")));

  const Report none = report_of({run_at(1, {result_of("load", 10)}), run_at(2, {result_of("load", 1)}, "Other 1")});
  EXPECT_EQ(none.tests.at(0).against_first->overall, Verdict::kHardwareMismatch);
  const nlohmann::ordered_json json = report_json(none)["tests"][0]["first"];
  EXPECT_FALSE(json.contains("change"));
  for (const auto& metric : json["metrics"]) EXPECT_FALSE(metric.contains("change"));

  EXPECT_THAT(hardware_warnings(report_of({run_at(1, {result_of("load", 1)})})), IsEmpty());
}

TEST(ReportPage, NamesAreDataAndNeverMarkup) {
  const std::string hostile = "</script><script>alert(1)</script><!-- & \xff \" '";
  BenchRun run = run_at(1, {result_of("pp64", 10, hostile)}, hostile);
  run.machine.version = hostile;
  std::vector<ReportRun> runs = {{.name = hostile, .timestamp = run.timestamp, .results = baseline_of(run)}};
  const std::string page = report_page(make_report(std::move(runs), {}));
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>")));
  EXPECT_THAT(page, Not(HasSubstr("<!-- &")));
  EXPECT_THAT(page, HasSubstr("\\u003c/script\\u003e\\u003cscript\\u003ealert(1)"));
  // The data and the script, and nothing fetched from elsewhere.
  const auto count = [&](std::string_view part) {
    int n_found = 0;
    for (size_t at = page.find(part); at != std::string::npos; at = page.find(part, at + 1)) ++n_found;
    return n_found;
  };
  EXPECT_EQ(count("<script"), 2);
  EXPECT_EQ(count("</script>"), 2);
  EXPECT_EQ(count("src="), 0);
  EXPECT_EQ(count("url("), 0);
  EXPECT_EQ(count("@data@") + count("@style@") + count("@script@"), 0);
  const size_t first = page.find('>', page.find("<script")) + 1;
  const auto data = nlohmann::json::parse(page.substr(first, page.find("</script>") - first));
  EXPECT_THAT(data["tests"][0]["name"].get<std::string>(), HasSubstr("</script><script>alert(1)</script>"));
}

TEST(Report, NumbersInNamesAreCompared) {
  EXPECT_TRUE(natural_less("pp64", "pp512"));
  EXPECT_FALSE(natural_less("pp512", "pp64"));
  EXPECT_TRUE(natural_less("load", "pp1"));
  EXPECT_TRUE(natural_less("pp16", "pp16+tg4"));
  EXPECT_TRUE(natural_less("a99999999999999999998", "a99999999999999999999"));
  EXPECT_FALSE(natural_less("a007", "a7"));
  EXPECT_FALSE(natural_less("a7", "a007"));
  EXPECT_FALSE(natural_less("", ""));
}

}  // namespace
}  // namespace ingot::core
