#include "bench/read_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <utility>

#include "base/utf8.h"

namespace ingot::core {
namespace {

using Json = nlohmann::json;

constexpr int kSchema = 1;  // of tables_json.cpp
constexpr double kMostCount = 9e15;

const Json* find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::string> read_string(const Json& object, const char* key) {
  const Json* value = find(object, key);
  if (value == nullptr) return std::string();
  if (!value->is_string()) return invalid("'{}' is {}, expected a string", key, value->type_name());
  return value->get<std::string>();
}

Result<double> read_number(const Json& value, std::string_view key) {
  if (!value.is_number()) return invalid("'{}' is {}, expected a number", printable(key), value.type_name());
  const auto number = value.get<double>();
  if (!std::isfinite(number) || number < 0) return invalid("'{}' is {}, expected a number from 0", key, number);
  return number;
}

Result<int64_t> read_count(const Json& object, const char* key) {
  const Json* value = find(object, key);
  if (value == nullptr) return 0;
  INGOT_ASSIGN(const double number, read_number(*value, key));
  if (number > kMostCount) return invalid("'{}' is {}, expected at most {}", key, number, kMostCount);
  return static_cast<int64_t>(number);
}

Result<int> read_small_count(const Json& object, const char* key) {
  INGOT_ASSIGN(const int64_t count, read_count(object, key));
  return static_cast<int>(std::min<int64_t>(count, 1 << 20));
}

Result<std::vector<double>> read_times(const Json& object, const char* key) {
  std::vector<double> times;
  const Json* array = find(object, key);
  if (array == nullptr) return times;
  if (!array->is_array()) return invalid("'{}' is {}, expected a list of numbers", key, array->type_name());
  for (const Json& value : *array) {
    INGOT_ASSIGN(const double time, read_number(value, key));
    if (time == 0) return invalid("'{}' holds 0, expected times above 0", key);
    times.push_back(time);
  }
  return times;
}

Result<MachineInfo> read_machine(const Json& object) {
  MachineInfo machine;
  const Json* json = find(object, "machine");
  if (json == nullptr) return machine;
  if (!json->is_object()) return invalid("'machine' is {}, expected an object", json->type_name());
  INGOT_ASSIGN(machine.processor, read_string(*json, "processor"));
  INGOT_ASSIGN(machine.cores, read_small_count(*json, "cores"));
  INGOT_ASSIGN(machine.memory_bytes, read_count(*json, "memory_bytes"));
  INGOT_ASSIGN(machine.os, read_string(*json, "os"));
  INGOT_ASSIGN(machine.isa, read_string(*json, "isa"));
  INGOT_ASSIGN(machine.compiler, read_string(*json, "compiler"));
  INGOT_ASSIGN(machine.version, read_string(*json, "version"));
  return machine;
}

Result<BenchResult> read_result(const Json& json) {
  if (!json.is_object()) return invalid("is {}, expected an object", json.type_name());
  BenchResult result;
  INGOT_ASSIGN(result.test, read_string(json, "test"));
  if (result.test.empty()) return invalid("has no 'test', expected a name like pp512");
  INGOT_ASSIGN(result.model, read_string(json, "model"));
  INGOT_ASSIGN(result.format, read_string(json, "format"));
  INGOT_ASSIGN(result.mode, read_string(json, "mode"));
  INGOT_ASSIGN(result.kernels, read_string(json, "kernels"));
  INGOT_ASSIGN(result.threads, read_small_count(json, "threads"));
  INGOT_ASSIGN(result.chunk, read_string(json, "chunk"));
  INGOT_ASSIGN(result.note, read_string(json, "note"));
  if (const Json* work = find(json, "work")) {
    INGOT_ASSIGN(result.work, read_number(*work, "work"));
    INGOT_ASSIGN(result.work_unit, read_string(json, "work_unit"));
  }
  INGOT_ASSIGN(result.peak_bytes, read_count(json, "peak_bytes"));
  INGOT_ASSIGN(result.samples_ns, read_times(json, "samples_ns"));
  INGOT_ASSIGN(result.calibration_ns, read_times(json, "calibration_ns"));
  return result;
}

// All of a run but its results.
Result<BenchRun> read_head(const Json& json) {
  const Json* schema = find(json, "schema");
  if (schema == nullptr || *schema != kSchema) {
    const std::string found = schema == nullptr ? "none" : schema->dump(-1, ' ', true, Json::error_handler_t::replace);
    return fail(ErrorKind::kUnsupported, "has schema {}, expected {}", printable(found), kSchema);
  }
  BenchRun run;
  INGOT_ASSIGN(run.timestamp, read_count(json, "timestamp"));
  INGOT_ASSIGN(run.machine, read_machine(json));
  return run;
}

Status add_result(const Json& json, size_t row, BenchRun& out_run) {
  auto result = read_result(json);
  if (!result) return tl::unexpected(result.error().context(fmt::format("row {}", row)));
  if (!result->samples_ns.empty()) out_run.results.push_back(std::move(*result));
  return {};
}

Result<std::vector<BenchRun>> read_document(const Json& json) {
  INGOT_ASSIGN(BenchRun run, read_head(json));
  const Json* results = find(json, "results");
  if (results == nullptr || !results->is_array()) return invalid("has no list 'results'");
  for (size_t row = 0; row < results->size(); ++row) INGOT_TRY(add_result((*results)[row], row + 1, run));
  return std::vector<BenchRun>{std::move(run)};
}

auto key_of(const BenchRun& run) {
  const MachineInfo& machine = run.machine;
  return std::tie(run.timestamp, machine.processor, machine.cores, machine.memory_bytes, machine.os, machine.isa,
                  machine.compiler, machine.version);
}

Result<std::vector<BenchRun>> read_lines(std::string_view text) {
  std::vector<BenchRun> runs;
  for (size_t row = 1; !text.empty(); ++row) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) return invalid("line {} is damaged or no JSON object", row);
    Result<BenchRun> head = read_head(json);
    if (!head) return tl::unexpected(head.error().context(fmt::format("line {}", row)));
    auto run =
        std::find_if(runs.begin(), runs.end(), [&](const BenchRun& known) { return key_of(known) == key_of(*head); });
    if (run == runs.end()) run = runs.insert(runs.end(), std::move(*head));
    INGOT_TRY(add_result(json, row, *run));
  }
  return runs;
}

}  // namespace

Result<std::vector<BenchRun>> parse_results(std::string_view text, std::string_view file_name) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool is_document = json.is_object() && json.contains("results");
  Result<std::vector<BenchRun>> runs = is_document ? read_document(json) : read_lines(text);
  if (!runs) return tl::unexpected(runs.error().context(printable(file_name, 4096)));
  std::erase_if(*runs, [](const BenchRun& run) { return run.results.empty(); });
  if (runs->empty()) return invalid("{}: holds no result with samples", printable(file_name, 4096));
  return runs;
}

}  // namespace ingot::core
