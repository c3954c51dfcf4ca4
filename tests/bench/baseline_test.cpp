#include "bench/baseline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/temporary_folder.h"
#include "bench/text_file.h"

namespace ingot::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<double> samples_around(double center, int n_samples = 20) {
  std::vector<double> samples;
  for (int n = 0; n < n_samples; ++n) samples.push_back(center + n % 5);
  return samples;
}

BenchResult prefill(double ns) {
  return {.test = "pp512",
          .model = "tiny \"quoted\".gguf",
          .format = "Q4_1",
          .mode = "exact",
          .kernels = "avx2",
          .threads = 2,
          .chunk = "512",
          .samples_ns = samples_around(ns),
          .calibration_ns = samples_around(1e5),
          .work = 512,
          .work_unit = "tokens",
          .peak_bytes = 1 << 20,
          .figures = {},
          .note = ""};
}

BenchRun run_of(std::vector<BenchResult> results) {
  return {.timestamp = 1700000000,
          .machine = {.processor = "Example 9000",
                      .cores = 2,
                      .memory_bytes = int64_t{8} << 30,
                      .os = "Linux 6.1.0 x86_64",
                      .isa = "portable avx2",
                      .compiler = "GCC 12.2",
                      .version = "0.2.0 (abc)"},
          .results = std::move(results)};
}

const std::string kPrefillName = "pp512 tiny \"quoted\".gguf Q4_1 exact threads=2 chunk=512";

const MetricVerdict* verdict_of(const ComparisonReport& report, std::string_view metric) {
  for (const MetricVerdict& verdict : report.verdicts) {
    if (verdict.metric == metric) return &verdict;
  }
  return nullptr;
}

std::string error_of(std::string_view json) {
  const auto baseline = parse_baseline(json, "b.json");
  return baseline ? "" : baseline.error().message;
}

TEST(Baseline, OfARunHoldsMetricsAndSamples) {
  const Baseline baseline = baseline_of(run_of({prefill(4e6)}));
  ASSERT_THAT(entry_names(baseline), ElementsAre(kPrefillName));
  const BaselineEntry& entry = baseline.entries.begin()->second;
  EXPECT_DOUBLE_EQ(entry.metrics.at("avg_ms").value, 4.000002);
  EXPECT_DOUBLE_EQ(entry.metrics.at("min_ms").value, 4);
  EXPECT_DOUBLE_EQ(entry.metrics.at("max_ms").value, 4.000004);
  EXPECT_DOUBLE_EQ(entry.metrics.at("p50_ms").value, 4.000002);
  EXPECT_DOUBLE_EQ(entry.metrics.at("iterations").value, 20);
  EXPECT_NEAR(entry.metrics.at("tokens_per_second").value, 512 / 4.000002e-3, 1e-6);
  EXPECT_EQ(entry.metrics.at("tokens_per_second").direction, Direction::kHigherIsBetter);
  EXPECT_EQ(entry.metrics.at("peak_bytes").unit, "bytes");
  EXPECT_EQ(entry.metadata.at("test"), "pp512");
  EXPECT_EQ(baseline.baseline_date, "2023-11-14");
}

TEST(Baseline, TwoRowsOfOneNameAreBothKept) {
  EXPECT_EQ(baseline_of(run_of({prefill(4e6), prefill(5e6)})).entries.size(), 2u);
}

TEST(Baseline, LeavesOutWhatWasNotMeasured) {
  BenchResult empty = prefill(1);
  empty.samples_ns.clear();
  BenchResult zero = prefill(1);
  zero.samples_ns[0] = 0;
  EXPECT_TRUE(baseline_of(run_of({empty, zero})).entries.empty());
}

