#include "bench/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "bench/markdown_table.h"
#include "bench/statistics.h"

namespace ingot::core {
namespace {

// With so many figures as columns a terminal is full; more of them share one.
constexpr size_t kMostFigureColumns = 6;

std::string number(double value) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  const double size = std::abs(value);
  if (size >= 1000 || size == 0) return fmt::format("{:.0f}", value);
  if (size >= 100) return fmt::format("{:.1f}", value);
  if (size >= 1) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3g}", value);
}

// 12.3 G; up to 99999 as it is.
std::string scaled(double value) {
  constexpr std::array<std::pair<double, const char*>, 4> kScales = {
      {{1e12, " T"}, {1e9, " G"}, {1e6, " M"}, {1e3, " k"}}};
  for (const auto& [scale, letter] : kScales) {
    if (value >= std::max(scale, 1e5)) return number(value / scale) + letter;
  }
  return number(value) + " ";
}

// Of scaled(), without a unit after it.
std::string bare(double value) {
  std::string text = scaled(value);
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string duration(double ns) {
  if (ns >= 1e9) return number(ns / 1e9) + " s";
  if (ns >= 1e6) return number(ns / 1e6) + " ms";
  if (ns >= 1e3) return number(ns / 1e3) + " us";
  return number(ns) + " ns";
}

std::string bytes(int64_t count) {
  if (count <= 0) return "";
  const auto value = static_cast<double>(count);
  return count >= int64_t{1} << 30 ? number(value / (1 << 30)) + " GiB" : number(value / (1 << 20)) + " MiB";
}

std::string rate_unit(const BenchResult& result) {
  return result.work_unit == "tokens" ? "tok/s" : result.work_unit + "/s";
}

// "title: value" where every row has the same, and then no column; otherwise a column.
struct Field {
  const char* title;
  std::string (*value)(const BenchResult& result);
  Align align = Align::kLeft;
};
constexpr std::array<Field, 6> kFields = {
    {{"model", [](const BenchResult& result) { return result.model; }},
     {"format", [](const BenchResult& result) { return result.format; }},
     {"mode", [](const BenchResult& result) { return result.mode; }},
     {"kernels", [](const BenchResult& result) { return result.kernels; }},
     {"threads", [](const BenchResult& result) { return result.threads > 0 ? std::to_string(result.threads) : ""; },
      Align::kRight},
     {"chunk", [](const BenchResult& result) { return result.chunk; }, Align::kRight}}};

bool is_same_everywhere(const BenchRun& run, const Field& field) {
  return std::all_of(run.results.begin(), run.results.end(), [&](const BenchResult& result) {
    return field.value(result) == field.value(run.results.front());
  });
}

std::string heading(const BenchRun& run, const std::vector<const Field*>& shared) {
  const MachineInfo& machine = run.machine;
  std::vector<std::string> parts;
  if (!machine.processor.empty()) parts.push_back(machine.processor);
  if (machine.cores > 0) parts.push_back(fmt::format("{} cores", machine.cores));
  if (machine.memory_bytes > 0) parts.push_back(bytes(machine.memory_bytes));
  if (!machine.os.empty()) parts.push_back(machine.os);
  if (!machine.version.empty()) parts.push_back("ingot " + machine.version);
  if (!machine.compiler.empty()) parts.push_back(machine.compiler);
  std::string text = printable(fmt::format("{}", fmt::join(parts, ", ")), 1000);
  if (!text.empty()) text += "\n\n";
  std::vector<std::string> fields;
  for (const Field* field : shared) {
    const std::string value = field->value(run.results.front());
    if (!value.empty()) fields.push_back(fmt::format("{} {}", field->title, value));
  }
  if (!fields.empty()) text += printable(fmt::format("{}", fmt::join(fields, ", ")), 1000) + "\n\n";
  return text;
}

void add_speed(const BenchResult& result, std::vector<std::string>& out_row) {
  if (result.work <= 0 || result.samples_ns.empty()) {
    out_row.insert(out_row.end(), 4, "");
    return;
  }
  std::vector<double> rates = result.samples_ns;
  for (double& rate : rates) rate = result.work * 1e9 / rate;
  const Summary speed = summarise(rates);
  // The mean and its interval come first: they are what two tables are compared by.
  out_row.push_back(scaled(speed.mean) + rate_unit(result));
  out_row.push_back(fmt::format("{} .. {}", bare(speed.mean_ci95.low), bare(speed.mean_ci95.high)));
  out_row.push_back(bare(speed.max));
  out_row.push_back(bare(speed.p5));
}

void add_times(const BenchResult& result, std::vector<std::string>& out_row) {
  if (result.samples_ns.empty()) {
    out_row.insert(out_row.end(), 5, "");
    return;
  }
  const Summary times = summarise(result.samples_ns);
  for (const double ns : {times.median, times.mean, times.p95, times.p99}) out_row.push_back(duration(ns));
  out_row.push_back(std::to_string(times.n));
}

std::vector<std::string> figure_names(const BenchRun& run) {
  std::set<std::string> names;
  for (const BenchResult& result : run.results) {
    for (const auto& [name, value] : result.figures) names.insert(name);
  }
  return {names.begin(), names.end()};
}

void add_figures(const BenchResult& result, const std::vector<std::string>& names, std::vector<std::string>& out_row) {
  if (names.size() <= kMostFigureColumns) {
    for (const std::string& name : names) {
      const auto found = result.figures.find(name);
      out_row.push_back(found == result.figures.end() ? "" : number(found->second));
    }
    return;
  }
  std::vector<std::string> figures;
  for (const auto& [name, value] : result.figures) figures.push_back(fmt::format("{} {}", name, number(value)));
  out_row.push_back(fmt::format("{}", fmt::join(figures, ", ")));
}

std::string percent(double value) {
  return fmt::format("{:+.1f} %", value);
}

std::string with_unit(double value, const std::string& unit) {
  if (unit == "bytes") return bytes(static_cast<int64_t>(value));
  return number(value) + " " + unit;
}

void add_list(const char* title, const std::vector<std::string>& names, std::string& out_text) {
  if (names.empty()) return;
  std::vector<std::string> shown;
  shown.reserve(names.size());
  for (const std::string& name : names) shown.push_back(printable(name));
  out_text += fmt::format("\n{}: {}\n", title, fmt::join(shown, "; "));
}

std::string count_of(const ComparisonReport& report, Verdict verdict) {
  return fmt::format("{} {}", count_verdicts(report, verdict), verdict_name(verdict));
}

}  // namespace

