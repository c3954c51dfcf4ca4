#include "bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/utf8.h"
#include "bench/read_results.h"
#include "bench/text_file.h"

namespace ingot::core {
namespace {

using Json = nlohmann::json;

constexpr std::array<const char*, 5> kAttributes = {"model", "format", "mode", "threads", "chunk"};

std::string metadata_of(const BaselineEntry& entry, const std::string& key) {
  const auto found = entry.metadata.find(key);
  return found == entry.metadata.end() ? "" : found->second;
}

// -- Reading ----------------------------------------------------------------------------------------------------------

enum class FileKind { kBaseline, kResults, kNeither };

FileKind kind_of(std::string_view text) {
  const Json whole = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (whole.is_object() && whole.contains("baselines")) return FileKind::kBaseline;
  if (whole.is_object() && whole.contains("results")) return FileKind::kResults;
  // Lines of JSON: the first is enough to know them, and one that is damaged further down gets its own error.
  const std::string_view line = text.substr(0, text.find('\n'));
  const Json first = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  return first.is_object() && first.contains("test") && first.contains("samples_ns") ? FileKind::kResults
                                                                                     : FileKind::kNeither;
}

// describe_machine() ends the system's name with the architecture.
std::string architecture_in(const std::string& os) {
  const size_t space = os.rfind(' ');
  return space == std::string::npos ? "" : os.substr(space + 1);
}

Baseline results_of(const BenchRun& run) {
  Baseline results = baseline_of(run);
  const std::string architecture = architecture_in(run.machine.os);
  results.hardware.cpu_arch = architecture;  // of that machine, not of this program
  for (auto& [name, entry] : results.entries) entry.hardware.cpu_arch = architecture;
  return results;
}

// Files that were merged hold entries of several times: the latest is the file's.
int64_t time_of(const Baseline& baseline) {
  int64_t time = baseline.timestamp;
  for (const auto& [name, entry] : baseline.entries) time = std::max(time, entry.timestamp);
  return time;
}

// -- Matching ---------------------------------------------------------------------------------------------------------

bool is_nameless(const BaselineHardware& hardware) {
  return hardware.machine.processor.empty() && hardware.gpu_name.empty() && hardware.gpu_architecture.empty();
}

size_t machine_index(const BaselineHardware& hardware, std::vector<BaselineHardware>& machines) {
  for (size_t index = 0; index < machines.size(); ++index) {
    // What does not say where it ran is comparable with everything, and yet no other machine.
    if (is_nameless(hardware) != is_nameless(machines[index])) continue;
    if (hardware_difference(machines[index], hardware).empty()) return index;
  }
  machines.push_back(hardware);
  return machines.size() - 1;
}

// By name; an entry of a foreign file, which has the name of a test only, by that name where one test alone has it.
ReportTest* find_test(const BaselineEntry& entry, std::vector<ReportTest>& tests) {
  ReportTest* same_test = nullptr;
  int n_same_test = 0;
  for (ReportTest& test : tests) {
    if (test.name == entry.name) return &test;
    if (metadata_of(test.points.front().entry, "test") != entry.name) continue;
    same_test = &test;
    ++n_same_test;
  }
  return n_same_test == 1 && metadata_of(entry, "test").empty() ? same_test : nullptr;
}

std::vector<ReportTest> match_tests(std::vector<ReportRun>& runs, std::vector<BaselineHardware>& out_machines) {
  std::vector<ReportTest> tests;
  const auto add = [&](size_t run, const BaselineEntry& entry) {
    ReportPoint point{.run = run, .entry = entry};
    if (ReportTest* test = find_test(entry, tests)) {
      test->points.push_back(std::move(point));
    } else {
      tests.push_back({.name = entry.name, .label = {}, .points = {std::move(point)}});
    }
  };
  // Those that know their test first: foreign entries find them whichever is older.
  for (const bool is_foreign : {false, true}) {
    for (size_t run = 0; run < runs.size(); ++run) {
      for (const auto& [name, entry] : runs[run].results.entries) {
        if (metadata_of(entry, "test").empty() == is_foreign) add(run, entry);
      }
    }
  }
  for (ReportTest& test : tests) {
    std::stable_sort(test.points.begin(), test.points.end(),
                     [](const auto& a, const auto& b) { return a.run < b.run; });
  }
  // Machines by the time at which they first appear.
  std::vector<ReportPoint*> points;
  for (ReportTest& test : tests) {
    for (ReportPoint& point : test.points) points.push_back(&point);
  }
  std::stable_sort(points.begin(), points.end(), [](const auto* a, const auto* b) { return a->run < b->run; });
  for (ReportPoint* point : points) point->machine = machine_index(point->entry.hardware, out_machines);
  std::stable_sort(tests.begin(), tests.end(),
                   [](const ReportTest& a, const ReportTest& b) { return natural_less(a.name, b.name); });
  return tests;
}

// -- Labels -----------------------------------------------------------------------------------------------------------

void label_tests(Report& report) {
  for (const char* key : kAttributes) {
    std::set<std::string> values;
    for (const ReportTest& test : report.tests) {
      const std::string value = metadata_of(test.points.back().entry, key);
      if (!value.empty() && value != "0") values.insert(value);
    }
    if (values.size() == 1) report.in_common[key] = *values.begin();
  }
  std::map<std::string, int> n_labels;
  for (ReportTest& test : report.tests) {
    const BaselineEntry& entry = test.points.back().entry;
    test.label = metadata_of(entry, "test");
    for (const std::string key : kAttributes) {
      const std::string value = metadata_of(entry, key);
      if (value.empty() || value == "0" || report.in_common.contains(key)) continue;
      if (key == "threads") test.label += fmt::format(" {} thread{}", value, value == "1" ? "" : "s");
      if (key == "chunk") test.label += " chunk " + value;
      if (key != "threads" && key != "chunk") test.label += " " + value;
    }
    if (metadata_of(entry, "test").empty()) test.label = test.name;
    ++n_labels[test.label];
  }
  for (ReportTest& test : report.tests) {
    if (n_labels[test.label] > 1) test.label = test.name;
  }
}

// -- Judging ----------------------------------------------------------------------------------------------------------

bool are_comparable(const BaselineEntry& before, const BaselineEntry& after) {
  return compare_entries(before, after).hardware_mismatch.empty();
}

// The place of what the latest point is to be compared with.
size_t place_of_first(const std::vector<ReportPoint>& points) {
  for (size_t place = 0; place + 1 < points.size(); ++place) {
    if (are_comparable(points[place].entry, points.back().entry)) return place;
  }
  return 0;
}

size_t place_of_previous(const std::vector<ReportPoint>& points) {
  for (size_t place = points.size() - 1; place-- > 0;) {
    if (are_comparable(points[place].entry, points.back().entry)) return place;
  }
  return points.size() - 2;
}

template <typename PlaceOf>
void judge_latest(std::vector<ReportTest>& tests, const Thresholds& thresholds, PlaceOf place_of,
                  std::optional<ReportComparison> ReportTest::*out_comparison) {
  std::vector<Comparison> comparisons;
  std::map<std::string, ReportTest*> by_name;
  for (ReportTest& test : tests) {
    if (test.points.size() < 2) continue;
    const size_t place = place_of(test.points);
    comparisons.push_back(compare_entries(test.points[place].entry, test.points.back().entry));
    comparisons.back().benchmark = test.name;
    by_name[test.name] = &test;
    test.*out_comparison = ReportComparison{.point = place};
  }
  const ComparisonReport verdicts = judge(comparisons, thresholds);
  for (const MetricVerdict& verdict : verdicts.verdicts) {
    (by_name.at(verdict.benchmark)->*out_comparison)->metrics.push_back(verdict);
  }
  for (auto& [name, test] : by_name) {
    ReportComparison& comparison = *(test->*out_comparison);
    comparison.overall = overall_verdict({.verdicts = comparison.metrics, .not_in_baseline = {}, .not_measured = {}});
  }
}

}  // namespace

Result<std::vector<ReportRun>> parse_report_file(std::string_view text, std::string_view file_name) {
  std::vector<ReportRun> runs;
  switch (kind_of(text)) {
    case FileKind::kBaseline: {
      INGOT_ASSIGN(Baseline baseline, parse_baseline(text, file_name));
      if (baseline.entries.empty()) return invalid("{}: holds no baseline", printable(file_name, 4096));
      const int64_t time = time_of(baseline);
      runs.push_back({.name = std::string(file_name), .timestamp = time, .results = std::move(baseline)});
      return runs;
    }
    case FileKind::kResults: {
      INGOT_ASSIGN(const std::vector<BenchRun> read, parse_results(text, file_name));
      for (size_t index = 0; index < read.size(); ++index) {
        std::string name(file_name);
        if (read.size() > 1) name += fmt::format(", run {} of {}", index + 1, read.size());
        runs.push_back(
            {.name = std::move(name), .timestamp = read[index].timestamp, .results = results_of(read[index])});
      }
      return runs;
    }
    case FileKind::kNeither:
      break;
  }
  return invalid(
      "{}: is neither a file of baselines (--save-baseline) nor results of ingot bench (--json, --format jsonl)",
      printable(file_name, 4096));
}

Result<std::vector<ReportRun>> read_report_file(const std::string& path) {
  INGOT_ASSIGN(const std::string text, read_text_file(path));
  return parse_report_file(text, path);
}

Report make_report(std::vector<ReportRun> runs, const Thresholds& thresholds) {
  Report report{.runs = std::move(runs), .machines = {}, .in_common = {}, .tests = {}};
  std::stable_sort(report.runs.begin(), report.runs.end(),
                   [](const ReportRun& a, const ReportRun& b) { return a.timestamp < b.timestamp; });
  report.tests = match_tests(report.runs, report.machines);
  label_tests(report);
  judge_latest(report.tests, thresholds, place_of_first, &ReportTest::against_first);
  judge_latest(report.tests, thresholds, place_of_previous, &ReportTest::against_previous);
  return report;
}

std::vector<std::string> hardware_warnings(const Report& report) {
  const std::vector<BaselineHardware>& machines = report.machines;
  std::vector<std::string> warnings;
  std::optional<size_t> first;  // that has a name
  for (size_t index = 0; index < machines.size(); ++index) {
    if (is_nameless(machines[index])) {
      warnings.push_back(fmt::format(
          "machine {} stands for results that do not name their processor: they are compared nonetheless", index + 1));
    } else if (!first) {
      first = index;
    } else {
      const std::string difference = hardware_difference(machines[*first], machines[index]);
      warnings.push_back(fmt::format("machine {} is not machine {}, and not compared with it{}", index + 1, *first + 1,
                                     difference.empty() ? "" : " (" + difference + ")"));
    }
  }
  return warnings;
}

bool natural_less(std::string_view a, std::string_view b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  while (!a.empty() && !b.empty()) {
    if (!is_digit(a.front()) || !is_digit(b.front())) {
      if (a.front() != b.front()) return a.front() < b.front();
      a.remove_prefix(1);
      b.remove_prefix(1);
      continue;
    }
    const auto take_number = [&](std::string_view& text) {
      size_t end = 0;
      while (end < text.size() && is_digit(text[end])) ++end;
      std::string_view digits = text.substr(0, end);
      text.remove_prefix(end);
      while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
      return digits;
    };
    const std::string_view number_a = take_number(a);
    const std::string_view number_b = take_number(b);
    if (number_a.size() != number_b.size()) return number_a.size() < number_b.size();
    if (number_a != number_b) return number_a < number_b;
  }
  return a.size() < b.size();
}

}  // namespace ingot::core
