#include "cli/bench_ceilings.h"

#include <fmt/format.h>

#include <string>

#include "cli/exit_codes.h"
#include "cli/interrupt.h"
#include "cli/json_text.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "ingot/profile.h"

namespace ingot::cli {
namespace {

struct Line {
  const char* key;
  const char* name;
  MachineCeilings::Pair MachineCeilings::*value;
  const char* unit;
};
constexpr Line kLines[] = {
    {"dram_read", "DRAM read", &MachineCeilings::dram_read, "GB/s"},
    {"l3_read", "L3 read", &MachineCeilings::l3_read, "GB/s"},
    {"l2_read", "L2 read", &MachineCeilings::l2_read, "GB/s"},
    {"fp32", "FP32 multiply-add", &MachineCeilings::fp32, "GFLOP/s"},
    {"int8_vnni", "int8 dot (VNNI)", &MachineCeilings::int8_vnni, "GOP/s"},
    {"bf16_dot", "bf16 dot (AVX-512)", &MachineCeilings::bf16_dot, "GFLOP/s"},
    {"amx_bf16", "bf16 tiles (AMX)", &MachineCeilings::amx_bf16, "GFLOP/s"},
    {"amx_int8", "int8 tiles (AMX)", &MachineCeilings::amx_int8, "GOP/s"},
};

std::string ceilings_text(const MachineCeilings& ceilings) {
  std::string text = fmt::format("{}, {} threads\n\n  {:<20} {:>12} {:>12}\n", ceilings.processor, ceilings.threads, "",
                                 "one thread", "all threads");
  for (const Line& line : kLines) {
    const auto& value = ceilings.*line.value;
    if (value.all_threads <= 0) {
      text += fmt::format("  {:<20} {:>12} {:>12} (this processor has none)\n", line.name, "-", "-");
      continue;
    }
    text += fmt::format("  {:<20} {:>12.1f} {:>12.1f} {}\n", line.name, value.one_thread * 1e-9,
                        value.all_threads * 1e-9, line.unit);
  }
  text += fmt::format("  {:<20} {:>12} {:>12.2f} us for an empty loop\n", "barrier", "", ceilings.barrier_us);
  if (ceilings.granted < 0.95) {
    text += fmt::format(
        "\nThe machine was busy: the system granted {:.0f} % of the time, and figures of all threads "
        "are too low. They were not remembered.\n",
        100 * ceilings.granted);
  }
  return text;
}

Json ceilings_json(const MachineCeilings& ceilings) {
  Json json = {{"schema", kJsonSchema}, {"processor", ceilings.processor}, {"threads", ceilings.threads}};
  for (const Line& line : kLines) {
    const auto& value = ceilings.*line.value;
    json[line.key] = {{"one_thread", value.one_thread}, {"all_threads", value.all_threads}};
  }
  json["barrier_us"] = ceilings.barrier_us;
  json["fp32_isa"] = ceilings.fp32_isa;
  json["granted"] = ceilings.granted;
  return json;
}

}  // namespace

int show_ceilings(const std::vector<int64_t>& threads, bool json) {
  const CancelToken cancel;
  const InterruptScope interrupt(cancel);
  for (const int64_t n_threads : threads) {
    Progress progress("measuring this machine's limits");
    const auto ceilings = machine_ceilings(static_cast<int>(n_threads), /*refresh=*/true, [&](double fraction) {
      progress.show(fmt::format("{:.0f} %", 100 * fraction));
      return !cancel.cancelled();
    });
    progress.clear();
    if (!ceilings && cancel.cancelled()) return kInterrupted;
    if (!ceilings) return report_error(ceilings.error().message);
    const int code = write_result(json ? json_text(ceilings_json(*ceilings)) : ceilings_text(*ceilings));
    if (code != kDone) return code;
  }
  return kDone;
}

}  // namespace ingot::cli
