#include "bench/report_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "bench/web_page.h"

namespace ingot::core {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBody =
#include "bench/page/report_body.html.inc"
    ;
constexpr std::string_view kStyle =
#include "bench/page/report_style.css.inc"
    ;
constexpr std::string_view kTables =
#include "bench/page/report_tables.js.inc"
    ;
constexpr std::string_view kPlots =
#include "bench/page/report_plots.js.inc"
    ;

// Dots of one run beyond this are no longer told apart, but slow a browser down.
constexpr size_t kMostDots = 1000;

// Enough digits for any figure, and few enough for a page that holds thousands.
double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double scale = std::pow(10, 6 - std::ceil(std::log10(std::abs(value))));
  const double result = std::round(value * scale) / scale;
  return std::isfinite(result) ? result : value;
}

Json interval_json(const Interval& interval) {
  return Json::array({rounded(interval.low), rounded(interval.high)});
}

// In what a test is shown.
struct Scale {
  std::string unit;  // "ms", "tokens/s"
  bool is_rate = false;
};

Scale scale_of(const ReportTest& test) {
  const std::string& unit = test.points.back().entry.work_unit;
  const bool has_rate = std::all_of(test.points.begin(), test.points.end(), [&](const ReportPoint& point) {
    return point.entry.samples_ns.empty() || (point.entry.work > 0 && point.entry.work_unit == unit);
  });
  const bool has_work = test.points.back().entry.work > 0;
  return has_rate && has_work ? Scale{unit + "/s", true} : Scale{"ms", false};
}

std::vector<double> samples_in(const Scale& scale, const BaselineEntry& entry) {
  std::vector<double> samples = entry.samples_ns;
  for (double& sample : samples) sample = scale.is_rate ? entry.work * 1e9 / sample : sample * 1e-6;
  return samples;
}

// Of a file without samples, the one number that it gives.
std::optional<double> value_in(const Scale& scale, const BaselineEntry& entry) {
  constexpr std::array<const char*, 4> kRates = {"tokens_per_second", "rate", "tokens_per_sec", "generation_tps"};
  constexpr std::array<const char*, 4> kTimes = {"p50_ms", "avg_ms", "ttft_ms", "min_ms"};
  for (const char* name : scale.is_rate ? kRates : kTimes) {
    const auto found = entry.metrics.find(name);
    if (found != entry.metrics.end() && found->second.value > 0) return found->second.value;
  }
  return std::nullopt;
}

// Samples in the order taken; of too many, those at even distances in it.
Json dots_json(const std::vector<double>& samples) {
  Json dots = Json::array();
  const size_t n_dots = std::min(samples.size(), kMostDots);
  for (size_t dot = 0; dot < n_dots; ++dot) dots.push_back(rounded(samples[dot * samples.size() / n_dots]));
  return dots;
}

Json point_json(const ReportPoint& point, const Scale& scale) {
  Json json = {{"run", point.run}, {"machine", point.machine}, {"kernels", point.entry.kernels}};
  const std::vector<double> samples = samples_in(scale, point.entry);
  if (samples.empty()) {
    const auto value = value_in(scale, point.entry);
    json["n"] = 0;
    json["median"] = value ? Json(rounded(*value)) : Json();
    return json;
  }
  const Summary summary = summarise(samples);
  std::vector<double> sorted = samples;
  std::sort(sorted.begin(), sorted.end());
  json["n"] = summary.n;
  json["median"] = rounded(summary.median);
  json["ci95"] = interval_json(summary.median_ci95);
  json["quartiles"] = {rounded(percentile(sorted, 0.25)), rounded(percentile(sorted, 0.75))};
  json["extremes"] = {rounded(summary.min), rounded(summary.max)};
  json["samples"] = dots_json(samples);
  if (const auto peak = point.entry.metrics.find("peak_bytes"); peak != point.entry.metrics.end()) {
    json["peak_bytes"] = peak->second.value;
  }
  return json;
}

bool is_compared(const MetricVerdict& verdict) {
  return verdict.verdict != Verdict::kHardwareMismatch && verdict.verdict != Verdict::kDrifted;
}

