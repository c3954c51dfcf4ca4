#include "bench/profile_summary.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace ingot::core {
namespace {

constexpr double kMsPerNs = 1e-6;
constexpr double kShortLoop = 10;  // times the barrier: below that, starting and ending weigh a tenth or more

double to_ms(int64_t start_ns, int64_t end_ns) {
  return static_cast<double>(end_ns - start_ns) * kMsPerNs;
}

// What ran beside the real work: its time is taken out of every sum. Events are recorded in the order of their starts.
class ApartTimes {
 public:
  explicit ApartTimes(const Recorder& recorder) {
    double sum = 0;
    for (const OperationEvent& event : recorder.operations()) {
      if (!event.apart) continue;
      starts_.push_back(event.start_ns);
      sums_.push_back(sum += to_ms(event.start_ns, event.end_ns));
    }
  }
  // Of what began in [from_ns, to_ns).
  double ms(int64_t from_ns, int64_t to_ns) const { return ms_before(to_ns) - ms_before(from_ns); }

 private:
  double ms_before(int64_t time_ns) const {
    const auto n = std::ranges::lower_bound(starts_, time_ns) - starts_.begin();
    return n == 0 ? 0.0 : sums_[static_cast<size_t>(n - 1)];
  }

  std::vector<int64_t> starts_;
  std::vector<double> sums_;  // up to the end of each
};

struct LoopTimes {
  std::vector<std::vector<double>> busy_ns;  // (threads, loops)
  double wait_ns(const Recorder& recorder, size_t loop, size_t thread_idx) const {
    const LoopEvent& event = recorder.loops()[loop];
    return std::max(0.0, static_cast<double>(event.end_ns - event.start_ns) - busy_ns[thread_idx][loop]);
  }
};

LoopTimes sum_spans(const Recorder& recorder) {
  LoopTimes times;
  const size_t n_loops = recorder.loops().size();
  for (int thread_idx = 0; thread_idx < recorder.n_threads(); ++thread_idx) {
    std::vector<double>& busy = times.busy_ns.emplace_back(n_loops, 0.0);
    for (const ThreadSpan& span : recorder.spans(thread_idx)) {
      if (static_cast<size_t>(span.loop) < n_loops) {
        busy[static_cast<size_t>(span.loop)] += static_cast<double>(span.end_ns - span.start_ns);
      }
    }
  }
  return times;
}

const char* phase_name(StepPhase phase) {
  return phase == StepPhase::kDecode ? "decode" : "prefill";
}

// Rows that are being summed, with what only the sums need.
struct Row {
  ProfileOperation row;
  double bound_seconds = 0;
  double thread_ns = 0;
  double wait_ns = 0;
  std::map<std::string, double> seconds_by_bound;
};

// The parallel loops of one call.
struct LoopSum {
  int64_t n_parallel = 0;
  int64_t parallel_ns = 0;
  double n_threads = 0;
  double wait_ns = 0;  // of all threads
};

LoopSum sum_loops(const Recorder& recorder, const LoopTimes& times, const OperationEvent& event) {
  LoopSum sum;
  sum.n_threads = static_cast<double>(times.busy_ns.size());
  const auto end = std::min(static_cast<size_t>(event.end_loop), recorder.loops().size());
  for (auto loop = static_cast<size_t>(event.first_loop); loop < end; ++loop) {
    const LoopEvent& span = recorder.loops()[loop];
    if (!span.parallel) continue;
    ++sum.n_parallel;
    sum.parallel_ns += span.end_ns - span.start_ns;
    for (size_t thread_idx = 0; thread_idx < times.busy_ns.size(); ++thread_idx) {
      sum.wait_ns += times.wait_ns(recorder, loop, thread_idx);
    }
  }
  return sum;
}

using RowKey = std::tuple<StepPhase, std::string, std::string, std::string, std::string, bool>;

class RowTable {
 public:
  void add(const RowKey& key, const OperationEvent& event, const Bound& bound, const LoopSum& loops) {
    Row& row = rows_[key];
    if (row.row.calls == 0) {
      row.row.phase = phase_name(event.phase);
      row.row.layers = std::get<1>(key);
      row.row.name = event.name;
      row.row.format = event.format;
      row.row.kernel = event.kernel;
      row.row.backend = event.backend;
      row.row.apart = event.apart;
    }
    ++row.row.calls;
    row.row.ms += to_ms(event.start_ns, event.end_ns);
    row.row.bytes += static_cast<double>(event.n_bytes);
    row.row.flops += static_cast<double>(event.n_flops);
    row.row.loops += loops.n_parallel;
    row.bound_seconds += bound.seconds;
    row.seconds_by_bound[bound.name] += bound.seconds;
    row.row.serial_ms +=
        static_cast<double>(event.end_ns - event.start_ns - loops.parallel_ns - event.moved_loops_ns) * kMsPerNs;
    row.thread_ns += static_cast<double>(loops.parallel_ns) * loops.n_threads;
    row.wait_ns += loops.wait_ns;
  }

