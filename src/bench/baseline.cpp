#include "bench/baseline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/utf8.h"
#include "bench/text_file.h"

namespace ingot::core {
namespace {

constexpr double kNsPerMs = 1e6;

std::string_view cpu_arch_of_this_build() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "";
#endif
}

// The same metric under another name; the first schema has one kind of name for every test.
struct Alias {
  std::string_view in_baseline;
  std::string_view measured;
  std::string_view test_prefix;  // of tests that it holds for
  double factor = 1;             // from the measured unit to the baseline's
};
constexpr std::array<Alias, 4> kAliases = {{{"tokens_per_sec", "tokens_per_second", ""},
                                            {"generation_tps", "tokens_per_second", "tg"},
                                            {"ttft_ms", "avg_ms", "ttft"},
                                            {"peak_memory_gb", "peak_bytes", "", 1e-9}}};

std::string metadata_of(const BaselineEntry& entry, const std::string& key) {
  const auto found = entry.metadata.find(key);
  return found == entry.metadata.end() ? "" : found->second;
}

std::optional<double> measured_value(const BaselineEntry& current, const std::string& metric) {
  if (const auto found = current.metrics.find(metric); found != current.metrics.end()) return found->second.value;
  for (const Alias& alias : kAliases) {
    const auto found = current.metrics.find(std::string(alias.measured));
    if (alias.in_baseline != metric || found == current.metrics.end()) continue;
    if (metadata_of(current, "test").starts_with(alias.test_prefix)) return found->second.value * alias.factor;
  }
  return std::nullopt;
}

Statistic statistic_named(std::string_view metric) {
  if (metric.starts_with("p50") || metric.starts_with("median")) return Statistic::kMedian;
  if (metric.starts_with("p95")) return Statistic::kP95;
  if (metric.starts_with("p99")) return Statistic::kP99;
  return Statistic::kMean;
}

// One wild sample is all that these are, or nothing that could become worse.
bool is_judged(std::string_view metric) {
  return metric != "min_ms" && metric != "max_ms" && metric != "iterations";
}

bool is_of_samples(std::string_view metric) {
  constexpr std::array<std::string_view, 6> kNames = {"avg_ms", "p50_ms", "p95_ms", "p99_ms", "tokens_per_second",
                                                      "rate"};
  return std::find(kNames.begin(), kNames.end(), metric) != kNames.end();
}

// In the order of the comparison: the mean first, then the median and the tail, then what else there is.
int place_of(std::string_view metric) {
  constexpr std::array<std::string_view, 4> kFirst = {"avg_ms", "p50_ms", "p95_ms", "p99_ms"};
  const auto* found = std::find(kFirst.begin(), kFirst.end(), metric);
  return static_cast<int>(found - kFirst.begin());
}

void add_metric(std::string name, double value, std::string unit, Direction direction, BaselineEntry& out_entry) {
  out_entry.metrics[std::move(name)] = {value, std::move(unit), direction};
}

std::string entry_name(const BenchResult& result) {
  std::string name = result.test;
  for (const std::string* part : {&result.model, &result.format, &result.mode}) {
    if (!part->empty()) name += " " + *part;
  }
  if (result.threads > 0) name += fmt::format(" threads={}", result.threads);
  if (!result.chunk.empty()) name += " chunk=" + result.chunk;
  return name;
}

BaselineEntry entry_of(const BenchResult& result, const BenchRun& run) {
  BaselineEntry entry{.name = entry_name(result), .timestamp = run.timestamp, .hardware = hardware_of(run.machine)};
  const Summary times = summarise(result.samples_ns);
  constexpr Direction kLower = Direction::kLowerIsBetter;
  add_metric("avg_ms", times.mean / kNsPerMs, "ms", kLower, entry);
  add_metric("min_ms", times.min / kNsPerMs, "ms", kLower, entry);
  add_metric("max_ms", times.max / kNsPerMs, "ms", kLower, entry);
  add_metric("p50_ms", times.median / kNsPerMs, "ms", kLower, entry);
  add_metric("p95_ms", times.p95 / kNsPerMs, "ms", kLower, entry);
  add_metric("p99_ms", times.p99 / kNsPerMs, "ms", kLower, entry);
  add_metric("iterations", static_cast<double>(times.n), "count", Direction::kHigherIsBetter, entry);
  if (result.work > 0) {
    add_metric(result.work_unit == "tokens" ? "tokens_per_second" : "rate", result.work * 1e9 / times.mean,
               result.work_unit + "/s", Direction::kHigherIsBetter, entry);
  }
  if (result.peak_bytes > 0) {
    add_metric("peak_bytes", static_cast<double>(result.peak_bytes), "bytes", kLower, entry);
  }
  entry.metadata = {{"test", result.test},      {"model", result.model}, {"format", result.format},
                    {"mode", result.mode},      {"chunk", result.chunk}, {"threads", std::to_string(result.threads)},
                    {"kernels", result.kernels}};
  if (!result.note.empty()) entry.metadata["note"] = result.note;
  entry.kernels = result.kernels;
  entry.work = result.work;
  entry.work_unit = result.work_unit;
  entry.samples_ns = result.samples_ns;
  entry.calibration_ns = result.calibration_ns;
  return entry;
}

bool are_positive(const std::vector<double>& samples) {
  return std::all_of(samples.begin(), samples.end(), [](double sample) { return std::isfinite(sample) && sample > 0; });
}

std::set<std::string> words(const std::string& text) {
  std::string spaced = text;
  std::replace(spaced.begin(), spaced.end(), ',', ' ');
  std::istringstream stream(spaced);
  std::set<std::string> result;
  for (std::string word; stream >> word;) result.insert(word);
  return result;
}

// A device that only the baseline names; files of CPU runs may say so in words.
std::string device_of(const BaselineHardware& hardware) {
  std::string device = !hardware.gpu_architecture.empty() ? hardware.gpu_architecture : hardware.gpu_name;
  std::string lower = device;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; });
  return lower == "none" || lower == "cpu" || lower == hardware.cpu_arch || lower == cpu_arch_of_this_build() ? ""
                                                                                                              : device;
}