TEST(Baseline, SurvivesItsFile) {
  const Baseline written = baseline_of(run_of({prefill(4e6)}));
  const Baseline read = parse_baseline(baseline_json(written), "b.json").value();
  EXPECT_EQ(baseline_json(read), baseline_json(written));
  const BaselineEntry& entry = read.entries.at(kPrefillName);
  EXPECT_EQ(entry.samples_ns, written.entries.at(kPrefillName).samples_ns);
  EXPECT_EQ(entry.calibration_ns.size(), 20u);
  EXPECT_EQ(entry.hardware.machine.processor, "Example 9000");
  EXPECT_EQ(entry.kernels, "avx2");
  EXPECT_EQ(entry.work, 512);
  EXPECT_EQ(entry.metrics.at("p99_ms").unit, "ms");
}

TEST(Baseline, WritesTheFieldsOfTheSchema) {
  const std::string json = baseline_json(baseline_of(run_of({prefill(4e6)})));
  for (const char* field :
       {"\"baselines\"", "\"metadata\"", "\"description\"", "\"hardware_type\"", "\"baseline_date\"", "\"notes\"",
        "\"hardware\"", "\"cpu_arch\"", "\"os\"", "\"timestamp\": 1700000000", "\"avg_ms\": 4.000002",
        "\"iterations\": 20", "\"direction\": \"higher\"", "\"compiler\""}) {
    EXPECT_THAT(json, HasSubstr(field));
  }
}

TEST(Compare, FindsARegressionInEveryMetricOfTime) {
  const Baseline before = baseline_of(run_of({prefill(4e6)}));
  const ComparisonReport report = compare_baselines(before, baseline_of(run_of({prefill(6e6)})), {});
  std::vector<std::string> metrics;
  for (const MetricVerdict& verdict : report.verdicts) metrics.push_back(verdict.metric);
  EXPECT_THAT(metrics, ElementsAre("avg_ms", "p50_ms", "p95_ms", "p99_ms", "peak_bytes", "tokens_per_second"));
  for (const char* metric : {"avg_ms", "p50_ms", "p95_ms", "p99_ms", "tokens_per_second"}) {
    EXPECT_EQ(verdict_of(report, metric)->verdict, Verdict::kRegression) << metric;
    EXPECT_TRUE(verdict_of(report, metric)->p_value.has_value());
  }
  EXPECT_LT(verdict_of(report, "tokens_per_second")->change_percent, -30);
  EXPECT_EQ(verdict_of(report, "peak_bytes")->verdict, Verdict::kOk);

  const ComparisonReport better = compare_baselines(before, baseline_of(run_of({prefill(3e6)})), {});
  EXPECT_FALSE(has_regression(better));
  EXPECT_EQ(verdict_of(better, "tokens_per_second")->verdict, Verdict::kImproved);
}

TEST(Compare, NamesWhatHasNoPartner) {
  BenchResult other_threads = prefill(4e6);
  other_threads.threads = 4;
  const ComparisonReport report =
      compare_baselines(baseline_of(run_of({prefill(4e6)})), baseline_of(run_of({other_threads})), {});
  EXPECT_TRUE(report.verdicts.empty());
  EXPECT_THAT(report.not_measured, ElementsAre(kPrefillName));
  EXPECT_THAT(report.not_in_baseline, ElementsAre(HasSubstr("threads=4")));
}

TEST(Compare, CorrectsForDriftAndSaysIt) {
  BenchResult now = prefill(4.8e6);
  now.calibration_ns = samples_around(1.2e5);
  const ComparisonReport report =
      compare_baselines(baseline_of(run_of({prefill(4e6)})), baseline_of(run_of({now})), {});
  EXPECT_EQ(overall_verdict(report), Verdict::kOk);
  EXPECT_THAT(verdict_of(report, "avg_ms")->note, HasSubstr("20.0 % slower"));
  EXPECT_NEAR(verdict_of(report, "tokens_per_second")->change_percent, 0, 0.01);
  now.calibration_ns = samples_around(1.5e5);
  EXPECT_EQ(overall_verdict(compare_baselines(baseline_of(run_of({prefill(4e6)})), baseline_of(run_of({now})), {})),
            Verdict::kDrifted);
}

