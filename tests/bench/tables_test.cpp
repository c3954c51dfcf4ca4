#include "bench/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "bench/markdown_table.h"

namespace ingot::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::ordered_json;

BenchRun example() {
  BenchResult prefill;
  prefill.test = "pp512";
  prefill.model = "tiny.gguf";
  prefill.format = "Q4_1";
  prefill.mode = "exact";
  prefill.kernels = "avx512";
  prefill.threads = 2;
  prefill.chunk = "512";
  prefill.samples_ns = {1e9, 2e9, 4e9};
  prefill.calibration_ns = {100, 101, 102};
  prefill.work = 512;
  prefill.peak_bytes = int64_t{3} << 20;
  BenchResult load = prefill;
  load.test = "load";
  load.work = 0;
  load.note = "file \"cached\", read once";
  BenchResult matmul = prefill;
  matmul.test = "matmul 32x4096x4096";
  matmul.work = 2e9;
  matmul.work_unit = "flop";
  matmul.figures = {{"compression", 7.1}, {"gflops", 1.0}};
  BenchRun run;
  run.timestamp = 1700000000;
  run.machine.processor = "Example 9000";
  run.machine.cores = 2;
  run.machine.isa = "portable avx2";
  run.results = {prefill, load, matmul};
  return run;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// A reader of RFC 4180 by its grammar, not by how we write it.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows(1, std::vector<std::string>(1));
  bool quoted = false;
  for (size_t place = 0; place < text.size(); ++place) {
    const char letter = text[place];
    std::string& field = rows.back().back();
    if (quoted && letter == '"' && place + 1 < text.size() && text[place + 1] == '"') {
      field += '"';
      ++place;
    } else if (letter == '"') {
      quoted = !quoted;
    } else if (!quoted && letter == ',') {
      rows.back().emplace_back();
    } else if (!quoted && letter == '\n') {
      rows.emplace_back(1);
    } else {
      field += letter;
    }
  }
  rows.pop_back();
  return rows;
}

TEST(Format, IsParsed) {
  EXPECT_EQ(parse_table_format("md").value(), TableFormat::kMarkdown);
  EXPECT_EQ(parse_table_format("jsonl").value(), TableFormat::kJsonLines);
  EXPECT_THAT(parse_table_format("xml").error().message,
              AllOf(HasSubstr("'xml'"), HasSubstr("md, json, jsonl or csv")));
}

TEST(Json, HasTheFieldsThatScriptsRelyOn) {
  const Json json = Json::parse(json_of(example()));
  EXPECT_EQ(json.at("schema"), 1);
  EXPECT_EQ(json.at("machine").at("processor"), "Example 9000");
  const Json& prefill = json.at("results").at(0);
  EXPECT_EQ(prefill.at("test"), "pp512");
  EXPECT_EQ(prefill.at("threads"), 2);
  EXPECT_EQ(prefill.at("chunk"), "512");
  EXPECT_EQ(prefill.at("kernels"), "avx512");
  // 512 tokens in 1, 2 and 4 seconds: 512, 256 and 128 a second.
  const Json& speed = prefill.at("tokens_per_second");
  EXPECT_DOUBLE_EQ(speed.at("best"), 512);
  EXPECT_DOUBLE_EQ(speed.at("median"), 256);
  EXPECT_DOUBLE_EQ(speed.at("mean"), 896 / 3.0);
  EXPECT_DOUBLE_EQ(speed.at("worst5"), 128 + 0.1 * 128);
  ASSERT_EQ(speed.at("ci95").size(), 2u);
  EXPECT_LE(speed.at("ci95").at(0), speed.at("mean"));
  EXPECT_GE(speed.at("ci95").at(1), speed.at("mean"));
  const Json& ns = prefill.at("nanoseconds");
  EXPECT_EQ(ns.at("best"), 1000000000);
  EXPECT_EQ(ns.at("median"), 2000000000);
  EXPECT_EQ(ns.at("p50"), 2000000000);
  EXPECT_DOUBLE_EQ(ns.at("mean"), 7e9 / 3);
  EXPECT_DOUBLE_EQ(ns.at("p95"), 3.8e9);
  EXPECT_TRUE(ns.contains("p99") && ns.contains("stddev"));
  EXPECT_EQ(prefill.at("peak_bytes"), 3 << 20);
  EXPECT_EQ(prefill.at("samples_ns"), Json::parse("[1000000000, 2000000000, 4000000000]"));
  EXPECT_EQ(prefill.at("calibration_ns").size(), 3u);
}

