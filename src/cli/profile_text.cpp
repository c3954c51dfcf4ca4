#include "cli/profile_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/profile_prefill.h"

namespace ingot::cli {
namespace {

std::string bytes_text(int64_t n_bytes) {
  const auto bytes = static_cast<double>(n_bytes);
  if (bytes >= 1e9) return fmt::format("{:.2f} GB", bytes * 1e-9);
  if (bytes >= 1e6) return fmt::format("{:.1f} MB", bytes * 1e-6);
  if (bytes >= 1e4) return fmt::format("{:.1f} kB", bytes * 1e-3);
  return fmt::format("{} bytes", n_bytes);
}

std::string bar(double share) {
  constexpr double kWidth = 24;
  const double length = std::clamp(share, 0.0, 1.0) * kWidth;
  return std::string(static_cast<size_t>(std::lround(length)), '#');
}

void add_stages(const char* title, const std::vector<ProfileStage>& stages, double total_ms, std::string& out) {
  out += fmt::format("{}: {:.1f} ms\n", title, total_ms);
  for (const ProfileStage& stage : stages) {
    const double share = total_ms > 0 ? stage.ms / total_ms : 0;
    out += fmt::format("  {:<20} {:>9.2f} ms {:>6.1f} %  {}\n", stage.name, stage.ms, 100 * share, bar(share));
  }
  out += "\n";
}

void add_rows(const std::string& phase, const std::vector<ProfileOperation>& rows, std::string& out) {
  size_t layers_width = 6, name_width = 9, format_width = 6, kernel_width = 6;
  for (const ProfileOperation& row : rows) {
    layers_width = std::max(layers_width, row.layers.size());
    name_width = std::max(name_width, row.name.size());
    format_width = std::max(format_width, row.format.size());
    kernel_width = std::max(kernel_width, row.kernel.size());
  }
  out += fmt::format("  {:<{}}  {:<{}}  {:<{}} {:>7} {:>10} {:>7} {:>8} {:>8} {:>15} {:>6}  {:<{}}\n", "layers",
                     layers_width, "operation", name_width, "format", format_width, "calls", "ms", "share", "GB/s",
                     "GFLOP/s", "of the limit", "wait", "kernel", kernel_width);
  bool any_apart = false;
  for (const ProfileOperation& row : rows) {
    if (row.phase != phase) continue;
    any_apart = any_apart || row.apart;
    const std::string limit =
        row.bound.empty() ? "-" : fmt::format("{:.1f} % {:<4}", row.percent_of_ceiling, row.bound);
    const std::string share = row.apart ? "apart" : fmt::format("{:.1f} %", 100 * row.share);
    out += fmt::format("  {:<{}}  {:<{}}  {:<{}} {:>7} {:>10.2f} {:>7} {:>8.2f} {:>8.1f} {:>15} {:>4.0f} %  {}\n",
                       row.layers.empty() ? "-" : row.layers, layers_width, row.name, name_width,
                       row.format.empty() ? "-" : row.format, format_width, row.calls, row.ms, share, row.gb_per_s,
                       row.gflop_per_s, limit, 100 * row.wait_share, row.kernel);
  }
  if (any_apart) {
    out +=
        "  (rows marked apart were run once more, step by step, beside the fused attention; they are part of no "
        "sum)\n";
  }
}

void add_phase(const ProfileReport& report, const ProfilePhase& phase, bool per_layer, std::string& out) {
  out += fmt::format("{}: {} tokens in {} steps, {:.1f} ms, {:.1f} tok/s\n", phase.name, phase.tokens, phase.steps,
                     phase.ms, phase.tokens_per_second);
  add_rows(phase.name, per_layer ? report.layers : report.operations, out);
  out += fmt::format("  between operations {:.2f} ms; {} parallel loops, half of them under {:.1f} us\n",
                     phase.ms - phase.operations_ms, phase.loops, phase.loop_us_median);
  for (size_t thread_idx = 0; thread_idx < phase.thread_busy_ms.size(); ++thread_idx) {
    out += fmt::format("  thread {}: {:.1f} ms at work, {:.1f} ms waiting in loops\n", thread_idx,
                       phase.thread_busy_ms[thread_idx], phase.thread_wait_ms[thread_idx]);
  }
  out += "\n";
}

void add_memory(const ProfileMemory& memory, std::string& out) {
  out += fmt::format(
      "memory: weights {} (mapped), keys and values {} ({} a token), attention scratch {}, other scratch {}, peak {} "
      "resident\n        {} buffers allocated, {} in all\n\n",
      bytes_text(memory.weights), bytes_text(memory.kv), bytes_text(memory.kv_per_token),
      bytes_text(memory.attention_scratch), bytes_text(memory.other_scratch), bytes_text(memory.peak_resident),
      memory.allocations, bytes_text(memory.allocated_bytes));
}

void add_findings(const ProfileReport& report, std::string& out) {
  out += "diagnosis:\n";
  if (report.findings.empty()) out += "  nothing stands out\n";
  for (const ProfileFinding& finding : report.findings) {
    out += fmt::format("  {}: {}\n    because: {}\n    helps:   {}\n", finding.kind, finding.text, finding.evidence,
                       finding.advice);
  }
}

Json stages_json(const std::vector<ProfileStage>& stages) {
  Json json = Json::array();
  for (const ProfileStage& stage : stages) json.push_back({{"name", stage.name}, {"ms", stage.ms}});
  return json;
}

Json operations_json(const std::vector<ProfileOperation>& rows) {
  Json json = Json::array();
  for (const ProfileOperation& row : rows) {
    json.push_back({{"phase", row.phase},
                    {"layers", row.layers},
                    {"operation", row.name},
                    {"format", row.format},
                    {"kernel", row.kernel},
                    {"backend", row.backend},
                    {"calls", row.calls},
                    {"ms", row.ms},
                    {"share", row.share},
                    {"bytes", row.bytes},
                    {"flops", row.flops},
                    {"gb_per_second", row.gb_per_s},
                    {"gflop_per_second", row.gflop_per_s},
                    {"percent_of_ceiling", row.percent_of_ceiling},
                    {"bound", row.bound},
                    {"wait_share", row.wait_share},
                    {"loops", row.loops},
                    {"serial_ms", row.serial_ms},
                    {"apart", row.apart}});
  }
  return json;
}

Json phases_json(const std::vector<ProfilePhase>& phases) {
  Json json = Json::array();
  for (const ProfilePhase& phase : phases) {
    json.push_back({{"name", phase.name},
                    {"tokens", phase.tokens},
                    {"steps", phase.steps},
                    {"ms", phase.ms},
                    {"operations_ms", phase.operations_ms},
                    {"operations", phase.operations},
                    {"loops", phase.loops},
                    {"loop_us_median", phase.loop_us_median},
                    {"short_loop_share", phase.short_loop_share},
                    {"wait_ms", phase.wait_ms},
                    {"short_loop_wait_ms", phase.short_loop_wait_ms},
                    {"serial_ms", phase.serial_ms},
                    {"imbalance", phase.imbalance},
                    {"thread_busy_ms", phase.thread_busy_ms},
                    {"thread_wait_ms", phase.thread_wait_ms},
                    {"tokens_per_second", phase.tokens_per_second}});
  }
  return json;
}

Json backends_json(const std::vector<ProfileOperation>& rows) {
  Json json = Json::object();
  for (const ProfileOperation& row : rows) {
    if (row.apart) continue;
    Json& backend = json[row.backend];
    if (backend.is_null()) backend = {{"operations", 0}, {"ms", 0.0}};
    backend["operations"] = backend["operations"].get<int64_t>() + row.calls;
    backend["ms"] = backend["ms"].get<double>() + row.ms;
  }
  return json;
}

}  // namespace

std::string target_verdict(const ProfileReport& report, double target_ms) {
  const double gap = target_ms - report.first_byte_ms;
  return fmt::format("{}: first byte after {:.1f} ms, {:.1f} ms {} the target of {:.0f} ms", gap >= 0 ? "PASS" : "FAIL",
                     report.first_byte_ms, std::abs(gap), gap >= 0 ? "under" : "over", target_ms);
}

std::string profile_text(const ProfileReport& report, const ProfileTextOptions& options) {
  const ModelInfo& model = report.model;
  std::string out =
      fmt::format("{}, {} parameters in {}, {} kernels, {} threads, on {}\n", model.architecture, model.n_parameters,
                  bytes_text(model.file_bytes), model.kernels, model.threads, report.ceilings.processor);
  out += fmt::format("prompt {} tokens{}, generated {}, {:.1f} ms in all\n\n", report.prompt_tokens,
                     report.used_template ? " with those of the chat template" : "", report.generated_tokens,
                     report.wall_ms);
  add_stages("time to the first byte", report.stages, report.first_byte_ms, out);
  if (report.generated_tokens > 1) {
    add_stages("from there to the end", report.decode_stages, report.wall_ms - report.first_byte_ms, out);
  }
  for (const ProfilePhase& phase : report.phases) add_phase(report, phase, options.per_layer, out);
  out += prefill_text(report.prefill);
  add_memory(report.memory, out);
  for (const std::string* line : {&report.drift, &report.counters, &report.energy}) {
    if (!line->empty()) out += *line + "\n";
  }
  if (report.dropped_events > 0) {
    out += fmt::format("{} events found no room and are missing above: fewer tokens (-n) fit\n", report.dropped_events);
  }
  add_findings(report, out);
  if (options.target_first_token_ms > 0) out += "\n" + target_verdict(report, options.target_first_token_ms) + "\n";
  return out;
}

Json profile_json(const ProfileReport& report, const ProfileTextOptions& options) {
  const MachineCeilings& limits = report.ceilings;
  Json json = {{"schema", kJsonSchema},
               {"model",
                {{"architecture", report.model.architecture},
                 {"name", report.model.name},
                 {"parameters", report.model.n_parameters},
                 {"file_bytes", report.model.file_bytes}}},
               {"mode", mode_name(report.model.mode)},
               {"kernels", report.model.kernels},
               {"threads", report.model.threads},
               {"chat_template", report.used_template},
               {"prompt_tokens", report.prompt_tokens},
               {"generated_tokens", report.generated_tokens},
               {"wall_ms", report.wall_ms},
               {"first_byte_ms", report.first_byte_ms},
               {"stages", stages_json(report.stages)},
               {"decode_stages", stages_json(report.decode_stages)},
               {"phases", phases_json(report.phases)},
               {"operations", operations_json(report.operations)},
               {"backends", backends_json(report.operations)}};
  if (options.per_layer) json["layers"] = operations_json(report.layers);
  json["memory"] = {{"weights", report.memory.weights},
                    {"kv", report.memory.kv},
                    {"kv_per_token", report.memory.kv_per_token},
                    {"attention_scratch", report.memory.attention_scratch},
                    {"other_scratch", report.memory.other_scratch},
                    {"activations", report.memory.activations},
                    {"peak_resident", report.memory.peak_resident},
                    {"allocations", report.memory.allocations},
                    {"allocated_bytes", report.memory.allocated_bytes}};
  json["prefill"] = prefill_json(report.prefill);
  json["ceilings"] = {{"processor", limits.processor},
                      {"dram_read_now", report.dram_read_now},
                      {"dram_read", limits.dram_read.all_threads},
                      {"l3_read", limits.l3_read.all_threads},
                      {"l2_read", limits.l2_read.all_threads},
                      {"fp32", limits.fp32.all_threads},
                      {"fp32_isa", limits.fp32_isa},
                      {"bf16_dot", limits.bf16_dot.all_threads},
                      {"int8_vnni", limits.int8_vnni.all_threads},
                      {"amx_bf16", limits.amx_bf16.all_threads},
                      {"amx_int8", limits.amx_int8.all_threads},
                      {"barrier_us", limits.barrier_us}};
  json["drift"] = report.drift;
  json["counters"] = report.counters;
  json["energy"] = report.energy;
  json["dropped_events"] = report.dropped_events;
  Json findings = Json::array();
  for (const ProfileFinding& finding : report.findings) {
    findings.push_back({{"kind", finding.kind},
                        {"share", finding.share},
                        {"text", finding.text},
                        {"evidence", finding.evidence},
                        {"advice", finding.advice}});
  }
  json["findings"] = std::move(findings);
  if (options.target_first_token_ms > 0) {
    json["target"] = {{"first_byte_ms", options.target_first_token_ms},
                      {"passed", report.first_byte_ms <= options.target_first_token_ms},
                      {"gap_ms", options.target_first_token_ms - report.first_byte_ms}};
  }
  return json;
}

}  // namespace ingot::cli