TEST(Compare, KeepsHardwareApart) {
  const Baseline before = baseline_of(run_of({prefill(4e6)}));
  const auto compared_on = [&](auto change) {
    BenchRun run = run_of({prefill(8e6)});
    change(run.machine);
    return compare_baselines(before, baseline_of(run), {}).verdicts.at(0);
  };
  const MetricVerdict other = compared_on([](MachineInfo& machine) { machine.processor = "Example 9001"; });
  EXPECT_EQ(other.verdict, Verdict::kHardwareMismatch);
  EXPECT_THAT(other.note, AllOf(HasSubstr("Example 9000"), HasSubstr("Example 9001")));
  EXPECT_EQ(compared_on([](MachineInfo& machine) { machine.cores = 4; }).verdict, Verdict::kHardwareMismatch);
  EXPECT_EQ(compared_on([](MachineInfo& machine) { machine.isa = "portable"; }).verdict, Verdict::kHardwareMismatch);
  // A newer program that can do more on the same machine, and a newer system.
  EXPECT_EQ(compared_on([](MachineInfo& machine) { machine.isa = "portable, avx2, avx2_vnni"; }).verdict,
            Verdict::kRegression);
  EXPECT_EQ(compared_on([](MachineInfo& machine) { machine.os = "Linux 6.2.0 x86_64"; }).verdict, Verdict::kRegression);
}

TEST(Compare, SaysThatOtherKernelsRan) {
  BenchResult now = prefill(4e6);
  now.kernels = "avx512";
  const ComparisonReport report =
      compare_baselines(baseline_of(run_of({prefill(4e6)})), baseline_of(run_of({now})), {});
  EXPECT_THAT(report.verdicts.at(0).note, HasSubstr("kernels were avx2, are avx512"));
}

// The first schema, with the metrics that its files have.
constexpr const char* kFirstSchema = R"({
  "timestamp": "2026-01-18T12:30:00Z",
  "hardware": {"gpu": "none", "architecture": "cpu", "rocm_version": "6.0"},
  "baselines": {
    "pp512": {"avg_ms": 4.0, "p95_ms": 4.5, "tokens_per_sec": 128000, "description": "prefill"},
    "ttft512": {"ttft_ms": 2.0, "peak_memory_gb": 0.001},
    "tg32": {"generation_tps": 50}
  }
})";

TEST(FirstSchema, IsReadAndJudgedByThresholdsAlone) {
  const Baseline before = parse_baseline(kFirstSchema, "b.json").value();
  EXPECT_EQ(before.timestamp, 1768739400);
  BenchResult ttft = prefill(3e6);
  ttft.test = "ttft512";
  BenchResult generation = prefill(1e6);
  generation.test = "tg32";
  generation.work = 0.1;  // 100 tokens a second
  const ComparisonReport report = compare_baselines(before, baseline_of(run_of({prefill(6e6), ttft, generation})), {});
  EXPECT_TRUE(report.not_measured.empty());
  EXPECT_EQ(verdict_of(report, "avg_ms")->verdict, Verdict::kRegression);
  EXPECT_EQ(verdict_of(report, "p95_ms")->threshold_percent, 15);
  EXPECT_EQ(verdict_of(report, "tokens_per_sec")->verdict, Verdict::kRegression);  // lower, of a rate
  EXPECT_EQ(verdict_of(report, "ttft_ms")->verdict, Verdict::kRegression);
  EXPECT_EQ(verdict_of(report, "generation_tps")->verdict, Verdict::kImproved);
  EXPECT_EQ(verdict_of(report, "peak_memory_gb")->verdict, Verdict::kOk);
  EXPECT_THAT(verdict_of(report, "avg_ms")->note,
              AllOf(HasSubstr("does not name its processor"), HasSubstr("the baseline holds no samples")));
}

