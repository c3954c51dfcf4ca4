#include "engine/prefill_planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "engine/chunking.h"
#include "engine/memory.h"

namespace ingot::core {
namespace {

using Strategy = Chunking::Strategy;

constexpr int64_t kTileRows = 16;  // kernels work on so many rows together, where they can

// sum over positions p < end of min(p + 1, window)
double seen_before(int64_t end, int64_t window) {
  const auto triangle = [](double n) { return n * (n + 1) / 2; };
  if (window == 0 || end <= window) return triangle(static_cast<double>(end));
  return triangle(static_cast<double>(window)) + static_cast<double>(end - window) * static_cast<double>(window);
}

int64_t repeated_rows(const PrefillTask& task, int64_t done) {
  if (task.grid > 1) return (task.n_before + done) % task.grid;
  return std::min<int64_t>(task.chunking.overlap, done);
}

// Chunks that take as long as the first tokens would at an empty cache. No tail is left that is too small.
int64_t next_incremental(const PrefillPlan& plan, int64_t done, const PrefillWork& work) {
  constexpr int64_t kSmallest = Chunking::kSmallestIncremental;
  const int64_t base = plan.chunking.size;
  const int64_t remaining = plan.n_tokens - done;
  const int64_t first = plan.n_before + done;
  const double most_flops = work.flops(0, base).total();
  int64_t size = base;
  while (size > kSmallest && work.flops(first, size).total() > most_flops) {
    size = std::max(kSmallest, (size - 1) / kSmallest * kSmallest);
  }
  if (remaining <= size || remaining < 2 * kSmallest) return remaining;
  return std::min(size, remaining - kSmallest);
}

// Equal chunks of about the wanted size: a small tail would stream all weights once more for little.
int64_t next_auto(const PrefillPlan& plan, int64_t done, std::span<const ChunkSample> samples) {
  const int64_t remaining = plan.n_tokens - done;
  const int64_t largest = plan.largest_chunk - plan.chunking.overlap;
  // A limit that the whole prompt keeps is none.
  const int64_t size = next_size(samples, largest < plan.n_tokens ? largest : kLargestAuto);
  // Up to one and a half sizes are one chunk, if the memory is there.
  const int64_t n_chunks = std::max((2 * remaining + size) / (2 * size), (remaining + largest - 1) / largest);
  if (n_chunks <= 1) return remaining;
  const int64_t even = (remaining + n_chunks - 1) / n_chunks;
  const int64_t whole_tiles = (even + kTileRows - 1) / kTileRows * kTileRows;
  return std::min({whole_tiles, largest, remaining});
}

StepSize step_size(const PrefillTask& task, int64_t n_rows, int64_t n_new, bool last) {
  const int64_t n_final = task.final_rows == Rows::kAll ? n_new : task.final_rows == Rows::kLast && last ? 1 : 0;
  return {.n_rows = n_rows, .n_held = n_rows, .n_final = n_final};
}

StepMemory memory_by_layer(const PrefillTask& task, const PrefillSetting& setting) {
  const int64_t n_together = std::min(kLayerRows, task.n_tokens);
  StepSize size = step_size(task, n_together, n_together, /*last=*/true);
  size.n_held = task.n_tokens;
  StepMemory memory = setting.memory_of(size, task.n_before);
  // A last chunk of few rows may be split over the cache, which takes memory of its own.
  size.n_rows = (task.n_tokens - 1) % kLayerRows + 1;
  const StepMemory last = setting.memory_of(size, task.n_before + task.n_tokens - size.n_rows);
  memory.attention_scratch = std::max(memory.attention_scratch, last.attention_scratch);
  return memory;
}

StepMemory memory_of_chunk(const PrefillTask& task, const PrefillSetting& setting, int64_t done, int64_t n_tokens) {
  if (task.chunking.strategy == Strategy::kLayerByLayer) return memory_by_layer(task, setting);
  const int64_t n_repeated = repeated_rows(task, done);
  const bool last = done + n_tokens == task.n_tokens;
  return setting.memory_of(step_size(task, n_tokens + n_repeated, n_tokens, last), task.n_before + done - n_repeated);
}

// While rows are repeated, the blocks that hold them exist twice: those from before stay until the chunk is complete.
int64_t kv_bytes_at(const PrefillTask& task, int64_t done, int64_t n_tokens) {
  const auto n_blocks = [](int64_t n) { return (n + kPageTokens - 1) / kPageTokens; };
  const int64_t first = task.n_before + done;
  const int64_t later = n_blocks(task.n_before + task.n_tokens) - n_blocks(first + n_tokens);
  const int64_t n_repeated = repeated_rows(task, done);
  const int64_t twice = n_repeated > 0 ? n_blocks(first) - (first - n_repeated) / kPageTokens : 0;
  return task.kv_bytes + (twice - later) * task.kv_block_bytes;
}

void add_chunk(int64_t n_tokens, std::vector<PrefillPlan::Run>& runs) {
  if (runs.empty() || runs.back().n_tokens != n_tokens) {
    runs.push_back({.n_chunks = 0, .n_tokens = n_tokens});
  }
  ++runs.back().n_chunks;
}

int64_t growth(const PrefillMemory& memory, const OpsMemory& held) {
  return memory.activations + std::max<int64_t>(0, memory.attention_scratch - held.attention_scratch) +
         std::max<int64_t>(0, memory.kernel_scratch - held.other_scratch) + memory.kv + memory.outputs;
}

// The most tokens of a chunk whose step fits the bytes, 0 if not one does.
int64_t largest_that_fits(const PrefillTask& task, const PrefillSetting& setting, int64_t bytes) {
  const auto fits = [&](int64_t n_tokens) {
    const int64_t n_rows = n_tokens + task.chunking.overlap;
    // Few rows over a long cache take most: at the end of the prompt.
    const int64_t last = task.n_before + std::max<int64_t>(0, task.n_tokens - n_rows);
    return setting.memory_of(step_size(task, n_rows, n_tokens, true), last).total() <= bytes;
  };
  int64_t low = 0;
  int64_t high = std::min(kLargestAuto, task.n_tokens);
  while (low < high) {
    const int64_t middle = (low + high + 1) / 2;
    if (fits(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

Status choose_auto_limit(const PrefillTask& task, const PrefillSetting& setting, PrefillPlan& out_plan) {
  const int64_t given = task.chunking.memory_bytes;
  const int64_t bytes =
      given > 0 ? given : std::max<int64_t>(0, setting.free_bytes - task.kv_bytes - task.output_bytes) / 2;
  int64_t largest = largest_that_fits(task, setting, bytes);
  if (largest == 0 && given > 0) {
    const int64_t n_rows = 1 + task.chunking.overlap;
    const int64_t least = setting.memory_of(step_size(task, n_rows, 1, true), task.n_before).total();
    return fail(ErrorKind::kOutOfMemory, "chunk {}: one token takes {} of activations and scratch, expected that much",
                chunking_name(task.chunking), format_bytes(least));
  }
  largest = std::max<int64_t>(largest, 1);  // whether that fits is then said with all numbers
  out_plan.largest_chunk = largest + task.chunking.overlap;
  out_plan.reason = fmt::format("up to {} tokens fit {}{}; ", largest, format_bytes(bytes),
                                given > 0 ? "" : ", half of what is free");
  const int64_t size = next_size(setting.samples, largest < task.n_tokens ? largest : kLargestAuto);
  const bool measured = std::ranges::any_of(setting.samples, [](const ChunkSample& sample) { return !sample.cold; });
  out_plan.reason += measured ? fmt::format("of the sizes measured so far, {} is next", size)
                              : fmt::format("begins with {} and goes on with what measures fastest", size);
  return {};
}

void include(const StepMemory& step, PrefillMemory& memory) {
  memory.activations = std::max(memory.activations, step.activations);
  memory.attention_scratch = std::max(memory.attention_scratch, step.attention_scratch);
  memory.kernel_scratch = std::max(memory.kernel_scratch, step.kernel_scratch);
}

// How many tokens at a time take the least. Mostly one; but at the end of a long cache few rows are split over it,
// which takes more than some rows that are not.
int64_t smallest_working_set(const PrefillTask& task, const PrefillSetting& setting) {
  constexpr int64_t kMostRows = 64;
  int64_t best = 1;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int64_t n_rows = 1; n_rows <= std::min(kMostRows, task.n_tokens); ++n_rows) {
    const int64_t tail = (task.n_tokens - 1) % n_rows + 1;
    const int64_t end = task.n_before + task.n_tokens;
    PrefillMemory memory;
    include(setting.memory_of(step_size(task, tail, tail, true), end - tail), memory);
    if (task.n_tokens > tail) {
      include(setting.memory_of(step_size(task, n_rows, n_rows, false), end - tail - n_rows), memory);
    }
    if (memory.total() > least) continue;
    least = memory.total();
    best = n_rows;
  }
  return best;
}

std::string reason_of(const Chunking& chunking) {
  switch (chunking.strategy) {
    case Strategy::kNone:
      return "the whole prompt at once, as asked";
    case Strategy::kFixed:
      return fmt::format("{} tokens at a time, as asked", chunking.size);
    case Strategy::kIncremental:
      return fmt::format("as many as take as long as the first {} would, never below {}", chunking.size,
                         Chunking::kSmallestIncremental);
    case Strategy::kLayerByLayer:
      return fmt::format("all through one layer before the next, {} tokens at a time", kLayerRows);
    case Strategy::kMinimal:
      return fmt::format("{} at a time have the smallest working set", chunking.size);
    case Strategy::kAuto:
      break;
  }
  return {};
}

// Runs, memory and time of chunks as next_chunk() gives them.
void add_chunks(const PrefillTask& task, const PrefillSetting& setting, PrefillPlan& plan) {
  PrefillFlops run_flops;
  for (int64_t done = 0; done < plan.n_tokens;) {
    const int64_t n_tokens = next_chunk(plan, done, setting.work, setting.samples);
    const bool repeats = !plan.runs.empty() && plan.runs.back().n_tokens == n_tokens;
    add_chunk(n_tokens, plan.runs);
    const int64_t n_repeated = repeated_rows(task, done);
    plan.memory.kv = std::max(plan.memory.kv, kv_bytes_at(task, done, n_tokens));
    // Of equal chunks one stands for all, but for the last one, which sees the longest cache.
    if (!repeats || plan.runs.back().n_chunks == 2 || done + 2 * n_tokens >= plan.n_tokens) {
      include(memory_of_chunk(task, setting, done, n_tokens), plan.memory);
    }
    plan.largest_chunk = std::max(plan.largest_chunk, n_tokens + n_repeated);
    if (!repeats) run_flops = {};
    const PrefillFlops flops = setting.work.flops(task.n_before + done - n_repeated, n_tokens + n_repeated);
    run_flops = {run_flops.linear + flops.linear, run_flops.attention + flops.attention};
    done += n_tokens;
    // At the end of a run, all of it is estimated at once.
    const bool run_ends = done == plan.n_tokens || next_chunk(plan, done, setting.work, setting.samples) != n_tokens;
    if (run_ends && !setting.samples.empty()) {
      plan.estimated_ms += estimate_seconds(setting.samples, n_tokens + n_repeated, run_flops) * 1000;
    }
  }
}

}  // namespace

PrefillFlops PrefillWork::flops(int64_t first, int64_t n_tokens) const {
  PrefillFlops flops{.linear = flops_per_token * static_cast<double>(n_tokens)};
  for (const Attention& attention : attentions) {
    flops.attention += attention.flops_per_position *
                       (seen_before(first + n_tokens, attention.window) - seen_before(first, attention.window));
  }
  return flops;
}

PrefillWork prefill_work(const Model& model) {
  PrefillWork work;
  const auto product = [](const LinearWeights& w) {
    return w.empty() ? 0.0 : 2.0 * static_cast<double>(w.matrix.rows) * static_cast<double>(w.matrix.cols);
  };
  for (size_t layer_idx = 0; layer_idx < model.spec().layers.size(); ++layer_idx) {
    const LayerSpec& layer = model.spec().layers[layer_idx];
    const LayerWeights& w = model.weights().layers[layer_idx];
    for (const LinearWeights* linear : {&w.wq, &w.wk, &w.wv, &w.wqkv, &w.wo, &w.gate, &w.up, &w.gate_up, &w.down,
                                        &w.router, &w.shared_gate, &w.shared_up, &w.shared_down, &w.shared_router}) {
      work.flops_per_token += product(*linear);
    }
    for (const LinearWeights* stack : {&w.gate_experts, &w.up_experts, &w.down_experts}) {
      work.flops_per_token += static_cast<double>(layer.ffn.route.n_used) * product(*stack);
    }
    for (const LinearWeights* linear : matrices_of(w.time_mix)) work.flops_per_token += product(*linear);
    if (layer.mixer == MixerKind::kRwkv7TimeMix) {
      // Decay, two sums added, two products with the state.
      constexpr double kFlopsPerStateValue = 9.0;
      work.flops_per_token +=
          kFlopsPerStateValue * static_cast<double>(layer.time_mix.width() * layer.time_mix.head_size);
      continue;
    }
    const AttentionSpec& attention = layer.attention;
    const double flops = 2.0 * static_cast<double>(attention.query_width() + attention.mixed_width());
    const auto same = [&](const PrefillWork::Attention& other) { return other.window == attention.window; };
    auto found = std::ranges::find_if(work.attentions, same);
    if (found == work.attentions.end()) {
      work.attentions.push_back({.flops_per_position = 0, .window = attention.window});
      found = std::prev(work.attentions.end());
    }
    found->flops_per_position += flops;
  }
  return work;
}

int64_t next_chunk(const PrefillPlan& plan, int64_t done, const PrefillWork& work,
                   std::span<const ChunkSample> samples) {
  const int64_t remaining = plan.n_tokens - done;
  switch (plan.chunking.strategy) {
    case Strategy::kNone:
    case Strategy::kLayerByLayer:
      return remaining;
    case Strategy::kMinimal:
    case Strategy::kFixed:
      return std::min<int64_t>(plan.chunking.size, remaining);
    case Strategy::kIncremental:
      return next_incremental(plan, done, work);
    case Strategy::kAuto:
      return next_auto(plan, done, samples);
  }
  return remaining;
}

Result<PrefillPlan> plan_prefill(const PrefillTask& task, const PrefillSetting& setting) {
  INGOT_TRY(check_chunking(task.chunking));
  PrefillPlan plan;
  plan.chunking = task.chunking;
  plan.n_tokens = task.n_tokens;
  plan.n_before = task.n_before;
  plan.memory.kv = task.kv_bytes;
  plan.memory.outputs = task.output_bytes;
  if (task.chunking.strategy == Strategy::kMinimal) {
    plan.chunking.size = static_cast<int>(smallest_working_set(task, setting));
  }
  plan.reason = reason_of(plan.chunking);
  const bool adapts = task.chunking.strategy == Strategy::kAuto;
  if (adapts) INGOT_TRY(choose_auto_limit(task, setting, plan));
  add_chunks(task, setting, plan);
  if (adapts && task.chunking.overlap > 0) {
    // Chunks may come to begin anywhere: the most blocks that so many repeated tokens can lie in.
    const int64_t n_blocks = (task.chunking.overlap + kPageTokens - 2) / kPageTokens + 1;
    plan.memory.kv = task.kv_bytes + n_blocks * task.kv_block_bytes;
  }
  if (adapts) {
    // It may come to the largest chunk, and end with a small one, which may split the cache.
    const int64_t n_rows = plan.largest_chunk;
    const int64_t n_new = n_rows - task.chunking.overlap;
    for (const int64_t rows : {n_rows, std::min(n_rows, kTileRows)}) {
      const int64_t first = task.n_before + std::max<int64_t>(0, task.n_tokens - rows);
      include(setting.memory_of(step_size(task, rows, std::min(rows, n_new), true), first), plan.memory);
    }
  }
  if (plan.chunking.strategy == Strategy::kLayerByLayer) plan.largest_chunk = std::min(kLayerRows, task.n_tokens);
  return plan;
}

Status check_memory(const PrefillPlan& plan, const PrefillTask& task, const PrefillSetting& setting) {
  const int64_t need = growth(plan.memory, setting.held);
  if (need <= setting.free_bytes) return {};
  std::string alternatives;
  for (const Chunking& chunking :
       {Chunking::layer_by_layer(), Chunking(Chunking::kDefaultSize), Chunking(64), Chunking::minimal()}) {
    PrefillTask other = task;
    other.chunking = chunking;
    const auto other_plan = plan_prefill(other, setting);
    if (!other_plan || chunking == plan.chunking) continue;
    const int64_t other_need = growth(other_plan->memory, setting.held);
    if (other_need > setting.free_bytes) continue;
    alternatives += fmt::format("{} chunk {} ({})", alternatives.empty() ? "" : ",", chunking_name(chunking),
                                format_bytes(other_need));
  }
  if (alternatives.empty()) {
    const int64_t kept = plan.memory.kv + plan.memory.outputs;
    alternatives = kept > setting.free_bytes ? " fewer tokens only" : " no other way to read them";
  }
  return fail(ErrorKind::kOutOfMemory,
              "reading {} tokens with chunk {} needs {} (activations {}, scratch {}, keys and values {}, outputs {}), "
              "but only {} of memory are free; would fit:{}",
              plan.n_tokens, chunking_name(plan.chunking), format_bytes(need), format_bytes(plan.memory.activations),
              format_bytes(plan.memory.attention_scratch + plan.memory.kernel_scratch), format_bytes(plan.memory.kv),
              format_bytes(plan.memory.outputs), format_bytes(setting.free_bytes), alternatives);
}

}  // namespace ingot::core