  std::vector<ProfileOperation> finish(const std::vector<ProfilePhase>& phases) {
    std::vector<ProfileOperation> result;
    for (auto& [key, sums] : rows_) {
      ProfileOperation& row = sums.row;
      const double seconds = row.ms / 1000.0;
      for (const ProfilePhase& phase : phases) {
        if (phase.name == row.phase && phase.ms > 0) row.share = row.ms / phase.ms;
      }
      if (seconds > 0) {
        row.gb_per_s = row.bytes * 1e-9 / seconds;
        row.gflop_per_s = row.flops * 1e-9 / seconds;
        row.percent_of_ceiling = 100.0 * sums.bound_seconds / seconds;
      }
      row.wait_share = sums.thread_ns > 0 ? sums.wait_ns / sums.thread_ns : 0.0;
      // Calls of one row may be bound by different limits; the one that weighs most names it.
      row.bound =
          std::ranges::max_element(sums.seconds_by_bound, {}, [](const auto& entry) { return entry.second; })->first;
      result.push_back(std::move(row));
    }
    std::ranges::stable_sort(result, [](const ProfileOperation& a, const ProfileOperation& b) {
      return std::pair(a.phase != "prefill", -a.ms) < std::pair(b.phase != "prefill", -b.ms);
    });
    return result;
  }