TEST(FirstSchema, OfAGpuIsNotComparedWithAProcessor) {
  const Baseline before = parse_baseline(
                              R"({"timestamp": "x", "hardware": {"gpu": "RX 7900 XTX", "architecture": "gfx1100"},
          "baselines": {"pp512": {"avg_ms": 1}}})",
                              "b.json")
                              .value();
  const ComparisonReport report = compare_baselines(before, baseline_of(run_of({prefill(6e6)})), {});
  EXPECT_EQ(report.verdicts.at(0).verdict, Verdict::kHardwareMismatch);
  EXPECT_THAT(report.verdicts.at(0).note, HasSubstr("gfx1100"));
}

TEST(SecondSchema, WithoutSamplesIsJudgedByThresholdsAlone) {
  const Baseline before = parse_baseline(R"({
    "timestamp": 1768739400, "hardware": {"cpu_arch": "x86_64", "os": "linux", "rustc_version": "1.80"},
    "metadata": {"description": "d", "hardware_type": "h", "baseline_date": "2026-01-18", "notes": "n"},
    "baselines": {"pp512": {"name": "pp512", "timestamp": 1768739401,
      "hardware": {"gpu_name": null, "cpu_arch": "x86_64", "os": "linux", "rustc_version": "1.80"},
      "metrics": {"avg_ms": 4.0, "min_ms": 0, "max_ms": 9, "p50_ms": 4, "p95_ms": 5, "p99_ms": 6, "iterations": 10},
      "metadata": {"suite": "e2e"}}}})",
                                         "b.json")
                              .value();
  EXPECT_EQ(before.entries.at("pp512").timestamp, 1768739401);
  EXPECT_EQ(before.hardware.machine.compiler, "1.80");
  EXPECT_EQ(find_by_metadata(before, "suite", "e2e").size(), 1u);
  Baseline current = baseline_of(run_of({prefill(6e6)}));
  for (auto& [name, entry] : current.entries) entry.hardware.cpu_arch = "x86_64";
  const ComparisonReport report = compare_baselines(before, current, {});
  EXPECT_EQ(verdict_of(report, "avg_ms")->verdict, Verdict::kRegression);
  EXPECT_EQ(verdict_of(report, "p99_ms")->verdict, Verdict::kOk);
  EXPECT_EQ(verdict_of(report, "min_ms"), nullptr);
  for (auto& [name, entry] : current.entries) entry.hardware.cpu_arch = "aarch64";
  EXPECT_EQ(overall_verdict(compare_baselines(before, current, {})), Verdict::kHardwareMismatch);
}

