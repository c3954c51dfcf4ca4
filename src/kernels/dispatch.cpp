#include "kernels/dispatch.h"

#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "base/cpu_features.h"
#include "kernels/fast_tables.h"
#include "kernels/tables.h"

namespace ingot::core {
namespace {

struct Entry {
  const KernelTable& (*table)();
  const char* name;
  const KernelTable& (*fast)();  // of the fast mode, or null
  bool (*runs_here)();
  // Whether it is to be chosen where none is named.
  bool (*is_quick_here)() = [] { return true; };
};

// Slowest first: the last that runs here, and runs fast, is the default.
constexpr std::array kEntries = {
    Entry{reference_kernel_table, "reference", nullptr, [] { return true; }},
    Entry{portable_kernel_table, "portable", nullptr, [] { return true; }},
#if defined(__x86_64__)
    Entry{avx2_kernel_table, "avx2", avx2_fast_table, [] { return cpu_features().avx2; }},
    Entry{avx512_kernel_table, "avx512", avx512_fast_table, [] { return cpu_features().avx512; }},
    Entry{avx512_vnni_kernel_table, "avx512_vnni", avx512_vnni_fast_table, [] { return cpu_features().avx512_vnni; }},
    Entry{avx512_bf16_kernel_table, "avx512_bf16", avx512_bf16_fast_table,
          [] { return cpu_features().avx512_vnni && cpu_features().avx512_bf16; },
          [] { return cpu_features().fast_bf16_dot; }},
    Entry{amx_bf16_kernel_table, "amx_bf16", nullptr,
          [] {
            const CpuFeatures& cpu = cpu_features();
            return cpu.avx512_vnni && cpu.avx512_bf16 && cpu.amx_bf16 && amx_permitted() && amx_bf16_works();
          }},
#endif
};

Result<const Entry*> find_entry(std::string_view name) {
  std::string_view wanted = name;
  const char* environment = std::getenv("INGOT_ISA");
  const bool from_environment = wanted.empty() && environment != nullptr;
  if (from_environment) wanted = environment;
  const Entry* best = nullptr;
  for (const Entry& entry : kEntries) {
    if (!entry.runs_here()) {
      if (wanted == entry.name) {
        return fail(ErrorKind::kUnsupported, "{}instruction set {} is not available on this processor; it has: {}",
                    from_environment ? "INGOT_ISA: " : "", wanted, available_kernel_tables());
      }
      continue;
    }
    if (wanted == entry.name) return &entry;
    if (entry.is_quick_here()) best = &entry;
  }
  if (wanted.empty()) return best;
  return invalid("{}unknown instruction set '{}'; this processor has: {}", from_environment ? "INGOT_ISA: " : "",
                 wanted, available_kernel_tables());
}

}  // namespace

std::string available_kernel_tables() {
  std::string names;
  for (const Entry& entry : kEntries) {
    if (!entry.runs_here()) continue;
    if (!names.empty()) names += ", ";
    names += entry.name;
  }
  return names;
}

Result<const KernelTable*> find_kernel_table(std::string_view name) {
  INGOT_ASSIGN(const Entry* entry, find_entry(name));
  return &entry->table();
}

Result<const KernelTable*> find_fast_kernel_table(std::string_view name) {
  INGOT_ASSIGN(const Entry* entry, find_entry(name));
  if (entry->fast == nullptr) {
    std::string names;
    for (const Entry& other : kEntries) {
      if (other.fast != nullptr && other.runs_here())
        names += fmt::format("{}{}", names.empty() ? "" : ", ", other.name);
    }
    return fail(ErrorKind::kUnsupported, "the fast mode has no kernels for the instruction set {}; here it has: {}",
                entry->name, names.empty() ? "none" : names);
  }
  return &entry->fast();
}

}  // namespace ingot::core