 private:
  std::map<RowKey, Row> rows_;
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

ProfilePhase summarize_phase(const Recorder& recorder, const LoopTimes& times, const ApartTimes& apart, StepPhase which,
                             double barrier_us) {
  ProfilePhase phase;
  phase.name = phase_name(which);
  const auto n_threads = static_cast<size_t>(recorder.n_threads());
  phase.thread_busy_ms.resize(n_threads);
  phase.thread_wait_ms.resize(n_threads);
  for (const StageEvent& stage : recorder.stages()) {
    if (stage.phase != which || std::string_view(stage.name) != "step") continue;
    ++phase.steps;
    phase.ms += to_ms(stage.start_ns, stage.end_ns) - apart.ms(stage.start_ns, stage.end_ns);
  }
  std::vector<double> loop_us;
  double parallel_ms = 0;
  for (const OperationEvent& event : recorder.operations()) {
    if (event.phase != which || event.apart) continue;
    ++phase.operations;
    phase.operations_ms += to_ms(event.start_ns, event.end_ns);
    const auto end = std::min(static_cast<size_t>(event.end_loop), recorder.loops().size());
    for (auto loop = static_cast<size_t>(event.first_loop); loop < end; ++loop) {
      const LoopEvent& span = recorder.loops()[loop];
      const double length_us = static_cast<double>(span.end_ns - span.start_ns) * 1e-3;
      double wait_ms = 0;
      for (size_t thread_idx = 0; thread_idx < n_threads; ++thread_idx) {
        phase.thread_busy_ms[thread_idx] += times.busy_ns[thread_idx][loop] * kMsPerNs;
        if (!span.parallel) continue;
        const double thread_wait_ms = times.wait_ns(recorder, loop, thread_idx) * kMsPerNs;
        phase.thread_wait_ms[thread_idx] += thread_wait_ms;
        wait_ms += thread_wait_ms / static_cast<double>(n_threads);
      }
      if (!span.parallel) continue;
      loop_us.push_back(length_us);
      parallel_ms += length_us * 1e-3;
      phase.wait_ms += wait_ms;
      if (length_us < kShortLoop * barrier_us) phase.short_loop_wait_ms += wait_ms;
    }
  }
  phase.serial_ms = phase.operations_ms - parallel_ms;
  phase.loops = static_cast<int64_t>(loop_us.size());
  if (!loop_us.empty()) {
    const auto n_short = std::ranges::count_if(loop_us, [&](double us) { return us < kShortLoop * barrier_us; });
    phase.short_loop_share = static_cast<double>(n_short) / static_cast<double>(loop_us.size());
    phase.loop_us_median = median(loop_us);
  }
  // A thread works in parallel loops for as long as it does not wait there.
  const double mean_busy_ms = parallel_ms - phase.wait_ms;
  const double busiest_ms = parallel_ms - *std::ranges::min_element(phase.thread_wait_ms);
  phase.imbalance = mean_busy_ms > 0 ? busiest_ms / mean_busy_ms : 0;
  return phase;
}

struct NestedStage {
  StageEvent event;
  int64_t inside_ns = 0;  // of other stages
};

// In the order of their starts. They are recorded in that of their ends: what is inside a stage stands right before it.
std::vector<NestedStage> stages_between(const Recorder& recorder, int64_t from_ns, int64_t to_ns) {
  std::vector<NestedStage> stages;
  std::vector<StageEvent> before;  // that are inside none yet
  for (StageEvent event : recorder.stages()) {
    if (event.start_ns < from_ns || event.start_ns >= to_ns) continue;
    event.end_ns = std::min(event.end_ns, to_ns);
    NestedStage& stage = stages.emplace_back(NestedStage{.event = event});
    while (!before.empty() && before.back().start_ns >= event.start_ns) {
      stage.inside_ns += before.back().end_ns - before.back().start_ns;
      before.pop_back();
    }
    before.push_back(event);
  }
  std::ranges::stable_sort(stages, {}, [](const NestedStage& stage) { return stage.event.start_ns; });
  return stages;
}

// The stages between two moments, by name and without what is inside them; what lies between them is "other".
std::vector<ProfileStage> list_stages(const Recorder& recorder, const ApartTimes& apart, int64_t from_ns,
                                      int64_t to_ns) {
  std::vector<ProfileStage> stages;
  double covered = 0;
  for (const auto& [event, inside_ns] : stages_between(recorder, from_ns, to_ns)) {
    const bool is_step = std::string_view(event.name) == "step";
    const std::string name = is_step ? phase_name(event.phase) : event.name;
    double ms = to_ms(event.start_ns + inside_ns, event.end_ns);
    if (is_step) ms -= apart.ms(event.start_ns, event.end_ns);
    covered += ms;
    const auto known = std::ranges::find(stages, name, &ProfileStage::name);
    if (known == stages.end()) {
      stages.push_back({name, ms});
    } else {
      known->ms += ms;
    }
  }
  const double all = to_ms(from_ns, to_ns) - apart.ms(from_ns, to_ns);
  stages.push_back({"other", all - covered});
  return stages;
}

// Of the prefill: the parts that a user knows by name, instead of one number.
void split_prefill(const Recorder& recorder, std::vector<ProfileStage>& stages) {
  const auto prefill = std::ranges::find(stages, "prefill", &ProfileStage::name);
  if (prefill == stages.end()) return;
  double embedding = 0, head = 0;
  for (const OperationEvent& event : recorder.operations()) {
    if (event.phase != StepPhase::kPrefill || event.layer >= 0 || event.apart) continue;
    const double ms = to_ms(event.start_ns, event.end_ns);
    (std::string_view(event.name) == "embedding" ? embedding : head) += ms;
  }
  prefill->name = "prefill: layers";
  prefill->ms -= embedding + head;
  const auto after = stages.insert(prefill, {"prefill: embedding", embedding}) + 2;
  stages.insert(after, {"prefill: head", head});
}

}  // namespace

std::vector<std::string> name_layer_groups(const ModelSpec& spec) {
  std::vector<size_t> first_like(spec.layers.size());
  std::vector<std::string> names(spec.layers.size());
  for (size_t layer = 0; layer < spec.layers.size(); ++layer) {
    first_like[layer] = static_cast<size_t>(std::ranges::find(spec.layers, spec.layers[layer]) - spec.layers.begin());
  }
  for (size_t layer = 0; layer < spec.layers.size();) {
    size_t end = layer + 1;
    while (end < spec.layers.size() && first_like[end] == first_like[layer]) ++end;
    std::string& name = names[first_like[layer]];
    if (!name.empty()) name += ',';
    name += end - layer == 1 ? fmt::format("{}", layer) : fmt::format("{}-{}", layer, end - 1);
    layer = end;
  }
  for (size_t layer = 0; layer < spec.layers.size(); ++layer) names[layer] = names[first_like[layer]];
  return names;
}

// Prompts are multiplied in bfloat16 by the two tables that can; attention by one of them (kernels/panels.md,
// kernels/attention.md). The fast mode multiplies codes as bytes: with VNNI, or in pairs, two instructions for four
// times the products of an FP32 one, which have no probe of their own. F32 weights, and all that is no product, stay in
// FP32.
ArithmeticLimit arithmetic_limit(const MachineCeilings& ceilings, const OperationEvent& event) {
  const std::string_view format = event.format;
  const bool product = !format.empty() && format != "F32";
  const bool attention = std::string_view(event.name) == "attention";
  std::string_view kernel = event.kernel;
  constexpr std::string_view kFast = "_fast";
  if (kernel.ends_with(kFast)) {
    kernel.remove_suffix(kFast.size());
    if (product && format != "F16" && format != "BF16") {
      if (kernel.starts_with("avx512_")) return {"int8", ceilings.int8_vnni.all_threads};
      return {"int8", 2.0 * ceilings.fp32.all_threads};
    }
  }
  if (event.phase == StepPhase::kPrefill) {
    if (kernel == "avx512_bf16" && (product || attention)) return {"bf16", ceilings.bf16_dot.all_threads};
    if (kernel == "amx_bf16" && (product || attention)) return {"amx", ceilings.amx_bf16.all_threads};
  }
  return {"fp32", ceilings.fp32.all_threads};
}

Bound find_bound(const MachineCeilings& ceilings, const ArithmeticLimit& arithmetic, double bytes, double flops,
                 bool streams, double footprint_bytes) {
  const double reused = streams ? footprint_bytes : bytes;
  Bound memory{"DRAM", 0};
  double rate = ceilings.dram_read.all_threads;
  if (ceilings.l3_read.all_threads > 0 && reused <= static_cast<double>(ceilings.l3_bytes)) {
    memory.name = "L3";
    rate = ceilings.l3_read.all_threads;
  }
  if (ceilings.l2_read.all_threads > 0 && reused <= static_cast<double>(ceilings.l2_bytes * ceilings.threads)) {
    memory.name = "L2";
    rate = ceilings.l2_read.all_threads;
  }
  if (rate <= 0 || arithmetic.rate <= 0) return {};
  memory.seconds = bytes / rate;
  const Bound compute{arithmetic.name, flops / arithmetic.rate};
  return compute.seconds > memory.seconds ? compute : memory;
}

void summarize(const Recorder& recorder, const ModelSpec& spec, const RequestTimes& times, ProfileReport& out_report) {
  const LoopTimes loops = sum_spans(recorder);
  const ApartTimes apart(recorder);
  const std::vector<std::string> groups = name_layer_groups(spec);
  for (const StepPhase phase : {StepPhase::kPrefill, StepPhase::kDecode}) {
    ProfilePhase summary = summarize_phase(recorder, loops, apart, phase, out_report.ceilings.barrier_us);
    if (summary.steps == 0) continue;
    // Prompts go in whole chunks, generated tokens one a step.
    summary.tokens = phase == StepPhase::kPrefill ? out_report.prompt_tokens : summary.steps;
    if (summary.ms > 0) summary.tokens_per_second = static_cast<double>(summary.tokens) * 1000.0 / summary.ms;
    out_report.phases.push_back(std::move(summary));
  }

  RowTable by_group, by_layer;
  const auto footprint = static_cast<double>(out_report.memory.weights);
  for (const OperationEvent& event : recorder.operations()) {
    const Bound bound = find_bound(out_report.ceilings, arithmetic_limit(out_report.ceilings, event),
                                   static_cast<double>(event.n_bytes), static_cast<double>(event.n_flops),
                                   event.format[0] != '\0', footprint);
    const LoopSum sum = sum_loops(recorder, loops, event);
    const bool in_layer = event.layer >= 0 && static_cast<size_t>(event.layer) < groups.size();
    const std::string group = in_layer ? groups[static_cast<size_t>(event.layer)] : std::string();
    const std::string layer = in_layer ? fmt::format("{}", event.layer) : std::string();
    by_group.add({event.phase, group, event.name, event.format, event.kernel, event.apart}, event, bound, sum);
    by_layer.add({event.phase, layer, event.name, event.format, event.kernel, event.apart}, event, bound, sum);
  }
  out_report.operations = by_group.finish(out_report.phases);
  out_report.layers = by_layer.finish(out_report.phases);

  out_report.stages = list_stages(recorder, apart, times.start_ns, times.first_byte_ns);
  out_report.decode_stages = list_stages(recorder, apart, times.first_byte_ns, times.end_ns);
  out_report.first_byte_ms = to_ms(times.start_ns, times.first_byte_ns) - apart.ms(times.start_ns, times.first_byte_ns);
  out_report.wall_ms = to_ms(times.start_ns, times.end_ns) - apart.ms(times.start_ns, times.end_ns);
  split_prefill(recorder, out_report.stages);
  out_report.dropped_events = recorder.n_dropped();
}

}  // namespace ingot::core