std::string difference(std::string_view what, const std::string& then, const std::string& now) {
  if (then.empty() || now.empty() || then == now) return "";
  return fmt::format("other hardware: the baseline is of {} '{}', this is '{}'", what, printable(then), printable(now));
}

const BaselineEntry* entry_for(const Baseline& baseline, const BaselineEntry& current, const Baseline& all_current) {
  if (const BaselineEntry* same = find_entry(baseline, current.name)) return same;
  const std::string test = metadata_of(current, "test");
  if (test.empty() || find_by_metadata(all_current, "test", test).size() != 1) return nullptr;
  return find_entry(baseline, test);
}

std::string data_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  // A relative path is to be ignored, says the XDG base directory specification.
  const std::string data_home = variable("XDG_DATA_HOME");
  if (data_home.starts_with('/')) return data_home + "/ingot/baselines";
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.local/share/ingot/baselines";
}

}  // namespace

BaselineHardware hardware_of(const MachineInfo& machine) {
  return {.machine = machine, .cpu_arch = std::string(cpu_arch_of_this_build())};
}

std::string hardware_difference(const BaselineHardware& baseline, const BaselineHardware& current) {
  const std::string device = device_of(baseline);
  const std::string current_device = device_of(current);
  if (device != current_device) {
    const auto named = [](const std::string& name) {
      return name.empty() ? std::string("no GPU") : fmt::format("GPU '{}'", printable(name));
    };
    return fmt::format("other hardware: the baseline is of {}, this run used {}", named(device), named(current_device));
  }
  std::string found = difference("architecture", baseline.cpu_arch, current.cpu_arch);
  if (found.empty()) found = difference("processor", baseline.machine.processor, current.machine.processor);
  const auto cores = [](int count) { return count > 0 ? std::to_string(count) : ""; };
  if (found.empty()) {
    found = difference("a number of cores of", cores(baseline.machine.cores), cores(current.machine.cores));
  }
  if (!found.empty() || current.machine.isa.empty()) return found;
  const std::set<std::string> now = words(current.machine.isa);
  for (const std::string& isa : words(baseline.machine.isa)) {
    if (now.contains(isa)) continue;
    return fmt::format("other hardware: the baseline's machine ran {} kernels, this one has {} only", printable(isa),
                       printable(current.machine.isa));
  }
  return "";
}

