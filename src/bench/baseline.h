// Results to compare later ones with: a JSON file, and what can be done with its entries.
//
// The file is an object {schema, timestamp, hardware, metadata, baselines{name: entry}}; an entry holds the metrics
// avg_ms, min_ms, max_ms, p50_ms, p95_ms, p99_ms, iterations and more, with unit and direction of each in
// "metric_info", its own hardware, free metadata, the kernels that ran, and every raw sample with the calibration
// beside it. Files without "schema" are read as well: those whose entries have "metrics" but no samples, and the first
// kind, whose entries are plain numbers (avg_ms, tokens_per_sec, ttft_ms, ...); they are judged by thresholds alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/result.h"
#include "bench/verdict.h"

namespace ingot::core {

struct BaselineHardware {
  MachineInfo machine = {};
  std::string cpu_arch = {};  // "x86_64"
  // Of a device that took part; empty: none did.
  std::string gpu_name = {};
  std::string gpu_architecture = {};
  std::string rocm_version = {};
};
BaselineHardware hardware_of(const MachineInfo& machine);
// In words what forbids to compare the two; empty: nothing. What only one of them knows is no difference, but a GPU
// that only one of them used is. A machine that can run more kernels than then is the same machine.
std::string hardware_difference(const BaselineHardware& baseline, const BaselineHardware& current);

struct BaselineMetric {
  double value = 0;
  std::string unit = {};  // empty: unknown, as is the direction; not judged
  Direction direction = Direction::kLowerIsBetter;
};

struct BaselineEntry {
  std::string name = {};
  int64_t timestamp = 0;  // seconds since 1970
  BaselineHardware hardware = {};
  std::map<std::string, BaselineMetric> metrics = {};
  std::map<std::string, std::string> metadata = {};  // "test", "model", "format", "mode", "threads", "chunk", ...
  std::string kernels = {};
  double work = 0;  // per sample, in work_unit
  std::string work_unit = {};
  std::vector<double> samples_ns = {};
  std::vector<double> calibration_ns = {};
};

struct Baseline {
  int64_t timestamp = 0;
  BaselineHardware hardware = {};
  std::string description = {}, hardware_type = {}, baseline_date = {}, notes = {};
  std::map<std::string, BaselineEntry> entries = {};
};

// Every result that has samples. Names are made of test, model, format, mode, threads and chunk.
Baseline baseline_of(const BenchRun& run);

// file_name: for the error, which names the entry and what was expected.
Result<Baseline> parse_baseline(std::string_view json, std::string_view file_name);
std::string baseline_json(const Baseline& baseline);

// A path ends in ".json". Anything else is a name, of letters, digits and "._+-" and not beginning with a dot, in
// the data folder: ${XDG_DATA_HOME:-~/.local/share}/ingot/baselines/NAME.json. Empty: "default".
Result<std::string> baseline_path(std::string_view name_or_path);
Result<Baseline> read_baseline(const std::string& path);
// Makes the data folder where it is not there yet, but no other.
Status write_baseline(const Baseline& baseline, const std::string& path);

// Entries of a baseline.
Status add_entry(BaselineEntry entry, Baseline& out_baseline);  // refused if there is one of that name
void upsert_entry(BaselineEntry entry, Baseline& out_baseline);
const BaselineEntry* find_entry(const Baseline& baseline, const std::string& name);  // nullptr: not there
bool remove_entry(const std::string& name, Baseline& out_baseline);                  // false: was not there
std::vector<std::string> entry_names(const Baseline& baseline);
void merge_entries(const Baseline& from, Baseline& out_baseline);  // those of from win
Baseline filter_entries(const Baseline& baseline, const std::function<bool(const BaselineEntry&)>& keeps);
std::vector<const BaselineEntry*> find_by_metadata(const Baseline& baseline, const std::string& key,
                                                   const std::string& value);

// A measured entry finds its baseline by name or, where the file is foreign, by the name of its test.
ComparisonReport compare_baselines(const Baseline& baseline, const Baseline& current, const Thresholds& thresholds);
Comparison compare_entries(const BaselineEntry& baseline, const BaselineEntry& current);

}  // namespace ingot::core
