#include "bench/ceilings_cache.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "base/atomic_file.h"
#include "base/cpu_features.h"
#include "base/log.h"
#include "bench/ceilings.h"
#include "kernels/probes/probes.h"

namespace ingot::core {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "ingot ceilings";
constexpr int kVersion = 1;
// Raised with every change of the probes or of how they are timed that may change a figure.
constexpr int kProbesVersion = 1;
// More is no file of ours.
constexpr int64_t kMaxFileBytes = 16 << 20;

struct Row {
  const char* name;
  Ceiling Ceilings::*ceiling;
};

constexpr Row kRows[] = {
    {"dram_read", &Ceilings::dram_read}, {"l3_read", &Ceilings::l3_read},     {"l2_read", &Ceilings::l2_read},
    {"fp32", &Ceilings::fp32},           {"int8_vnni", &Ceilings::int8_vnni}, {"bf16_dot", &Ceilings::bf16_dot},
    {"amx_bf16", &Ceilings::amx_bf16},   {"amx_int8", &Ceilings::amx_int8},
};

Result<double> number_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number()) return invalid("'{}' is not a number", name);
  const double number = found->get<double>();
  if (!std::isfinite(number) || number < 0) return invalid("'{}' is {}: expected no less than 0", name, number);
  return number;
}

Result<std::string> string_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return invalid("'{}' is not a string", name);
  return found->get<std::string>();
}

Result<int64_t> whole_number_of(const Json& json, const char* name, int64_t most) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_integer()) return invalid("'{}' is not a whole number", name);
  const bool too_large = found->is_number_unsigned() && found->get<uint64_t>() > static_cast<uint64_t>(most);
  const int64_t number = too_large ? -1 : found->get<int64_t>();
  if (number < 0 || number > most) return invalid("'{}' is outside [0, {}]", name, most);
  return number;
}

Result<const Json*> object_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_object()) return invalid("'{}' is not an object", name);
  return &*found;
}

Result<CachedCeilings> parse_entry(const Json& json) {
  if (!json.is_object()) return invalid("a machine is not an object");
  CachedCeilings entry;
  INGOT_ASSIGN(entry.key.processor, string_of(json, "processor"));
  INGOT_ASSIGN(const int64_t n_threads, whole_number_of(json, "threads", std::numeric_limits<int>::max()));
  entry.key.n_threads = static_cast<int>(n_threads);
  INGOT_ASSIGN(entry.key.isa, string_of(json, "isa"));
  INGOT_ASSIGN(entry.key.probes, string_of(json, "probes"));
  INGOT_ASSIGN(entry.measured_at, whole_number_of(json, "measured_at", std::numeric_limits<int64_t>::max()));
  INGOT_ASSIGN(const Json* figures, object_of(json, "ceilings"));
  Ceilings& ceilings = entry.ceilings;
  ceilings.processor = entry.key.processor;
  ceilings.n_threads = entry.key.n_threads;
  for (const Row& row : kRows) {
    INGOT_ASSIGN(const Json* pair, object_of(*figures, row.name));
    Ceiling& ceiling = ceilings.*row.ceiling;
    INGOT_ASSIGN(ceiling.one_thread, number_of(*pair, "one_thread"));
    INGOT_ASSIGN(ceiling.all_threads, number_of(*pair, "all_threads"));
  }
  INGOT_ASSIGN(ceilings.barrier_s, number_of(*figures, "barrier_s"));
  INGOT_ASSIGN(ceilings.granted, number_of(*figures, "granted"));
  INGOT_ASSIGN(ceilings.fp32_isa, string_of(*figures, "fp32_isa"));
  return entry;
}

}  // namespace

CeilingsKey ceilings_key(int n_threads) {
  CeilingsKey key;
  key.processor = cpu_features().brand;
  key.n_threads = n_threads;
  for (const ArithmeticProbe& probe : arithmetic_probes()) {
    const std::string name = std::string(probe.isa) + (probe.kind == Arithmetic::kAmxBf16   ? "_bf16"
                                                       : probe.kind == Arithmetic::kAmxInt8 ? "_int8"
                                                                                            : "");
    if (probe.runs_here()) key.isa += (key.isa.empty() ? "" : ",") + name;
  }
  // A probe in a build for debugging does not reach the limit, and must not speak for one that does.
#if defined(__OPTIMIZE__)
  key.probes = fmt::format("{}", kProbesVersion);
#else
  key.probes = fmt::format("{}, not optimised", kProbesVersion);
#endif
  return key;
}

Json ceilings_json(const Ceilings& ceilings) {
  Json json;
  for (const Row& row : kRows) {
    const Ceiling& ceiling = ceilings.*row.ceiling;
    json[row.name] = {{"one_thread", ceiling.one_thread}, {"all_threads", ceiling.all_threads}};
  }
  json["barrier_s"] = ceilings.barrier_s;
  json["granted"] = ceilings.granted;
  json["fp32_isa"] = ceilings.fp32_isa;
  return json;
}

