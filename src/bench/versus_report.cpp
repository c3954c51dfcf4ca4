#include "bench/versus_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/utf8.h"

namespace ingot::core {
namespace {

using Json = nlohmann::ordered_json;

std::string time_text(double ns) {
  constexpr std::array<std::pair<double, const char*>, 3> kUnits = {{{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}}};
  for (const auto& [unit_ns, name] : kUnits) {
    if (ns >= unit_ns) return fmt::format("{:.4g} {}", ns / unit_ns, name);
  }
  return fmt::format("{:.4g} ns", ns);
}

std::string value_text(double value, const std::string& unit) {
  if (unit == "ns") return time_text(value);
  if (unit == "ns/token") return time_text(value) + "/token";
  return unit.empty() ? fmt::format("{:.6g}", value) : fmt::format("{:.6g} {}", value, unit);
}

std::string median_text(const std::vector<double>& values, const std::string& unit) {
  return values.empty() ? "-" : value_text(statistic_of(values, Statistic::kMedian), unit);
}

std::vector<const MetricVerdict*> statistics_of(const VersusReport& report, const VersusMetric& metric) {
  std::vector<const MetricVerdict*> found;
  for (const MetricVerdict& verdict : report.verdicts.verdicts) {
    if (verdict.benchmark == metric.test) found.push_back(&verdict);
  }
  return found;
}

// "Regression (mean +5.2 %, median +5.1 %)".
std::string verdict_text(const VersusReport& report, const VersusMetric& metric) {
  const Verdict worst = verdict_of(report, metric);
  std::string reasons;
  for (const MetricVerdict* verdict : statistics_of(report, metric)) {
    if (verdict->verdict != worst || worst == Verdict::kOk) continue;
    reasons += fmt::format("{}{} {:+.1f} %", reasons.empty() ? "" : ", ", verdict->metric, verdict->change_percent);
  }
  return std::string(verdict_name(worst)) + (reasons.empty() ? "" : " (" + reasons + ")");
}

std::string side_text(std::string_view name, const VersusSide& side) {
  std::string text = fmt::format("{} {}", name, printable(side.command, 400));
  if (!side.source.empty()) text += fmt::format(" ({})", side.source);
  if (side.wall_ns.empty()) return text + "\n";
  text += fmt::format("\n        a run took {}", time_text(statistic_of(side.wall_ns, Statistic::kMedian)));
  const double peak_bytes = *std::max_element(side.peak_bytes.begin(), side.peak_bytes.end());
  if (peak_bytes > 0) text += fmt::format(", held {:.0f} MiB at most", peak_bytes / (1 << 20));
  return text + "\n";
}

Json side_json(const VersusSide& side) {
  return {
      {"command", side.command}, {"source", side.source}, {"wall_ns", side.wall_ns}, {"peak_bytes", side.peak_bytes}};
}

Json statistic_json(const MetricVerdict& verdict) {
  Json json = {{"statistic", verdict.metric}, {"ours", verdict.current},
               {"theirs", verdict.baseline},  {"change_percent", verdict.change_percent},
               {"ci95_percent", nullptr},     {"threshold_percent", verdict.threshold_percent},
               {"p_value", nullptr},          {"verdict", verdict_name(verdict.verdict)},
               {"note", verdict.note}};
  if (const auto interval = verdict.change_percent_ci95) json["ci95_percent"] = {interval->low, interval->high};
  if (verdict.p_value) json["p_value"] = *verdict.p_value;
  return json;
}

Json metric_json(const VersusReport& report, const VersusMetric& metric) {
  Json json = {{"test", metric.test},
               {"unit", metric.unit},
               {"better", metric.direction == Direction::kLowerIsBetter ? "lower" : "higher"},
               {"ratio", metric.ratio.typical},
               {"ci95", {metric.ratio.ci95.low, metric.ratio.ci95.high}},
               {"ratio_of_medians", metric.ratio.of_medians},
               {"ratio_of_best", metric.ratio.of_best},
               {"verdict", verdict_name(verdict_of(report, metric))},
               {"statistics", Json::array()},
               {"ours", metric.ours},
               {"theirs", metric.theirs}};
  for (const MetricVerdict* verdict : statistics_of(report, metric))
    json["statistics"].push_back(statistic_json(*verdict));
  return json;
}

}  // namespace

Verdict verdict_of(const VersusReport& report, const VersusMetric& metric) {
  ComparisonReport own;
  for (const MetricVerdict* verdict : statistics_of(report, metric)) own.verdicts.push_back(*verdict);
  return overall_verdict(own);
}

std::string versus_text(const VersusReport& report) {
  std::string text = side_text("ours:  ", report.ours) + side_text("theirs:", report.theirs);
  text += fmt::format("{} pair{} in turn{}\n", report.n_pairs, report.n_pairs == 1 ? "" : "s",
                      report.interrupted ? ", then interrupted" : "");
  if (!report.metrics.empty()) {
    text += "\n| test | ours | theirs | ours / theirs | 95 % interval | verdict |\n|---|---:|---:|---:|---:|---|\n";
  }
  for (const VersusMetric& metric : report.metrics) {
    text +=
        fmt::format("| {} | {} | {} | {:.3f} | {:.3f} to {:.3f} | {} |\n", metric.test,
                    median_text(metric.ours, metric.unit), median_text(metric.theirs, metric.unit),
                    metric.ratio.typical, metric.ratio.ci95.low, metric.ratio.ci95.high, verdict_text(report, metric));
  }
  if (!report.notes.empty()) text += "\n";
  for (const std::string& note : report.notes) text += fmt::format("- {}\n", note);
  return text;
}

Json versus_json(const VersusReport& report) {
  Json json = {{"schema", 1},
               {"ours", side_json(report.ours)},
               {"theirs", side_json(report.theirs)},
               {"pairs", report.n_pairs},
               {"interrupted", report.interrupted},
               {"verdict", verdict_name(overall_verdict(report.verdicts))},
               {"metrics", Json::array()},
               {"notes", report.notes},
               {"error", nullptr}};
  for (const VersusMetric& metric : report.metrics) json["metrics"].push_back(metric_json(report, metric));
  if (report.failure) json["error"] = report.failure->message;
  return json;
}

}  // namespace ingot::core
