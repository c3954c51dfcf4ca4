#include "bench/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string_view>

#include "bench/thread_findings.h"

namespace ingot::core {
namespace {

using Findings = std::vector<ProfileFinding>;

double stage_ms(const std::vector<ProfileStage>& stages, std::initializer_list<std::string_view> names) {
  double sum = 0;
  for (const ProfileStage& stage : stages) {
    if (std::ranges::find(names, stage.name) != names.end()) sum += stage.ms;
  }
  return sum;
}

const char* bandwidth_band(double percent) {
  if (percent >= 80) return "excellent";
  if (percent >= 60) return "good";
  if (percent >= 50) return "fair";
  if (percent >= 30) return "moderate";
  return "poor";
}

bool memory_bound(const ProfileOperation& row) {
  return row.bound == "DRAM" || row.bound == "L3" || row.bound == "L2";
}

// The rows of one phase that some condition picks, as one.
struct Sum {
  double ms = 0;
  double share = 0;
  double bytes = 0;
  double flops = 0;
  double bound_ms = 0;  // at the ceilings
  double percent() const { return ms > 0 ? 100.0 * bound_ms / ms : 0; }
  double gb_per_s() const { return ms > 0 ? bytes * 1e-6 / ms : 0; }
  double gflop_per_s() const { return ms > 0 ? flops * 1e-6 / ms : 0; }
};

Sum sum_rows(const ProfileReport& report, const ProfilePhase& phase,
             const std::function<bool(const ProfileOperation&)>& wanted) {
  Sum sum;
  for (const ProfileOperation& row : report.operations) {
    if (row.phase != phase.name || row.apart || !wanted(row)) continue;
    sum.ms += row.ms;
    sum.share += row.share;
    sum.bytes += row.bytes;
    sum.flops += row.flops;
    sum.bound_ms += row.ms * row.percent_of_ceiling / 100.0;
  }
  return sum;
}

std::string layers_text(const ProfileOperation& row) {
  return row.layers.empty() ? std::string() : fmt::format(" of layers {}", row.layers);
}

// An operation whose time neither its bytes nor its arithmetic explain: it waits for something else.
void find_slow_operation(const ProfileReport& report, const ProfilePhase& phase, Findings& out) {
  constexpr double kLeastShare = 0.15;
  constexpr double kPercent = 5;  // of the ceiling; the slowest kernel that is merely plain reaches more
  const Sum all = sum_rows(report, phase, [](const auto&) { return true; });
  for (const ProfileOperation& row : report.operations) {
    if (row.phase != phase.name || row.apart || row.bound.empty()) continue;
    const double expected_share = all.bound_ms > 0 ? row.ms * row.percent_of_ceiling / 100.0 / all.bound_ms : 0;
    if (row.share < kLeastShare || row.percent_of_ceiling > kPercent || row.share < 4 * expected_share) continue;
    out.push_back({.kind = "slow operation",
                   .share = row.share,
                   .text = fmt::format("{}{} takes {:.0f} % of the {}, for work that should take {:.1f} % of it.",
                                       row.name, layers_text(row), 100 * row.share, phase.name, 100 * expected_share),
                   .evidence = fmt::format("{} calls of {:.1f} us each move {:.2f} GB/s and compute {:.2f} GFLOP/s: "
                                           "{:.2g} % of the {} ceiling",
                                           row.calls, 1000 * row.ms / static_cast<double>(row.calls), row.gb_per_s,
                                           row.gflop_per_s, row.percent_of_ceiling, row.bound),
                   .advice = "Neither memory nor arithmetic explains the time: look in its trace for waiting, system "
                             "calls, page faults, or a plain fallback."});
  }
}

// How much of its ceiling the memory gives beside this request, where that was measured: at most all of it.
double memory_now(const ProfileReport& report) {
  const double then = report.ceilings.dram_read.all_threads;
  if (report.dram_read_now <= 0 || then <= 0) return 1;
  return std::min(1.0, report.dram_read_now / then);
}

void find_memory_limits(const ProfileReport& report, const ProfilePhase& phase, Findings& out) {
  constexpr double kLeastShare = 0.3;
  constexpr double kGood = 60;  // percent: what profilers of other machines call good; decoding costs the rest
  const auto reads_weights = [](const ProfileOperation& row) { return memory_bound(row) && !row.format.empty(); };
  const Sum weights = sum_rows(report, phase, reads_weights);
  if (weights.share < kLeastShare) return;
  // Of what the memory gives now: a neighbour that takes half of it does not make the kernels slow.
  const Sum from_dram =
      sum_rows(report, phase, [](const auto& row) { return row.bound == "DRAM" && !row.format.empty(); });
  const double now = from_dram.ms > 0.5 * weights.ms ? memory_now(report) : 1;
  const double percent = weights.percent() / now;
  const std::string evidence = fmt::format(
      "weights are read in sequence, of which 95 % of the ceiling may be expected, at {:.1f} GB/s: {:.0f} %{} ({})",
      weights.gb_per_s(), percent, now < 1 ? " of what the memory gives now" : "", bandwidth_band(percent));
  if (percent >= kGood) {
    out.push_back({.kind = "bandwidth-bound",
                   .share = weights.share,
                   .text = fmt::format("The {} is bound by reading the weights: {:.0f} % of its time.", phase.name,
                                       100 * weights.share),
                   .evidence = evidence,
                   .advice = "Fewer bytes a token: a smaller weight format, or several sequences in one step."});
    return;
  }
  // Which format costs most beyond what its bytes would.
  const auto lost_ms = [](const ProfileOperation& row) { return row.ms * (100 - row.percent_of_ceiling); };
  const ProfileOperation* worst = nullptr;
  for (const ProfileOperation& row : report.operations) {
    if (row.phase != phase.name || row.apart || !reads_weights(row)) continue;
    if (worst == nullptr || lost_ms(row) > lost_ms(*worst)) worst = &row;
  }
  const bool plain = worst->format == "F32" || worst->format == "F16" || worst->format == "BF16";
  const bool decodes_easily = worst->format == "Q4_0" || worst->format == "Q4_1" || worst->format == "Q8_0";
  out.push_back(
      {.kind = plain ? "below bandwidth" : "dequantisation-bound",
       .share = weights.share,
       .text = plain ? fmt::format("The {} reads weights at {:.0f} % of the memory's speed only, worst in {}.",
                                   phase.name, percent, worst->name)
                     : fmt::format("The {} spends its time decoding {} weights, not reading them, most in {}.",
                                   phase.name, worst->format, worst->name),
       .evidence = fmt::format("{}; worst is {} ({}) at {:.1f} GB/s, {:.0f} % of the {} ceiling", evidence, worst->name,
                               worst->format, worst->gb_per_s, worst->percent_of_ceiling, worst->bound),
       .advice = plain ? "More threads, if there are cores; or find out what else uses the memory meanwhile."
                       : fmt::format("{}a newer instruction set, more threads, or faster kernels. The pages of a "
                                     "mapped file are small: 55 to 80 % of the DRAM ceiling is what they can give.",
                                     decodes_easily ? "The format is an easy one already: "
                                                    : "A format that decodes with less arithmetic (Q4_0, Q8_0), ")});
}

// Of the units that bind some operation, by the names of ArithmeticLimit, the one that binds longest.
std::string busiest_unit(const ProfileReport& report, const ProfilePhase& phase) {
  std::map<std::string, double> ms;
  for (const ProfileOperation& row : report.operations) {
    if (row.phase == phase.name && !row.apart && !row.bound.empty() && !memory_bound(row)) ms[row.bound] += row.ms;
  }
  const auto longest = std::ranges::max_element(ms, [](const auto& a, const auto& b) { return a.second < b.second; });
  return longest == ms.end() ? std::string() : longest->first;
}

void find_compute_limits(const ProfileReport& report, const ProfilePhase& phase, Findings& out) {
  constexpr double kLeastShare = 0.3;
  // A kernel at less than a third of the units' peak is not held back by them: it decodes, or waits for data. Peaks
  // themselves differ by a tenth between measurements.
  constexpr double kBusy = 30;
  const Sum compute = sum_rows(report, phase, [](const auto& row) { return !row.bound.empty() && !memory_bound(row); });
  if (compute.share < kLeastShare) return;
  const double percent = compute.percent();
  // int8 and bf16 units may do several times what FP32 does.
  const MachineCeilings& limits = report.ceilings;
  const std::string unit = busiest_unit(report, phase);
  const bool in_fp32 = unit == "fp32";
  const double best_unit = std::max({limits.int8_vnni.all_threads, limits.bf16_dot.all_threads,
                                     limits.amx_bf16.all_threads, limits.amx_int8.all_threads});
  const double factor = limits.fp32.all_threads > 0 ? best_unit / limits.fp32.all_threads : 0;
  out.push_back(
      {.kind = percent >= kBusy ? "compute-bound" : "below compute",
       .share = compute.share,
       .text = percent >= kBusy ? fmt::format("The {} is bound by arithmetic: {:.0f} % of its time.", phase.name,
                                              100 * compute.share)
                                : fmt::format("The {} computes at {:.0f} % of what the units can do, for {:.0f} % of "
                                              "its time.",
                                              phase.name, percent, 100 * compute.share),
       .evidence = fmt::format("{:.0f} GFLOP/s, {:.0f} % of what {} reaches here", compute.gflop_per_s(), percent,
                               in_fp32 ? fmt::format("FP32 ({})", limits.fp32_isa) : unit),
       .advice = fmt::format("{}{}",
                             percent < 60 ? "The kernels leave part of the units idle: weights are decoded once for "
                                            "each chunk, so larger chunks help. "
                                          : "",
                             in_fp32 && factor > 1.5
                                 ? fmt::format("This processor's dot-product units could do {:.1f} times the "
                                               "operations of FP32.",
                                               factor)
                                 : "More cores, or a smaller model.")});
}

void find_kv_growth(const ProfileReport& report, const ProfilePhase& phase, Findings& out) {
  if (phase.name != "decode" || phase.steps == 0) return;
  const Sum attention = sum_rows(report, phase, [](const auto& row) { return row.name == "attention"; });
  // Over less than a page of the cache, an attention's fixed cost outweighs what grows.
  constexpr double kLeastDepth = 64;
  constexpr double kMuch = 0.2;
  const double depth = static_cast<double>(report.prompt_tokens) + static_cast<double>(phase.steps) / 2;
  if (depth < kLeastDepth) return;
  const double rest_ms = (phase.ms - attention.ms) / static_cast<double>(phase.steps);
  const double per_position_ms = attention.ms / static_cast<double>(phase.steps) / depth;
  if (per_position_ms <= 0) return;
  const double half = rest_ms / per_position_ms;
  const auto context = static_cast<double>(report.model.train_context);
  if (attention.share < kMuch && (context <= 0 || half > context)) return;
  out.push_back(
      {.kind = "KV growth",
       .share = attention.share,
       .text = fmt::format("Attention over the cache takes {:.0f} % of the decode and grows with every token.",
                           100 * attention.share),
       .evidence = fmt::format("{:.2f} us and {} bytes of keys and values for each position; from {:.0f} tokens on, "
                               "attention takes half of each step",
                               1000 * per_position_ms, report.memory.kv_per_token, half),
       .advice = "A shorter context, a smaller type for keys and values, or a model with fewer heads of keys."});
}

void find_stage_limits(const ProfileReport& report, Findings& out) {
  const auto load_ms = [](const ProfileStage& stage) {
    constexpr std::array<std::string_view, 5> kLoading = {"open file", "read architecture", "load weights",
                                                          "pack weights", "build tokenizer"};
    return std::ranges::find(kLoading, stage.name) == kLoading.end() ? 0.0 : stage.ms;
  };
  double load = 0;
  for (const ProfileStage& stage : report.stages) load += load_ms(stage);
  if (report.first_byte_ms > 0 && load > 0.5 * report.first_byte_ms) {
    const auto slowest = std::ranges::max_element(report.stages, {}, load_ms);
    out.push_back({.kind = "load-bound",
                   .share = load / report.first_byte_ms,
                   .text = fmt::format("Loading takes {:.0f} % of the time to the first byte.",
                                       100 * load / report.first_byte_ms),
                   .evidence = fmt::format("{:.1f} of {:.1f} ms, most of it in \"{}\" ({:.1f} ms)", load,
                                           report.first_byte_ms, slowest->name, slowest->ms),
                   .advice = "Keep the model loaded between requests; a warm page cache and a faster disk help once."});
  }
  const double decode_ms = std::max(1e-9, report.wall_ms - report.first_byte_ms);
  const double sampling = stage_ms(report.decode_stages, {"sampling", "detokenize", "output"});
  if (sampling > 0.1 * decode_ms) {
    out.push_back(
        {.kind = "sampler-bound",
         .share = sampling / decode_ms,
         .text = fmt::format("Sampling and output take {:.0f} % of the generation.", 100 * sampling / decode_ms),
         .evidence =
             fmt::format("sampling {:.2f} ms, detokenising {:.2f} ms, output {:.2f} ms of {:.1f} ms",
                         stage_ms(report.decode_stages, {"sampling"}), stage_ms(report.decode_stages, {"detokenize"}),
                         stage_ms(report.decode_stages, {"output"}), decode_ms),
         .advice = "A smaller top-k in front of the other samplers; a reader that keeps up."});
  }
}

// The ceilings are of an earlier minute: does the memory still give what it gave then?
void find_bandwidth_loss(const ProfileReport& report, Findings& out) {
  constexpr double kLost = 0.75;
  const double then = report.ceilings.dram_read.all_threads;
  if (report.dram_read_now <= 0 || then <= 0 || report.dram_read_now > kLost * then) return;
  out.push_back({.kind = "memory bandwidth lost",
                 .share = 1 - report.dram_read_now / then,
                 .text = fmt::format("The memory gives only {:.0f} % of the bandwidth that was measured as this "
                                     "machine's ceiling.",
                                     100 * report.dram_read_now / then),
                 .evidence = fmt::format("{:.1f} GB/s beside this request, {:.1f} GB/s when the ceilings were taken",
                                         report.dram_read_now * 1e-9, then * 1e-9),
                 .advice = "A neighbour uses the memory, or the machine is throttled: measure again when it is quiet, "
                           "or refresh the ceilings with ingot bench --ceilings."});
}

}  // namespace

std::vector<ProfileFinding> diagnose(const ProfileReport& report) {
  Findings findings;
  for (const ProfilePhase& phase : report.phases) {
    find_slow_operation(report, phase, findings);
    find_memory_limits(report, phase, findings);
    find_compute_limits(report, phase, findings);
    find_thread_limits(report, phase, findings);
    find_kv_growth(report, phase, findings);
  }
  find_stage_limits(report, findings);
  find_bandwidth_loss(report, findings);
  std::ranges::stable_sort(findings, std::greater(), &ProfileFinding::share);
  return findings;
}

}  // namespace ingot::core