std::string format_ceilings_cache(const std::vector<CachedCeilings>& entries) {
  Json machines = Json::array();
  for (const CachedCeilings& entry : entries) {
    machines.push_back({{"processor", entry.key.processor},
                        {"threads", entry.key.n_threads},
                        {"isa", entry.key.isa},
                        {"probes", entry.key.probes},
                        {"measured_at", entry.measured_at},
                        {"ceilings", ceilings_json(entry.ceilings)}});
  }
  const Json json = {{"format", kFormat}, {"version", kVersion}, {"machines", std::move(machines)}};
  return json.dump(1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace) + "\n";
}

Result<std::vector<CachedCeilings>> parse_ceilings_cache(std::string_view text) {
  const Json json = Json::parse(text, /*callback=*/nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return invalid("the file is no JSON");
  if (!json.is_object()) return invalid("the file is no JSON object");
  INGOT_ASSIGN(const std::string format, string_of(json, "format"));
  if (format != kFormat) return invalid("'format' is '{}': expected '{}'", format, kFormat);
  INGOT_ASSIGN(const int64_t version, whole_number_of(json, "version", std::numeric_limits<int>::max()));
  if (version != kVersion) return invalid("'version' is {}: expected {}", version, kVersion);
  const auto machines = json.find("machines");
  if (machines == json.end() || !machines->is_array()) return invalid("'machines' is not a list");
  std::vector<CachedCeilings> entries;
  for (const Json& machine : *machines) {
    INGOT_ASSIGN(CachedCeilings entry, parse_entry(machine));
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string ceilings_cache_path() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return std::string(cache) + "/ingot/ceilings.json";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::string(home) + "/.cache/ingot/ceilings.json";
  return "";
}

Result<std::vector<CachedCeilings>> read_ceilings_cache(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return std::vector<CachedCeilings>{};
  // Opening a FIFO would wait for its writer.
  if (!std::filesystem::is_regular_file(status)) return fail(ErrorKind::kIo, "{}: not a regular file", path);
  const auto n_bytes = std::filesystem::file_size(path, error);
  if (!error && n_bytes > static_cast<uintmax_t>(kMaxFileBytes)) {
    return invalid("{}: {} bytes are too many for measured ceilings", path, n_bytes);
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::kIo, "{}: {}", path, std::strerror(errno));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Result<std::vector<CachedCeilings>> entries = parse_ceilings_cache(text);
  if (!entries) return tl::unexpected<Error>(entries.error().context(path));
  return entries;
}

Status store_ceilings(const std::string& path, const CachedCeilings& entry) {
  std::vector<CachedCeilings> entries = read_ceilings_cache(path).value_or(std::vector<CachedCeilings>{});
  std::erase_if(entries, [&](const CachedCeilings& old) { return old.key == entry.key; });
  entries.push_back(entry);

  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return fail(ErrorKind::kIo, "cannot make the folder of {}: {}", path, error.message());
  const std::string text = format_ceilings_cache(entries);
  return write_file_atomically(path, std::as_bytes(std::span(text)));
}

Result<Ceilings> load_or_measure_ceilings(int n_threads, bool refresh, const CeilingProgress& progress) {
  const CeilingsKey key = ceilings_key(n_threads);
  const std::string path = ceilings_cache_path();
  if (!refresh && !path.empty()) {
    const Result<std::vector<CachedCeilings>> entries = read_ceilings_cache(path);
    if (!entries) log_warning("{}; the machine's limits are measured anew", entries.error().message);
    for (const CachedCeilings& entry : entries.value_or(std::vector<CachedCeilings>{})) {
      if (entry.key == key) return entry.ceilings;
    }
  }
  INGOT_ASSIGN(const std::unique_ptr<ThreadPool> pool, ThreadPool::create(n_threads));
  INGOT_ASSIGN(const Ceilings ceilings, measure_ceilings(*pool, {.progress = progress}));
  // Less would be a limit that kernels exceed as soon as the neighbours are gone.
  constexpr double kGrantedToBeKept = 0.9;
  if (ceilings.granted < kGrantedToBeKept) {
    log_warning(
        "this machine is busy: its threads got {:.0f} % of their time at best, so its limits are measured too "
        "low; they are measured again next time",
        100 * ceilings.granted);
    return ceilings;
  }
  const Status stored = path.empty() ? fail(ErrorKind::kIo, "neither XDG_CACHE_HOME nor HOME names a folder")
                                     : store_ceilings(path, {key, std::time(nullptr), ceilings});
  if (!stored) log_warning("{}; the machine's limits are measured again next time", stored.error().message);
  return ceilings;
}

}  // namespace ingot::core
