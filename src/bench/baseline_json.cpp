// The JSON of a baseline, of all three schemas that are read and the one that is written.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "bench/baseline.h"

namespace ingot::core {
namespace {

using Json = nlohmann::ordered_json;
// Ordered objects are searched from end to end: not for what others wrote.
using Parsed = nlohmann::json;

constexpr const char* kSchema = "ingot-baseline/1";

struct KnownMetric {
  std::string_view name;
  std::string_view unit;
  Direction direction;
};
// What files say that hold no "metric_info".
constexpr Direction kLower = Direction::kLowerIsBetter;
constexpr Direction kHigher = Direction::kHigherIsBetter;
constexpr std::array<KnownMetric, 12> kKnownMetrics = {{{"avg_ms", "ms", kLower},
                                                        {"min_ms", "ms", kLower},
                                                        {"max_ms", "ms", kLower},
                                                        {"p50_ms", "ms", kLower},
                                                        {"p95_ms", "ms", kLower},
                                                        {"p99_ms", "ms", kLower},
                                                        {"iterations", "count", kHigher},
                                                        {"tokens_per_sec", "tokens/s", kHigher},
                                                        {"tokens_per_second", "tokens/s", kHigher},
                                                        {"ttft_ms", "ms", kLower},
                                                        {"generation_tps", "tokens/s", kHigher},
                                                        {"peak_memory_gb", "GB", kLower}}};

bool is_timing(std::string_view unit) {
  return unit == "ms" || unit.ends_with("/s");
}

const Parsed* find(const Parsed& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::string> read_string(const Parsed& object, const char* key) {
  const Parsed* value = find(object, key);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return invalid("'{}' is {}, expected a string", key, value->type_name());
  return value->get<std::string>();
}

Result<double> read_number(const Parsed& value, std::string_view key) {
  if (!value.is_number()) return invalid("'{}' is {}, expected a number", printable(key), value.type_name());
  const double number = value.get<double>();
  if (!std::isfinite(number) || number < 0) {
    return invalid("'{}' is {}, expected a number from 0", printable(key), number);
  }
  return number;
}

Result<int64_t> read_count(const Parsed& object, const char* key) {
  const Parsed* value = find(object, key);
  if (value == nullptr) return 0;
  INGOT_ASSIGN(const double number, read_number(*value, key));
  if (number > 9e15) return invalid("'{}' is {}, expected less than 9e15", key, number);
  return static_cast<int64_t>(number);
}

Result<std::vector<double>> read_samples(const Parsed& object, const char* key) {
  std::vector<double> samples;
  const Parsed* array = find(object, key);
  if (array == nullptr) return samples;
  if (!array->is_array()) return invalid("'{}' is {}, expected a list of numbers", key, array->type_name());
  for (const Parsed& value : *array) {
    INGOT_ASSIGN(const double sample, read_number(value, key));
    if (sample == 0) return invalid("'{}' holds 0, expected times above 0", key);
    samples.push_back(sample);
  }
  return samples;
}

// Seconds since 1970, or ISO 8601 in UTC; another text counts as unknown, since nothing is decided by it.
Result<int64_t> read_timestamp(const Parsed& object) {
  const Parsed* value = find(object, "timestamp");
  if (value == nullptr || !value->is_string()) return read_count(object, "timestamp");
  std::tm calendar{};
  const std::string text = value->get<std::string>();
  const int n_read = std::sscanf(text.c_str(), "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d", &calendar.tm_year, &calendar.tm_mon,
                                 &calendar.tm_mday, &calendar.tm_hour, &calendar.tm_min, &calendar.tm_sec);
  if (n_read < 3) return 0;
  calendar.tm_year -= 1900;
  calendar.tm_mon -= 1;
  return std::max<int64_t>(timegm(&calendar), 0);
}

Result<BaselineHardware> read_hardware(const Parsed& object) {
  const Parsed* json = find(object, "hardware");
  BaselineHardware hardware;
  if (json == nullptr) return hardware;
  if (!json->is_object()) return invalid("'hardware' is {}, expected an object", json->type_name());
  INGOT_ASSIGN(hardware.gpu_name, read_string(*json, "gpu_name"));
  INGOT_ASSIGN(hardware.gpu_architecture, read_string(*json, "gpu_architecture"));
  INGOT_ASSIGN(hardware.rocm_version, read_string(*json, "rocm_version"));
  INGOT_ASSIGN(hardware.cpu_arch, read_string(*json, "cpu_arch"));
  if (hardware.gpu_name.empty()) {  // names of the first schema
    INGOT_ASSIGN(hardware.gpu_name, read_string(*json, "gpu"));
  }
  if (hardware.gpu_architecture.empty()) {
    INGOT_ASSIGN(hardware.gpu_architecture, read_string(*json, "architecture"));
  }
  MachineInfo& machine = hardware.machine;
  INGOT_ASSIGN(machine.processor, read_string(*json, "processor"));
  INGOT_ASSIGN(machine.os, read_string(*json, "os"));
  INGOT_ASSIGN(machine.isa, read_string(*json, "isa"));
  INGOT_ASSIGN(machine.compiler, read_string(*json, "compiler"));
  if (machine.compiler.empty()) {
    INGOT_ASSIGN(machine.compiler, read_string(*json, "rustc_version"));
  }
  INGOT_ASSIGN(machine.version, read_string(*json, "ingot_version"));
  INGOT_ASSIGN(const int64_t cores, read_count(*json, "cores"));
  machine.cores = static_cast<int>(std::min<int64_t>(cores, 1 << 20));
  INGOT_ASSIGN(machine.memory_bytes, read_count(*json, "memory_bytes"));
  return hardware;
}

Result<BaselineMetric> read_metric(const std::string& name, const Parsed& value, const Parsed* info) {
  BaselineMetric metric;
  INGOT_ASSIGN(metric.value, read_number(value, name));
  for (const KnownMetric& known : kKnownMetrics) {
    if (known.name == name) metric = {metric.value, std::string(known.unit), known.direction};
  }
  const Parsed* own = info == nullptr ? nullptr : find(*info, name.c_str());
  if (own != nullptr) {
    if (!own->is_object())
      return invalid("metric_info of '{}' is {}, expected an object", printable(name), own->type_name());
    INGOT_ASSIGN(metric.unit, read_string(*own, "unit"));
    INGOT_ASSIGN(const std::string direction, read_string(*own, "direction"));
    if (direction != "lower" && direction != "higher") {
      return invalid("direction of '{}' is '{}', expected lower or higher", printable(name), printable(direction));
    }
    metric.direction = direction == "lower" ? kLower : kHigher;
  }
  if (metric.value == 0 && is_timing(metric.unit) && name != "min_ms") {
    return invalid("'{}' is 0, expected more", printable(name));
  }
  return metric;
}

Status read_metrics(const Parsed& metrics, const Parsed* info, BaselineEntry& out_entry) {
  if (!metrics.is_object()) return invalid("'metrics' is {}, expected an object", metrics.type_name());
  if (info != nullptr && !info->is_object())
    return invalid("'metric_info' is {}, expected an object", info->type_name());
  for (const auto& [name, value] : metrics.items()) {
    INGOT_ASSIGN(out_entry.metrics[name], read_metric(name, value, info));
  }
  return {};
}

// The first schema: the entry itself holds the numbers, among whatever else.
Status read_plain_metrics(const Parsed& entry, BaselineEntry& out_entry) {
  for (const auto& [name, value] : entry.items()) {
    if (!value.is_number()) continue;
    INGOT_ASSIGN(out_entry.metrics[name], read_metric(name, value, nullptr));
  }
  if (out_entry.metrics.empty()) return invalid("no 'metrics' and no numbers, expected avg_ms or others");
  return {};
}

Status read_metadata(const Parsed& json, BaselineEntry& out_entry) {
  const Parsed* metadata = find(json, "metadata");
  if (metadata == nullptr) return {};
  if (!metadata->is_object()) return invalid("'metadata' is {}, expected an object", metadata->type_name());
  for (const auto& [key, value] : metadata->items()) {
    if (!value.is_string()) return invalid("metadata '{}' is {}, expected a string", printable(key), value.type_name());
    out_entry.metadata[key] = value.get<std::string>();
  }
  return {};
}

Result<BaselineEntry> read_entry(const std::string& name, const Parsed& json, const Baseline& file) {
  if (!json.is_object()) return invalid("is {}, expected an object", json.type_name());
  BaselineEntry entry{.name = name, .timestamp = file.timestamp, .hardware = file.hardware};
  const Parsed* metrics = find(json, "metrics");
  if (metrics == nullptr) {
    INGOT_TRY(read_plain_metrics(json, entry));
    return entry;
  }
  INGOT_TRY(read_metrics(*metrics, find(json, "metric_info"), entry));
  INGOT_TRY(read_metadata(json, entry));
  if (find(json, "timestamp") != nullptr) {
    INGOT_ASSIGN(entry.timestamp, read_timestamp(json));
  }
  if (find(json, "hardware") != nullptr) {
    INGOT_ASSIGN(entry.hardware, read_hardware(json));
  }
  INGOT_ASSIGN(entry.kernels, read_string(json, "kernels"));
  INGOT_ASSIGN(entry.work_unit, read_string(json, "work_unit"));
  if (const Parsed* work = find(json, "work")) {
    INGOT_ASSIGN(entry.work, read_number(*work, "work"));
  }
  INGOT_ASSIGN(entry.samples_ns, read_samples(json, "samples_ns"));
  INGOT_ASSIGN(entry.calibration_ns, read_samples(json, "calibration_ns"));
  return entry;
}

Status check_schema(const Parsed& json) {
  if (!json.is_object()) return invalid("is {}, expected an object with 'baselines'", json.type_name());
  const Parsed* schema = find(json, "schema");
  if (schema != nullptr && *schema != kSchema) {
    const std::string found = schema->dump(-1, ' ', /*ensure_ascii=*/true, Parsed::error_handler_t::replace);
    return fail(ErrorKind::kUnsupported, "has schema {}{}, expected \"{}\"", printable(found),
                find(json, "results") != nullptr ? " and results, as `ingot bench --json` prints them" : "", kSchema);
  }
  const Parsed* baselines = find(json, "baselines");
  if (baselines == nullptr || !baselines->is_object())
    return invalid("has no object 'baselines': no file of baselines");
  return {};
}

Result<Baseline> read_file(const Parsed& json) {
  INGOT_TRY(check_schema(json));
  Baseline baseline;
  INGOT_ASSIGN(baseline.timestamp, read_timestamp(json));
  INGOT_ASSIGN(baseline.hardware, read_hardware(json));
  if (const Parsed* metadata = find(json, "metadata")) {
    if (!metadata->is_object()) return invalid("'metadata' is {}, expected an object", metadata->type_name());
    INGOT_ASSIGN(baseline.description, read_string(*metadata, "description"));
    INGOT_ASSIGN(baseline.hardware_type, read_string(*metadata, "hardware_type"));
    INGOT_ASSIGN(baseline.baseline_date, read_string(*metadata, "baseline_date"));
    INGOT_ASSIGN(baseline.notes, read_string(*metadata, "notes"));
  }
  for (const auto& [name, value] : json.at("baselines").items()) {
    auto entry = read_entry(name, value, baseline);
    if (!entry) return tl::unexpected<Error>(entry.error().context(fmt::format("baseline '{}'", printable(name))));
    baseline.entries[name] = std::move(*entry);
  }
  return baseline;
}

// Whole numbers without a fraction: nanoseconds and counts are read by people as well.
Json number(double value) {
  if (value == std::floor(value) && std::abs(value) < 9e15) return static_cast<int64_t>(value);
  return value;
}

Json numbers(const std::vector<double>& values) {
  Json array = Json::array();
  for (const double value : values) array.push_back(number(value));
  return array;
}

Json hardware_json(const BaselineHardware& hardware) {
  Json json = Json::object();
  if (!hardware.gpu_name.empty()) json["gpu_name"] = hardware.gpu_name;
  if (!hardware.gpu_architecture.empty()) json["gpu_architecture"] = hardware.gpu_architecture;
  if (!hardware.rocm_version.empty()) json["rocm_version"] = hardware.rocm_version;
  const MachineInfo& machine = hardware.machine;
  json["cpu_arch"] = hardware.cpu_arch;
  json["processor"] = machine.processor;
  json["cores"] = machine.cores;
  json["memory_bytes"] = machine.memory_bytes;
  json["os"] = machine.os;
  json["isa"] = machine.isa;
  json["compiler"] = machine.compiler;
  json["ingot_version"] = machine.version;
  return json;
}

Json entry_json(const BaselineEntry& entry) {
  Json metrics = Json::object();
  Json info = Json::object();
  for (const auto& [name, metric] : entry.metrics) {
    metrics[name] = number(metric.value);
    if (metric.unit.empty()) continue;
    info[name] = {{"unit", metric.unit}, {"direction", metric.direction == kLower ? "lower" : "higher"}};
  }
  return {{"name", entry.name},
          {"timestamp", entry.timestamp},
          {"hardware", hardware_json(entry.hardware)},
          {"metrics", std::move(metrics)},
          {"metric_info", std::move(info)},
          {"metadata", entry.metadata},
          {"kernels", entry.kernels},
          {"work", number(entry.work)},
          {"work_unit", entry.work_unit},
          {"samples_ns", numbers(entry.samples_ns)},
          {"calibration_ns", numbers(entry.calibration_ns)}};
}

}  // namespace

Result<Baseline> parse_baseline(std::string_view json, std::string_view file_name) {
  const std::string where = fmt::format("baseline {}", printable(file_name, 4096));
  Parsed parsed;
  try {
    parsed = Parsed::parse(json);
  } catch (const nlohmann::json::parse_error& error) {
    return invalid("{}: is damaged or no JSON, at byte {} of {}", where, error.byte, json.size());
  } catch (const nlohmann::json::exception&) {
    return invalid("{}: holds a number that is out of range", where);
  }
  auto baseline = read_file(parsed);
  if (!baseline) return tl::unexpected<Error>(baseline.error().context(where));
  return baseline;
}

std::string baseline_json(const Baseline& baseline) {
  Json entries = Json::object();
  for (const auto& [name, entry] : baseline.entries) entries[name] = entry_json(entry);
  const Json json = {{"schema", kSchema},
                     {"timestamp", baseline.timestamp},
                     {"hardware", hardware_json(baseline.hardware)},
                     {"metadata",
                      {{"description", baseline.description},
                       {"hardware_type", baseline.hardware_type},
                       {"baseline_date", baseline.baseline_date},
                       {"notes", baseline.notes}}},
                     {"baselines", std::move(entries)}};
  return json.dump(1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace) + "\n";
}

}  // namespace ingot::core