Baseline baseline_of(const BenchRun& run) {
  Baseline baseline{.timestamp = run.timestamp, .hardware = hardware_of(run.machine)};
  baseline.hardware_type = run.machine.processor;
  const std::time_t time = run.timestamp;
  std::tm calendar{};
  gmtime_r(&time, &calendar);
  baseline.baseline_date =
      fmt::format("{:04}-{:02}-{:02}", calendar.tm_year + 1900, calendar.tm_mon + 1, calendar.tm_mday);
  for (const BenchResult& result : run.results) {
    if (result.samples_ns.empty() || !are_positive(result.samples_ns)) continue;
    BaselineEntry entry = entry_of(result, run);
    if (!are_positive(entry.calibration_ns)) entry.calibration_ns.clear();
    const std::string name = entry.name;
    for (int copy = 2; baseline.entries.contains(entry.name); ++copy) entry.name = fmt::format("{} #{}", name, copy);
    upsert_entry(std::move(entry), baseline);
  }
  return baseline;
}

Result<std::string> baseline_path(std::string_view name_or_path) {
  if (name_or_path.ends_with(".json")) return std::string(name_or_path);
  const std::string name(name_or_path.empty() ? "default" : name_or_path);
  const bool is_name =
      name.front() != '.' && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || std::string_view("._+-").find(letter) != std::string_view::npos;
      });
  if (!is_name) {
    return invalid(
        "baseline '{}': expected a name of at most 100 letters, digits and ._+- that begins with no dot, "
        "or a path that ends in .json",
        printable(name));
  }
  const std::string folder = data_folder();
  if (folder.empty()) {
    return invalid(
        "baseline '{}': neither XDG_DATA_HOME nor HOME says where to keep it; give a path that ends in .json", name);
  }
  return folder + "/" + name + ".json";
}

Result<Baseline> read_baseline(const std::string& path) {
  INGOT_ASSIGN(const std::string text, read_text_file(path));
  return parse_baseline(text, path);
}

Status write_baseline(const Baseline& baseline, const std::string& path) {
  const std::string folder = data_folder();
  if (!folder.empty() && std::filesystem::path(path).parent_path() == folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return fail(ErrorKind::kIo, "{}: cannot make the folder: {}", printable(folder, 4096), error.message());
  }
  return replace_text_file(path, baseline_json(baseline));
}

Status add_entry(BaselineEntry entry, Baseline& out_baseline) {
  if (out_baseline.entries.contains(entry.name))
    return invalid("baseline '{}' is there already", printable(entry.name));
  upsert_entry(std::move(entry), out_baseline);
  return {};
}

void upsert_entry(BaselineEntry entry, Baseline& out_baseline) {
  const std::string name = entry.name;
  out_baseline.entries[name] = std::move(entry);
}

const BaselineEntry* find_entry(const Baseline& baseline, const std::string& name) {
  const auto found = baseline.entries.find(name);
  return found == baseline.entries.end() ? nullptr : &found->second;
}

bool remove_entry(const std::string& name, Baseline& out_baseline) {
  return out_baseline.entries.erase(name) > 0;
}

std::vector<std::string> entry_names(const Baseline& baseline) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : baseline.entries) names.push_back(name);
  return names;
}