TEST(Json, OfALoadHasNoSpeed) {
  const Json load = Json::parse(json_of(example())).at("results").at(1);
  EXPECT_FALSE(load.contains("tokens_per_second"));
  EXPECT_FALSE(load.contains("rate"));
  EXPECT_TRUE(load.contains("nanoseconds"));
}

TEST(Json, OfOtherWorkHasARateWithItsUnit) {
  const Json matmul = Json::parse(json_of(example())).at("results").at(2);
  EXPECT_FALSE(matmul.contains("tokens_per_second"));
  EXPECT_EQ(matmul.at("rate").at("unit"), "flop/s");
  EXPECT_DOUBLE_EQ(matmul.at("rate").at("best"), 2e9);
  EXPECT_DOUBLE_EQ(matmul.at("figures").at("compression"), 7.1);
}

TEST(Json, IsAsciiWhateverNamesHold) {
  BenchRun run = example();
  run.results[0].model = "\x1b[31m\xff\u00e9.gguf";
  for (const TableFormat format : {TableFormat::kJson, TableFormat::kJsonLines}) {
    const std::string text = format_run(run, format);
    for (const char byte : text) ASSERT_TRUE(byte == '\n' || (byte >= ' ' && byte <= '~'));
    EXPECT_TRUE(Json::accept(lines_of(text).size() == 3 ? lines_of(text)[0] : text));
  }
  EXPECT_THAT(markdown_of(run), Not(HasSubstr("\x1b")));
}

TEST(Json, OfARunWithoutSamplesIsStillWhole) {
  BenchRun run = example();
  run.results[0].samples_ns.clear();
  run.results.resize(1);
  for (const TableFormat format :
       {TableFormat::kMarkdown, TableFormat::kJson, TableFormat::kJsonLines, TableFormat::kCsv}) {
    EXPECT_THAT(format_run(run, format), HasSubstr("pp512"));
  }
  EXPECT_EQ(Json::parse(json_of(run)).at("results").at(0).at("samples_ns"), Json::array());
  run.results.clear();
  EXPECT_EQ(Json::parse(json_of(run)).at("results"), Json::array());
  EXPECT_EQ(json_lines_of(run), "");
  EXPECT_EQ(lines_of(csv_of(run)).size(), 1u);
  EXPECT_THAT(markdown_of(run), HasSubstr("Example 9000"));
}

TEST(JsonLines, AreOneResultEachWithItsMachine) {
  const std::vector<std::string> lines = lines_of(json_lines_of(example()));
  ASSERT_EQ(lines.size(), 3u);
  for (const std::string& line : lines) {
    const Json json = Json::parse(line);
    EXPECT_EQ(json.at("schema"), 1);
    EXPECT_EQ(json.at("machine").at("processor"), "Example 9000");
    EXPECT_TRUE(json.contains("nanoseconds"));
  }
}

TEST(Csv, IsQuotedWhereItMustBe) {
  BenchRun run = example();
  run.results[0].model = "a,b \"c\"\nd";
  run.results[0].test.clear();
  const auto rows = read_csv(csv_of(run));
  ASSERT_EQ(rows.size(), 4u);
  for (const auto& row : rows) EXPECT_EQ(row.size(), rows[0].size());
  EXPECT_EQ(rows[0][1], "model");
  EXPECT_EQ(rows[1][1], "a,b \"c\"\nd");
  const auto value = [&](size_t row, std::string_view column) {
    for (size_t field = 0; field < rows[0].size(); ++field) {
      if (rows[0][field] == column) return rows[row][field];
    }
    return std::string("no such column");
  };
  EXPECT_EQ(value(1, "rate_best"), "512");
  EXPECT_EQ(value(1, "rate_unit"), "tokens/s");
  EXPECT_EQ(value(2, "rate_best"), "");
  EXPECT_EQ(value(2, "note"), "file \"cached\", read once");
  EXPECT_EQ(value(3, "figures"), "compression=7.1;gflops=1");
  EXPECT_EQ(value(1, "samples_ns"), "1000000000;2000000000;4000000000");
}