TEST(Parse, NamesWhatIsWrong) {
  EXPECT_THAT(error_of("{\"baselines\": {"), AllOf(HasSubstr("b.json"), HasSubstr("damaged")));
  EXPECT_THAT(error_of(""), HasSubstr("damaged"));
  EXPECT_THAT(error_of("[]"), HasSubstr("expected an object"));
  EXPECT_THAT(error_of("{}"), HasSubstr("no file of baselines"));
  EXPECT_THAT(error_of(R"({"schema": "ingot-baseline/2", "baselines": {}})"),
              AllOf(HasSubstr("ingot-baseline/2"), HasSubstr("ingot-baseline/1")));
  EXPECT_THAT(error_of(R"({"schema": 1, "results": []})"), HasSubstr("bench --json"));
  const auto entry_error = [](const std::string& entry) {
    return error_of("{\"baselines\": {\"pp512\": " + entry + "}}");
  };
  EXPECT_THAT(entry_error("3"), AllOf(HasSubstr("pp512"), HasSubstr("expected an object")));
  EXPECT_THAT(entry_error("{}"), HasSubstr("no numbers"));
  EXPECT_THAT(entry_error(R"({"avg_ms": -1})"), HasSubstr("avg_ms"));
  EXPECT_THAT(entry_error(R"({"avg_ms": 0})"), HasSubstr("avg_ms"));
  EXPECT_THAT(entry_error(R"({"avg_ms": 1e999})"), HasSubstr("out of range"));
  EXPECT_THAT(entry_error(R"({"metrics": {"avg_ms": "4"}})"), HasSubstr("expected a number"));
  EXPECT_THAT(entry_error(R"({"metrics": [1]})"), HasSubstr("'metrics'"));
  EXPECT_THAT(entry_error(R"({"metrics": {}, "samples_ns": [1, 0]})"), HasSubstr("samples_ns"));
  EXPECT_THAT(entry_error(R"({"metrics": {}, "samples_ns": 1})"), HasSubstr("samples_ns"));
  EXPECT_THAT(entry_error(R"({"metrics": {}, "calibration_ns": [-1]})"), HasSubstr("calibration_ns"));
  EXPECT_THAT(entry_error(R"({"metrics": {"x": 1}, "metric_info": {"x": {"unit": "ms", "direction": "up"}}})"),
              HasSubstr("expected lower or higher"));
  EXPECT_THAT(entry_error(R"({"metrics": {}, "metadata": {"a": 1}})"), HasSubstr("metadata"));
  EXPECT_THAT(entry_error(R"({"metrics": {}, "hardware": []})"), HasSubstr("hardware"));
}

TEST(Parse, SurvivesEveryTruncationAndDeepNesting) {
  const std::string json = baseline_json(baseline_of(run_of({prefill(4e6)})));
  for (size_t n_bytes = 0; n_bytes + 2 < json.size(); ++n_bytes) {
    EXPECT_THAT(error_of(std::string_view(json).substr(0, n_bytes)), HasSubstr("damaged")) << n_bytes;
  }
  EXPECT_THAT(error_of(std::string(200000, '[')), HasSubstr("damaged"));
  EXPECT_THAT(error_of(R"({"baselines": {"a": {"metrics": {"\u001b[31m": -1}}}})"),
              AllOf(HasSubstr("expected a number"), Not(HasSubstr("\x1b"))));
}

TEST(Entries, AreAddedReplacedRemovedMergedAndFiltered) {
  Baseline baseline;
  ASSERT_TRUE(add_entry({.name = "a", .timestamp = 1, .metadata = {{"suite", "e2e"}}}, baseline));
  ASSERT_TRUE(add_entry({.name = "b", .timestamp = 2}, baseline));
  EXPECT_THAT(add_entry({.name = "a"}, baseline).error().message, HasSubstr("'a'"));
  EXPECT_EQ(find_entry(baseline, "a")->timestamp, 1);
  EXPECT_EQ(find_entry(baseline, "c"), nullptr);
  upsert_entry({.name = "b", .timestamp = 3}, baseline);
  EXPECT_EQ(find_entry(baseline, "b")->timestamp, 3);
  Baseline other;
  upsert_entry({.name = "b", .timestamp = 4}, other);
  upsert_entry({.name = "c", .timestamp = 5}, other);
  merge_entries(other, baseline);
  EXPECT_THAT(entry_names(baseline), ElementsAre("a", "b", "c"));
  EXPECT_EQ(find_entry(baseline, "b")->timestamp, 4);
  const Baseline late = filter_entries(baseline, [](const BaselineEntry& entry) { return entry.timestamp > 3; });
  EXPECT_THAT(entry_names(late), ElementsAre("b", "c"));
  EXPECT_EQ(find_by_metadata(baseline, "suite", "e2e").at(0)->name, "a");
  EXPECT_TRUE(find_by_metadata(baseline, "suite", "").empty());
  EXPECT_TRUE(remove_entry("a", baseline));
  EXPECT_FALSE(remove_entry("a", baseline));
}

// Sets a variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~Variable() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(Path, IsANameInTheDataFolderOrAPath) {
  const Variable home("HOME", "/home/somebody");
  {
    const Variable data("XDG_DATA_HOME", "/data");
    EXPECT_EQ(baseline_path("").value(), "/data/ingot/baselines/default.json");
    EXPECT_EQ(baseline_path("main-2.1_x").value(), "/data/ingot/baselines/main-2.1_x.json");
    EXPECT_EQ(baseline_path("../there.json").value(), "../there.json");
  }
  {
    const Variable data("XDG_DATA_HOME", "relative");
    EXPECT_EQ(baseline_path("a").value(), "/home/somebody/.local/share/ingot/baselines/a.json");
  }
  for (const std::string wrong : {"..", ".", ".hidden", "../a", "a/b", "/etc/passwd", "a b", "a\n", "a\\b"}) {
    const auto path = baseline_path(wrong);
    ASSERT_FALSE(path.has_value()) << wrong;
    EXPECT_THAT(path.error().message, HasSubstr("expected a name"));
  }
  EXPECT_FALSE(baseline_path(std::string(101, 'a')).has_value());
  EXPECT_FALSE(baseline_path(std::string("a\0b", 3)).has_value());
}

