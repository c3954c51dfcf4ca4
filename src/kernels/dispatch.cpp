#include "kernels/dispatch.h"

#include <array>
#include <cstdlib>

#include "base/cpu_features.h"
#include "kernels/tables.h"

namespace ingot::core {
namespace {

struct Entry {
  const KernelTable& (*table)();
  const char* name;
  bool (*runs_here)();
  bool (*is_fast_here)() = [] { return true; };
};

// Slowest first: the last that runs here, and runs fast, is the default.
constexpr std::array kEntries = {
    Entry{reference_kernel_table, "reference", [] { return true; }},
    Entry{portable_kernel_table, "portable", [] { return true; }},
#if defined(__x86_64__)
    Entry{avx2_kernel_table, "avx2", [] { return cpu_features().avx2; }},
    Entry{avx512_kernel_table, "avx512", [] { return cpu_features().avx512; }},
    Entry{avx512_vnni_kernel_table, "avx512_vnni", [] { return cpu_features().avx512_vnni; }},
    Entry{avx512_bf16_kernel_table, "avx512_bf16",
          [] { return cpu_features().avx512_vnni && cpu_features().avx512_bf16; },
          [] { return cpu_features().fast_bf16_dot; }},
    Entry{amx_bf16_kernel_table, "amx_bf16",
          [] {
            const CpuFeatures& cpu = cpu_features();
            return cpu.avx512_vnni && cpu.avx512_bf16 && cpu.amx_bf16 && amx_permitted() && amx_bf16_works();
          }},
#endif
};

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
  std::string_view wanted = name;
  const char* environment = std::getenv("INGOT_ISA");
  const bool from_environment = wanted.empty() && environment != nullptr;
  if (from_environment) wanted = environment;
  const KernelTable* best = nullptr;
  for (const Entry& entry : kEntries) {
    if (!entry.runs_here()) {
      if (wanted == entry.name) {
        return fail(ErrorKind::kUnsupported, "{}instruction set {} is not available on this processor; it has: {}",
                    from_environment ? "INGOT_ISA: " : "", wanted, available_kernel_tables());
      }
      continue;
    }
    if (wanted == entry.name) return &entry.table();
    if (entry.is_fast_here()) best = &entry.table();
  }
  if (wanted.empty()) return best;
  return invalid("{}unknown instruction set '{}'; this processor has: {}", from_environment ? "INGOT_ISA: " : "",
                 wanted, available_kernel_tables());
}

}  // namespace ingot::core