Json metric_json(const MetricVerdict& metric) {
  Json json = {{"metric", metric.metric},
               {"unit", metric.unit},
               {"verdict", verdict_name(metric.verdict)},
               {"before", rounded(metric.baseline)},
               {"now", rounded(metric.current)},
               {"threshold", metric.threshold_percent},
               {"note", metric.note}};
  if (is_compared(metric)) json["change"] = rounded(metric.change_percent);
  if (metric.p_value) json["p"] = rounded(*metric.p_value);
  if (metric.change_percent_ci95) json["ci95"] = interval_json(*metric.change_percent_ci95);
  return json;
}

// The metric whose change stands in the table: the median where it is known.
const MetricVerdict* shown_metric(const std::vector<MetricVerdict>& metrics) {
  constexpr std::array<const char*, 7> kNames = {"p50_ms",         "avg_ms",         "ttft_ms", "tokens_per_second",
                                                 "tokens_per_sec", "generation_tps", "rate"};
  for (const char* name : kNames) {
    for (const MetricVerdict& metric : metrics) {
      if (metric.metric == name && is_compared(metric)) return &metric;
    }
  }
  return nullptr;
}

Json comparison_json(const std::optional<ReportComparison>& comparison, const ReportTest& test, const Scale& scale) {
  if (!comparison) return nullptr;
  Json json = {{"run", test.points[comparison->point].run},
               {"verdict", verdict_name(comparison->overall)},
               {"metrics", Json::array()}};
  for (const MetricVerdict& metric : comparison->metrics) json["metrics"].push_back(metric_json(metric));
  const MetricVerdict* metric = shown_metric(comparison->metrics);
  if (metric == nullptr) return json;
  // A change of time where speeds are shown, or the other way round, is turned over.
  const bool turns = scale.is_rate == (metric->direction == Direction::kLowerIsBetter);
  const auto shown = [&](double percent) { return turns ? 100 / (1 + percent / 100) - 100 : percent; };
  json["change"] = rounded(shown(metric->change_percent));
  if (!metric->change_percent_ci95) return json;
  const double low = shown(metric->change_percent_ci95->low);
  const double high = shown(metric->change_percent_ci95->high);
  json["ci95"] = interval_json({std::min(low, high), std::max(low, high)});
  return json;
}

Json test_json(const ReportTest& test) {
  const Scale scale = scale_of(test);
  Json json = {{"name", test.name}, {"label", test.label}, {"unit", scale.unit}, {"higher_is_better", scale.is_rate}};
  json["points"] = Json::array();
  for (const ReportPoint& point : test.points) json["points"].push_back(point_json(point, scale));
  json["first"] = comparison_json(test.against_first, test, scale);
  json["previous"] = comparison_json(test.against_previous, test, scale);
  return json;
}

Json run_json(const ReportRun& run) {
  const Baseline& results = run.results;
  const MachineInfo& machine = results.hardware.machine;
  return {{"name", run.name},
          {"timestamp", run.timestamp},
          {"date", results.baseline_date},
          {"version", machine.version},
          {"compiler", machine.compiler},
          {"os", machine.os},
          {"description", results.description},
          {"notes", results.notes},
          {"tests", results.entries.size()}};
}

Json machine_json(const BaselineHardware& hardware) {
  const MachineInfo& machine = hardware.machine;
  return {{"processor", machine.processor},
          {"cores", machine.cores},
          {"memory_bytes", machine.memory_bytes},
          {"isa", machine.isa},
          {"cpu_arch", hardware.cpu_arch},
          {"gpu", hardware.gpu_name.empty() ? hardware.gpu_architecture : hardware.gpu_name}};
}

}  // namespace

Json report_json(const Report& report) {
  Json json = {
      {"runs", Json::array()},         {"machines", Json::array()},          {"warnings", hardware_warnings(report)},
      {"in_common", report.in_common}, {"significance", kSignificanceLevel}, {"tests", Json::array()}};
  for (const ReportRun& run : report.runs) json["runs"].push_back(run_json(run));
  for (const BaselineHardware& machine : report.machines) json["machines"].push_back(machine_json(machine));
  for (const ReportTest& test : report.tests) json["tests"].push_back(test_json(test));
  return json;
}

std::string report_page(const Report& report) {
  const std::string script = std::string(kTables) + std::string(kPlots);
  return web_page({.body = kBody, .style = kStyle, .script = script}, report_json(report));
}

}  // namespace ingot::core