TEST(Path, WithoutAHomeIsAnError) {
  const Variable home("HOME", nullptr);
  const Variable data("XDG_DATA_HOME", nullptr);
  EXPECT_THAT(baseline_path("a").error().message, HasSubstr("HOME"));
}

TEST(File, IsWrittenToTheDataFolderAndReadBack) {
  const test::TemporaryFolder folder;
  const Variable data("XDG_DATA_HOME", folder.path("").c_str());
  const std::string path = baseline_path("main").value();
  const Baseline baseline = baseline_of(run_of({prefill(4e6)}));
  ASSERT_TRUE(write_baseline(baseline, path)) << path;
  EXPECT_EQ(baseline_json(read_baseline(path).value()), baseline_json(baseline));
  const auto missing = write_baseline(baseline, folder.path("no/such/folder.json"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(missing.error().message, HasSubstr("no/such/folder.json"));
  EXPECT_THAT(read_baseline(folder.path("absent.json")).error().message, HasSubstr("absent.json"));
}

TEST(TextFile, ReplacesWholeAndKeepsPermissionsAndLinks) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("a.txt", "old");
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  std::filesystem::create_symlink(path, folder.path("link.txt"));
  ASSERT_TRUE(replace_text_file(folder.path("link.txt"), "new"));
  EXPECT_EQ(read_text_file(path).value(), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path("link.txt")));
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  size_t n_files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder.path(""))) ++n_files;
  EXPECT_EQ(n_files, 2u);  // nothing left over
}

TEST(TextFile, RefusesWhatIsNoFile) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(mkfifo(folder.path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(read_text_file(folder.path("fifo")).error().message, HasSubstr("no regular file"));
  EXPECT_FALSE(replace_text_file(folder.path("fifo"), "x").has_value());
  EXPECT_FALSE(replace_text_file(folder.path(""), "x").has_value());
  EXPECT_FALSE(replace_text_file("/dev/null", "x").has_value());
  EXPECT_FALSE(replace_text_file("", "x").has_value());
}

TEST(TextFile, AFailedEditChangesNothing) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("a.txt", "old");
  const auto failed = edit_text_file(path, [](std::string_view) -> Result<std::string> { return invalid("no"); });
  EXPECT_FALSE(failed.has_value());
  EXPECT_EQ(read_text_file(path).value(), "old");
  const auto append = [](std::string_view old) -> Result<std::string> { return std::string(old) + "+"; };
  ASSERT_TRUE(edit_text_file(path, append));
  ASSERT_TRUE(edit_text_file(folder.path("new.txt"), append));
  EXPECT_EQ(read_text_file(path).value(), "old+");
  EXPECT_EQ(read_text_file(folder.path("new.txt")).value(), "+");
}

}  // namespace
}  // namespace ingot::core
