// Results as JSON, JSON lines and CSV: what scripts rely on. Fields may be added; none changes its meaning.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/statistics.h"
#include "bench/tables.h"

namespace ingot::core {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

// Whole nanoseconds as whole numbers; what is no number is null.
Json number(double value) {
  if (value == std::floor(value) && std::abs(value) < 9e15) return static_cast<int64_t>(value);
  return value;
}

Json interval_json(const Interval& interval) {
  return Json::array({number(interval.low), number(interval.high)});
}

// Pure ASCII, so that nothing in a name can steer a terminal.
std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace) + "\n";
}

std::vector<double> rates_of(const BenchResult& result) {
  std::vector<double> rates = result.samples_ns;
  for (double& rate : rates) rate = result.work * 1e9 / rate;
  return rates;
}

Json rate_json(const BenchResult& result) {
  const Summary rates = summarise(rates_of(result));
  Json json = Json::object();
  if (result.work_unit != "tokens") json["unit"] = result.work_unit + "/s";
  json["best"] = rates.max;
  json["median"] = rates.median;
  json["mean"] = rates.mean;
  json["worst5"] = rates.p5;
  json["stddev"] = rates.stddev;
  json["ci95"] = interval_json(rates.mean_ci95);
  json["median_ci95"] = interval_json(rates.median_ci95);
  return json;
}

Json nanoseconds_json(const Summary& times) {
  return {{"best", number(times.min)},
          {"median", number(times.median)},
          {"mean", number(times.mean)},
          {"p5", number(times.p5)},
          {"p50", number(times.p50)},
          {"p95", number(times.p95)},
          {"p99", number(times.p99)},
          {"worst", number(times.max)},
          {"stddev", times.stddev},
          {"ci95", interval_json(times.mean_ci95)},
          {"median_ci95", interval_json(times.median_ci95)}};
}

Json numbers(const std::vector<double>& values) {
  Json array = Json::array();
  for (const double value : values) array.push_back(number(value));
  return array;
}

Json machine_json(const MachineInfo& machine) {
  return {{"processor", machine.processor},
          {"cores", machine.cores},
          {"memory_bytes", machine.memory_bytes},
          {"os", machine.os},
          {"isa", machine.isa},
          {"compiler", machine.compiler},
          {"version", machine.version}};
}

void add_result(const BenchResult& result, Json& out_json) {
  out_json["test"] = result.test;
  out_json["model"] = result.model;
  out_json["format"] = result.format;
  out_json["mode"] = result.mode;
  out_json["kernels"] = result.kernels;
  out_json["threads"] = result.threads;
  out_json["chunk"] = result.chunk;
  if (!result.samples_ns.empty()) {
    if (result.work > 0) out_json[result.work_unit == "tokens" ? "tokens_per_second" : "rate"] = rate_json(result);
    out_json["nanoseconds"] = nanoseconds_json(summarise(result.samples_ns));
  }
  if (result.work > 0) {
    out_json["work"] = number(result.work);
    out_json["work_unit"] = result.work_unit;
  }
  out_json["peak_bytes"] = result.peak_bytes;
  Json figures = Json::object();
  for (const auto& [name, value] : result.figures) figures[name] = value;
  if (!figures.empty()) out_json["figures"] = std::move(figures);
  if (!result.note.empty()) out_json["note"] = result.note;
  out_json["samples_ns"] = numbers(result.samples_ns);
  if (!result.calibration_ns.empty()) out_json["calibration_ns"] = numbers(result.calibration_ns);
}

std::string csv_field(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
  std::string quoted = "\"";
  for (const char letter : field) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + "\"";
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::vector<std::string> quoted;
  quoted.reserve(fields.size());
  for (const std::string& field : fields) quoted.push_back(csv_field(field));
  return fmt::format("{}\n", fmt::join(quoted, ","));
}

std::string plain(double value) {
  return fmt::format("{}", value);
}

