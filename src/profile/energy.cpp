#include "profile/energy.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace ingot::core {
namespace {

Result<std::string> first_line(const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) {
    return fail(ErrorKind::kIo, "{}: {}", path, errno != 0 ? std::strerror(errno) : "empty");
  }
  return line;
}

Result<uint64_t> read_microjoules(const std::string& path) {
  INGOT_ASSIGN(const std::string line, first_line(path));
  const std::optional<uint64_t> number = parse_microjoules(line);
  if (!number) return fail(ErrorKind::kIo, "{}: '{}' is not a number of microjoules", path, line);
  return *number;
}

}  // namespace

std::optional<uint64_t> parse_microjoules(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || after != end) return std::nullopt;
  return number;
}

uint64_t energy_between_uj(uint64_t before_uj, uint64_t after_uj, uint64_t range_uj) {
  if (after_uj >= before_uj) return after_uj - before_uj;
  // Without a sensible range the counter was reset: what it shows now is all that is known.
  return range_uj >= before_uj ? range_uj - before_uj + after_uj : after_uj;
}

Result<EnergyMeter> EnergyMeter::open(const std::string& powercap) {
  std::vector<std::string> folders;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(powercap, error), end; !error && entry != end;
       entry.increment(error)) {
    folders.push_back(entry->path());
  }
  std::sort(folders.begin(), folders.end());
  EnergyMeter meter;
  std::optional<Error> refused;
  for (const std::string& folder : folders) {
    // AMD's processors too; "core", "dram" and the like are parts of a package.
    const Result<std::string> name = first_line(folder + "/name");
    if (!name || !name->starts_with("package")) continue;
    Package package;
    package.energy_path = folder + "/energy_uj";
    const Result<uint64_t> now = read_microjoules(package.energy_path);
    if (!now) {
      refused = now.error();
      continue;
    }
    // The same package may be listed twice, through MSR and memory-mapped registers; only "intel-rapl:" is counted.
    if (std::filesystem::path(folder).filename().string().starts_with("intel-rapl-mmio")) continue;
    package.last_uj = *now;
    package.range_uj = read_microjoules(folder + "/max_energy_range_uj").value_or(0);
    meter.packages_.push_back(std::move(package));
  }
  if (!meter.packages_.empty()) return meter;
  if (refused) {
    return fail(ErrorKind::kUnsupported,
                "no energy figures: {}; the system must allow this user to read it ('chmod o+r' by root)",
                refused->message);
  }
  return fail(ErrorKind::kUnsupported,
              "no energy figures: {} lists no processor package; virtual machines have none, and elsewhere the kernel "
              "module intel_rapl_msr brings it",
              powercap);
}

Result<double> EnergyMeter::joules() {
  uint64_t total_uj = 0;
  for (Package& package : packages_) {
    INGOT_ASSIGN(const uint64_t now_uj, read_microjoules(package.energy_path));
    package.used_uj += energy_between_uj(package.last_uj, now_uj, package.range_uj);
    package.last_uj = now_uj;
    total_uj += package.used_uj;
  }
  return 1e-6 * static_cast<double>(total_uj);
}

}  // namespace ingot::core
