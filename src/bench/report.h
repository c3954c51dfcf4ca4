// Many runs of a benchmark side by side: what each test gave over time, and what the latest is against the first and
// against the one before. Where the numbers lie on a page is report_page.h's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/baseline.h"
#include "bench/verdict.h"

namespace ingot::core {

struct ReportRun {
  std::string name;       // of the file, and which of its runs where it holds several
  int64_t timestamp = 0;  // seconds since 1970; 0: the file does not say
  Baseline results;
};

// file_name is a baseline, or what `ingot bench --json` or `--format jsonl` printed; anything else is one error that
// names it.
Result<std::vector<ReportRun>> parse_report_file(std::string_view text, std::string_view file_name);
Result<std::vector<ReportRun>> read_report_file(const std::string& path);

struct ReportPoint {
  size_t run = 0;      // in Report::runs
  size_t machine = 0;  // in Report::machines
  BaselineEntry entry = {};
};

// The latest point of a test against an earlier one.
struct ReportComparison {
  size_t point = 0;  // the earlier one, in the test's points
  Verdict overall = Verdict::kOk;
  std::vector<MetricVerdict> metrics = {};
};

struct ReportTest {
  std::string name;                 // as baseline.h makes it
  std::string label;                // without what all tests have in common
  std::vector<ReportPoint> points;  // by time, at least one
  // Against the first and the nearest earlier point on the same hardware; where there is none, against those of other
  // hardware, with the verdict HardwareMismatch. None for a test that was measured once. Each kind is judged by itself.
  std::optional<ReportComparison> against_first = {}, against_previous = {};
};

struct Report {
  std::vector<ReportRun> runs;                   // by time; those without one come first, in the order given
  std::vector<BaselineHardware> machines;        // that may not be compared with one another
  std::map<std::string, std::string> in_common;  // "model", "format", "mode", "threads", "chunk" of every test
  std::vector<ReportTest> tests;                 // pp64 before pp512
};
Report make_report(std::vector<ReportRun> runs, const Thresholds& thresholds);

// One for each machine beyond the first, and one for results that name none. Machines count from 1 there.
std::vector<std::string> hardware_warnings(const Report& report);

// Digits compare as the numbers that they make.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace ingot::core