std::vector<std::string> csv_row(const BenchResult& result, const BenchRun& run) {
  const Summary times = summarise(result.samples_ns);
  const bool has_rate = result.work > 0 && times.n > 0;
  const Summary rates = has_rate ? summarise(rates_of(result)) : Summary{};
  std::vector<std::string> row = {result.test,    result.model,
                                  result.format,  result.mode,
                                  result.kernels, std::to_string(result.threads),
                                  result.chunk,   has_rate ? result.work_unit + "/s" : ""};
  for (const double rate : {rates.max, rates.median, rates.mean, rates.p5, rates.mean_ci95.low, rates.mean_ci95.high}) {
    row.push_back(has_rate ? plain(rate) : "");
  }
  for (const double ns : {times.min, times.median, times.mean, times.p95, times.p99, times.stddev}) {
    row.push_back(times.n > 0 ? plain(ns) : "");
  }
  std::vector<std::string> samples;
  for (const double sample : result.samples_ns) samples.push_back(plain(sample));
  std::vector<std::string> figures;
  for (const auto& [name, value] : result.figures) figures.push_back(fmt::format("{}={}", name, value));
  row.push_back(std::to_string(result.peak_bytes));
  row.push_back(fmt::format("{}", fmt::join(samples, ";")));
  row.push_back(fmt::format("{}", fmt::join(figures, ";")));
  row.push_back(result.note);
  row.push_back(run.machine.processor);
  row.push_back(run.machine.version);
  row.push_back(std::to_string(run.timestamp));
  return row;
}

}  // namespace

std::string json_of(const BenchRun& run) {
  Json results = Json::array();
  for (const BenchResult& result : run.results) {
    results.push_back(Json::object());
    add_result(result, results.back());
  }
  const Json json = {{"schema", kSchema},
                     {"timestamp", run.timestamp},
                     {"machine", machine_json(run.machine)},
                     {"results", std::move(results)}};
  return dump(json, 2);
}

std::string json_lines_of(const BenchRun& run) {
  std::string text;
  for (const BenchResult& result : run.results) {
    Json line = {{"schema", kSchema}, {"timestamp", run.timestamp}};
    add_result(result, line);
    line["machine"] = machine_json(run.machine);
    text += dump(line, -1);
  }
  return text;
}

std::string csv_of(const BenchRun& run) {
  std::string text =
      csv_line({"test",       "model",     "format",      "mode",      "kernels",     "threads",       "chunk",
                "rate_unit",  "rate_best", "rate_median", "rate_mean", "rate_worst5", "rate_ci95_low", "rate_ci95_high",
                "ns_best",    "ns_median", "ns_mean",     "ns_p95",    "ns_p99",      "ns_stddev",     "peak_bytes",
                "samples_ns", "figures",   "note",        "processor", "version",     "timestamp"});
  for (const BenchResult& result : run.results) text += csv_line(csv_row(result, run));
  return text;
}

std::string json_of(const ComparisonReport& report) {
  Json verdicts = Json::array();
  for (const MetricVerdict& metric : report.verdicts) {
    Json json = {{"benchmark", metric.benchmark},
                 {"metric", metric.metric},
                 {"unit", metric.unit},
                 {"direction", metric.direction == Direction::kLowerIsBetter ? "lower" : "higher"},
                 {"verdict", verdict_name(metric.verdict)},
                 {"baseline", number(metric.baseline)},
                 {"current", number(metric.current)},
                 {"change_percent", metric.change_percent},
                 {"threshold_percent", number(metric.threshold_percent)}};
    json["p_value"] = metric.p_value ? Json(*metric.p_value) : Json();
    json["change_percent_ci95"] = metric.change_percent_ci95 ? interval_json(*metric.change_percent_ci95) : Json();
    if (!metric.note.empty()) json["note"] = metric.note;
    verdicts.push_back(std::move(json));
  }
  const Json json = {{"schema", kSchema},
                     {"overall", verdict_name(overall_verdict(report))},
                     {"regressions", benchmarks_with(report, Verdict::kRegression)},
                     {"improvements", benchmarks_with(report, Verdict::kImproved)},
                     {"verdicts", std::move(verdicts)},
                     {"not_in_baseline", report.not_in_baseline},
                     {"not_measured", report.not_measured}};
  return dump(json, 2);
}

}  // namespace ingot::core
