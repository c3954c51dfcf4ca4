#include <fmt/format.h>

#include "base/cpu_features.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "ingot/version.h"
#include "kernels/dispatch.h"

namespace ingot::cli {
namespace {

// What this processor offers of the instruction sets that kernels know, best last.
std::string instruction_sets() {
  const core::CpuFeatures& cpu = core::cpu_features();
  std::string list;
  const auto add = [&list](bool present, const char* name) {
    if (present) list += (list.empty() ? "" : " ") + std::string(name);
  };
  add(cpu.avx2, "avx2");
  add(cpu.avx_vnni, "avx_vnni");
  add(cpu.avx512, "avx512");
  add(cpu.avx512_vnni, "avx512_vnni");
  add(cpu.avx512_bf16, "avx512_bf16");
  add(cpu.amx_bf16, "amx_bf16");
  add(cpu.amx_int8, "amx_int8");
  return list.empty() ? "none beyond the baseline" : list;
}

}  // namespace

std::string version_text(bool json) {
  const auto table = core::find_kernel_table({});
  const std::string kernels = table ? (*table)->name : "none: " + table.error().message;
  if (json) {
    return json_text(Json{{"schema", kJsonSchema},
                          {"version", version_string()},
                          {"commit", build_commit()},
                          {"compiler", build_compiler()},
                          {"processor", core::cpu_features().brand},
                          {"isa", instruction_sets()},
                          {"kernels", kernels},
                          {"kernels_available", core::available_kernel_tables()}});
  }
  return fmt::format("ingot {} (commit {}, {})\nprocessor: {}\nisa: {}\nkernels: {} (available: {})\n",
                     version_string(), build_commit(), build_compiler(), core::cpu_features().brand, instruction_sets(),
                     kernels, core::available_kernel_tables());
}

}  // namespace ingot::cli