TEST(Markdown, SaysOnceWhatHoldsForAll) {
  const std::string text = markdown_of(example());
  EXPECT_THAT(text, HasSubstr("Example 9000, 2 cores"));
  EXPECT_THAT(text, HasSubstr("model tiny.gguf, format Q4_1, mode exact, kernels avx512, threads 2, chunk 512"));
  EXPECT_THAT(text, Not(HasSubstr("| model")));
  BenchRun run = example();
  run.results[1].threads = 4;
  EXPECT_THAT(markdown_of(run), HasSubstr("threads |"));
}

TEST(Markdown, LinesUp) {
  const std::vector<std::string> lines = lines_of(markdown_of(example()));
  size_t n_rows = 0;
  for (const std::string& line : lines) {
    if (!line.starts_with('|')) continue;
    ++n_rows;
    EXPECT_EQ(line.size(), lines.back().size()) << line;
  }
  EXPECT_EQ(n_rows, 5u);
  EXPECT_THAT(lines.back(), HasSubstr("1.17 Gflop/s"));
  EXPECT_THAT(lines[lines.size() - 3], AllOf(HasSubstr("298.7 tok/s"), HasSubstr("3.00 MiB"), HasSubstr("2.00 s")));
}

TEST(MarkdownTable, EscapesAndLeavesOutEmptyColumns) {
  MarkdownTable table;
  table.add_column("a", Align::kLeft);
  table.add_column("empty", Align::kLeft);
  table.add_column("b", Align::kRight);
  table.add_row({"x|y", "", "1"});
  table.add_row({"\u00e9", "", "22"});
  EXPECT_THAT(lines_of(table.text()),
              ElementsAre("| a    |  b |", "|------|---:|", "| x\\|y |  1 |", "| \u00e9    | 22 |"));
}

TEST(Report, NamesVerdictAndReason) {
  ComparisonReport report;
  report.verdicts.push_back({.benchmark = "pp512",
                             .metric = "avg_ms",
                             .unit = "ms",
                             .verdict = Verdict::kRegression,
                             .baseline = 100,
                             .current = 120,
                             .change_percent = 20,
                             .threshold_percent = 10,
                             .p_value = 0.001,
                             .change_percent_ci95 = Interval{18, 22},
                             .note = "n"});
  report.verdicts.push_back(
      {.benchmark = "tg32", .metric = "avg_ms", .verdict = Verdict::kHardwareMismatch, .note = "other"});
  report.not_in_baseline = {"load"};
  const std::string text = markdown_of(report);
  EXPECT_THAT(text, AllOf(HasSubstr("+20.0 %"), HasSubstr("Regression"), HasSubstr("0.001"), HasSubstr("other")));
  EXPECT_THAT(text, HasSubstr("Not in the baseline: load"));
  EXPECT_THAT(text, HasSubstr("Regression: 1 Regression, 1 HardwareMismatch."));
  const Json json = Json::parse(json_of(report));
  EXPECT_EQ(json.at("overall"), "Regression");
  EXPECT_EQ(json.at("regressions"), Json::parse(R"(["pp512"])"));
  EXPECT_EQ(json.at("verdicts").at(0).at("direction"), "lower");
  EXPECT_DOUBLE_EQ(json.at("verdicts").at(0).at("p_value"), 0.001);
  EXPECT_TRUE(json.at("verdicts").at(1).at("p_value").is_null());
  EXPECT_THAT(markdown_of(ComparisonReport{}), HasSubstr("Nothing was compared"));
}

}  // namespace
}  // namespace ingot::core