void merge_entries(const Baseline& from, Baseline& out_baseline) {
  for (const auto& [name, entry] : from.entries) out_baseline.entries[name] = entry;
  out_baseline.timestamp = std::max(out_baseline.timestamp, from.timestamp);
}

Baseline filter_entries(const Baseline& baseline, const std::function<bool(const BaselineEntry&)>& keeps) {
  Baseline kept = baseline;
  std::erase_if(kept.entries, [&](const auto& named) { return !keeps(named.second); });
  return kept;
}

std::vector<const BaselineEntry*> find_by_metadata(const Baseline& baseline, const std::string& key,
                                                   const std::string& value) {
  std::vector<const BaselineEntry*> found;
  for (const auto& [name, entry] : baseline.entries) {
    const auto metadata = entry.metadata.find(key);
    if (metadata != entry.metadata.end() && metadata->second == value) found.push_back(&entry);
  }
  return found;
}

Comparison compare_entries(const BaselineEntry& baseline, const BaselineEntry& current) {
  Comparison comparison{.benchmark = current.name};
  comparison.baseline_samples = baseline.samples_ns;
  comparison.current_samples = current.samples_ns;
  const bool has_samples = !baseline.samples_ns.empty() && !current.samples_ns.empty();
  // Without samples there is nothing that a calibration could stand beside; the verdict says that instead.
  if (has_samples) comparison.drift = drift_between(baseline.calibration_ns, current.calibration_ns);
  comparison.hardware_mismatch = hardware_difference(baseline.hardware, current.hardware);
  const std::string threads = metadata_of(baseline, "threads");
  if (comparison.hardware_mismatch.empty() && !threads.empty() && threads != metadata_of(current, "threads")) {
    comparison.hardware_mismatch = fmt::format("the baseline ran {} threads, this run {}", printable(threads),
                                               printable(metadata_of(current, "threads")));
  }
  if (baseline.hardware.machine.processor.empty()) comparison.note = "the baseline does not name its processor";
  if (!baseline.kernels.empty() && !current.kernels.empty() && baseline.kernels != current.kernels) {
    if (!comparison.note.empty()) comparison.note += "; ";
    comparison.note += fmt::format("kernels were {}, are {}", printable(baseline.kernels), printable(current.kernels));
  }
  for (const auto& [name, metric] : baseline.metrics) {
    const std::optional<double> measured = measured_value(current, name);
    if (metric.unit.empty() || !is_judged(name) || !measured) continue;
    const bool is_rate = metric.direction == Direction::kHigherIsBetter;
    comparison.metrics.push_back(
        {.metric = name,
         .unit = metric.unit,
         .direction = metric.direction,
         .statistic = statistic_named(name),
         .baseline = metric.value,
         .current = *measured,
         .of_samples = has_samples && is_of_samples(name) && (!is_rate || baseline.work == current.work)});
  }
  std::stable_sort(comparison.metrics.begin(), comparison.metrics.end(),
                   [](const auto& a, const auto& b) { return place_of(a.metric) < place_of(b.metric); });
  return comparison;
}

ComparisonReport compare_baselines(const Baseline& baseline, const Baseline& current, const Thresholds& thresholds) {
  std::vector<Comparison> comparisons;
  std::vector<std::string> not_in_baseline;
  std::set<std::string> not_measured;
  for (const auto& [name, entry] : baseline.entries) not_measured.insert(name);
  for (const auto& [name, entry] : current.entries) {
    const BaselineEntry* before = entry_for(baseline, entry, current);
    if (before == nullptr) {
      not_in_baseline.push_back(name);
      continue;
    }
    not_measured.erase(before->name);
    comparisons.push_back(compare_entries(*before, entry));
  }
  ComparisonReport report = judge(comparisons, thresholds);
  report.not_in_baseline = std::move(not_in_baseline);
  report.not_measured.assign(not_measured.begin(), not_measured.end());
  return report;
}

}  // namespace ingot::core