Result<TableFormat> parse_table_format(std::string_view name) {
  if (name == "md") return TableFormat::kMarkdown;
  if (name == "json") return TableFormat::kJson;
  if (name == "jsonl") return TableFormat::kJsonLines;
  if (name == "csv") return TableFormat::kCsv;
  return invalid("format '{}': expected md, json, jsonl or csv", printable(name));
}

std::string format_run(const BenchRun& run, TableFormat format) {
  switch (format) {
    case TableFormat::kMarkdown:
      return markdown_of(run);
    case TableFormat::kJson:
      return json_of(run);
    case TableFormat::kJsonLines:
      return json_lines_of(run);
    case TableFormat::kCsv:
      return csv_of(run);
  }
  return "";
}

std::string markdown_of(const BenchRun& run) {
  if (run.results.empty()) return heading(run, {});
  std::vector<const Field*> shared;
  std::vector<const Field*> columns;
  for (const Field& field : kFields) (is_same_everywhere(run, field) ? shared : columns).push_back(&field);

  MarkdownTable table;
  table.add_column("test", Align::kLeft);
  for (const Field* field : columns) table.add_column(field->title, field->align);
  for (const char* title :
       {"speed", "95 % interval", "best", "worst 5 %", "median", "mean", "p95", "p99", "n", "peak"}) {
    table.add_column(title, Align::kRight);
  }
  const std::vector<std::string> figures = figure_names(run);
  if (figures.size() <= kMostFigureColumns) {
    for (const std::string& name : figures) table.add_column(name, Align::kRight);
  } else {
    table.add_column("figures", Align::kLeft);
  }
  table.add_column("note", Align::kLeft);

  for (const BenchResult& result : run.results) {
    std::vector<std::string> row = {result.test};
    for (const Field* field : columns) row.push_back(field->value(result));
    add_speed(result, row);
    add_times(result, row);
    row.push_back(bytes(result.peak_bytes));
    add_figures(result, figures, row);
    row.push_back(result.note);
    table.add_row(std::move(row));
  }
  return heading(run, shared) + table.text();
}

std::string markdown_of(const ComparisonReport& report) {
  MarkdownTable table;
  table.add_column("benchmark", Align::kLeft);
  table.add_column("metric", Align::kLeft);
  for (const char* title : {"baseline", "now", "change", "95 % interval", "threshold", "p"}) {
    table.add_column(title, Align::kRight);
  }
  table.add_column("verdict", Align::kLeft);
  table.add_column("note", Align::kLeft);
  for (const MetricVerdict& metric : report.verdicts) {
    const bool is_compared = metric.verdict != Verdict::kHardwareMismatch && metric.verdict != Verdict::kDrifted;
    const auto& interval = metric.change_percent_ci95;
    table.add_row({metric.benchmark, metric.metric, with_unit(metric.baseline, metric.unit),
                   with_unit(metric.current, metric.unit), is_compared ? percent(metric.change_percent) : "",
                   interval ? fmt::format("{} .. {}", percent(interval->low), percent(interval->high)) : "",
                   fmt::format("{} %", metric.threshold_percent),
                   metric.p_value ? fmt::format("{:.2g}", *metric.p_value) : "",
                   std::string(verdict_name(metric.verdict)), metric.note});
  }
  std::string text = table.text();
  add_list("Not in the baseline", report.not_in_baseline, text);
  add_list("In the baseline, but not measured", report.not_measured, text);
  std::vector<std::string> counts;
  for (const Verdict verdict :
       {Verdict::kRegression, Verdict::kImproved, Verdict::kHardwareMismatch, Verdict::kDrifted, Verdict::kOk}) {
    if (count_verdicts(report, verdict) > 0) counts.push_back(count_of(report, verdict));
  }
  text += counts.empty() ? "\nNothing was compared.\n"
                         : fmt::format("\n{}: {}.\n", verdict_name(overall_verdict(report)), fmt::join(counts, ", "));
  return text;
}

}  // namespace ingot::core
