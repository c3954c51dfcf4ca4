#include "bench/profile_run.h"

#include <fmt/format.h>
#include <algorithm>

#include <memory>
#include <optional>
#include <utility>

#include "bench/case_runner.h"
#include "bench/ceilings.h"
#include "bench/diagnosis.h"
#include "bench/profile_summary.h"
#include "engine/chat_prompt.h"
#include "engine/chunking.h"
#include "engine/generation.h"
#include "engine/token_sequence.h"
#include "ingot/chat.h"
#include "profile/drift.h"
#include "profile/energy.h"
#include "profile/hardware_counters.h"
#include "profile/recorder.h"
#include "profile/trace.h"

namespace ingot::core {
namespace {

// Room for every event of the request, by what a layer can ask for at most; and for a bounded amount of memory, beyond
// which events are counted only.
RecorderCapacity capacity_for(const Engine& engine, const PrefillPlan& plan, const ProfileOptions& options,
                              const Recorder& loading) {
  constexpr int64_t kMostOperations = int64_t{1} << 21;
  constexpr int64_t kOperationsPerLayer = 24;
  constexpr int64_t kOperationsPerStep = 8;
  constexpr int64_t kLoopsPerOperation = 2;
  int64_t n_expert_loops = 0;  // experts are computed one after another
  for (const LayerSpec& layer : engine.model().spec().layers) n_expert_loops += 4 * layer.ffn.n_experts;
  int64_t n_chunks = 0;
  for (const PrefillPlan::Run& run : plan.runs) n_chunks += run.n_chunks;
  // Layer by layer, a chunk passes each layer in parts; and measurements may lead to smaller chunks than planned.
  if (options.chunk.strategy == Chunking::Strategy::kLayerByLayer) n_chunks = 1 + plan.n_tokens / kLayerRows;
  if (options.chunk.strategy == Chunking::Strategy::kAuto) n_chunks += plan.n_tokens / 32;
  const int64_t n_steps = n_chunks + options.max_tokens;
  const int64_t per_step = engine.info().n_layers * kOperationsPerLayer + kOperationsPerStep;
  // A chunk of attention or experts may be split further.
  const int64_t n_splits = 1 + plan.largest_chunk / 512;
  RecorderCapacity capacity;
  capacity.n_operations = std::min(kMostOperations, n_steps * per_step);
  capacity.n_loops =
      std::min(2 * kMostOperations, n_steps * (per_step * kLoopsPerOperation + n_expert_loops) * n_splits);
  capacity.n_stages = static_cast<int64_t>(loading.stages().size()) + 64 + n_steps * 8;
  capacity.n_threads = engine.info().threads;
  return capacity;
}

// Before and after the request; never inside it, whose time it would be.
void sample_drift(DriftMonitor& drift) {
  constexpr int kSamples = 8;
  for (int index = 0; index < kSamples; ++index) drift.sample();
}

std::string describe_counters(const Result<HardwareCounters>& counters, double n_tokens) {
  if (!counters) return fmt::format("hardware counters: none: {}", counters.error().message);
  const CounterValues values = counters->read();
  std::string text = "hardware counters, a token:";
  const auto add = [&](const char* name, const std::optional<uint64_t>& value) {
    if (value) text += fmt::format(" {:.1f} million {},", static_cast<double>(*value) * 1e-6 / n_tokens, name);
  };
  add("cycles", values.cycles);
  add("instructions", values.instructions);
  add("cache misses", values.cache_misses);
  if (values.cycles && values.instructions && *values.cycles > 0) {
    text += fmt::format(" {:.2f} instructions a cycle",
                        static_cast<double>(*values.instructions) / static_cast<double>(*values.cycles));
  }
  return text;
}

std::string describe_energy(Result<EnergyMeter>& energy, double n_tokens) {
  if (!energy) return fmt::format("energy: unknown: {}", energy.error().message);
  const Result<double> joules = energy->joules();
  if (!joules) return fmt::format("energy: unknown: {}", joules.error().message);
  return fmt::format("energy: {:.3f} joules a token, of the whole machine", *joules / n_tokens);
}

// Loading is recorded before it is known how much there will be to record: its stages move to the larger recorder, to
// where they would lie had making that recorder taken no time.
void move_stages(const Recorder& from, int64_t shift_ns, Recorder& to) {
  for (StageEvent stage : from.stages()) {
    stage.start_ns += shift_ns;
    stage.end_ns += shift_ns;
    to.add_stage(stage);
  }
}

// A prompt that is a message; nothing if it is to go in as it is.
Result<std::optional<jinja::Rendered>> render(const Tokenizer& tokenizer, std::string_view prompt,
                                              const ProfileOptions& options, Recorder& recorder) {
  const bool any = !options.chat_template.empty() || !tokenizer.vocabulary().chat_template.empty();
  if (options.raw || options.parse_special || !any) {
    if (options.system.empty()) return std::nullopt;
    return invalid("a system's message, but {}: there is no place for it",
                   any ? "the prompt is to go in as it is" : "the model has no chat template");
  }
  StageZone parsing(&recorder, "parse template");
  INGOT_ASSIGN(const ChatTemplate chat_template, chat_template_of(tokenizer, options.chat_template));
  parsing.stop();
  const StageZone rendering(&recorder, "template");
  std::vector<ChatMessage> messages;
  if (!options.system.empty()) messages.push_back({.role = "system", .content = options.system});
  messages.push_back({.role = "user", .content = std::string(prompt)});
  INGOT_ASSIGN(jinja::Rendered rendered, chat_template.render({.messages = messages_json(messages)}));
  return rendered;
}

Result<std::vector<int32_t>> encode(const Tokenizer& tokenizer, std::string_view prompt,
                                    const std::optional<jinja::Rendered>& rendered, const ProfileOptions& options,
                                    Recorder& recorder) {
  const StageZone zone(&recorder, "tokenize");
  if (rendered) {
    std::vector<TextRange> user;
    for (const jinja::ByteSpan& span : rendered->user) user.push_back({span.begin, span.end});
    INGOT_ASSIGN(auto tokens, encode_rendered(tokenizer, rendered->text, user));
    if (tokens.empty()) return invalid("the chat template makes no token of the prompt");
    return tokens;
  }
  INGOT_ASSIGN(auto tokens, tokenizer.encode(prompt, {.parse_special = options.parse_special, .add_special = true}));
  if (tokens.empty()) return invalid("the prompt is empty, and the vocabulary puts no token in front of it");
  return tokens;
}

void fill_memory(const Engine& engine, int64_t n_tokens, const AllocationCounts& counts, int64_t n_before,
                 int64_t bytes_before, ProfileMemory& out) {
  const OpsMemory ops = engine.ops_memory();
  const int64_t n_blocks = (n_tokens + kPageTokens - 1) / kPageTokens;
  out.weights = engine.info().weights_bytes;
  out.kv_per_token = engine.info().kv_bytes_per_token;
  out.kv = n_blocks * kPageTokens * out.kv_per_token;
  out.attention_scratch = ops.attention_scratch;
  out.other_scratch = ops.other_scratch;
  out.activations = engine.info().activation_bytes;
  out.peak_resident = peak_memory_bytes();
  out.allocations = counts.n_allocations.load() - n_before;
  out.allocated_bytes = counts.n_bytes.load() - bytes_before;
}

ProfilePrefill describe_prefill(const PrefillRecord& record, const Engine& engine, const MachineCeilings& ceilings) {
  ProfilePrefill prefill;
  prefill.plan = record.plan;
  prefill.measured = record.measured;
  for (const PrefillRecord::Chunk& chunk : record.chunks) {
    prefill.chunks.push_back({.tokens = chunk.n_tokens,
                              .repeated = chunk.n_repeated,
                              .cached = chunk.n_cached,
                              .estimated_ms = chunk.estimated_ms,
                              .ms = chunk.ms});
    prefill.ms += chunk.ms;
  }
  const double rate =
      std::max({ceilings.fp32.all_threads, ceilings.bf16_dot.all_threads, ceilings.amx_bf16.all_threads});
  if (rate > 0) {
    const double flops = engine.prefill_work().flops(record.plan.n_before, record.plan.n_tokens).total();
    prefill.arithmetic_ms = flops / rate * 1000;
  }
  return prefill;
}

}  // namespace

Result<ProfileReport> run_profile(const std::string& path, const ModelOptions& model, std::string_view prompt,
                                  const ProfileOptions& options, const MachineCeilings& ceilings) {
  if (options.max_tokens < 1) return invalid("{} tokens to generate, expected at least 1", options.max_tokens);
  INGOT_TRY(check_chunking(options.chunk));
  const AllocationCounts& counts = allocation_counts();
  const int64_t n_allocations = counts.n_allocations.load();
  const int64_t n_allocated = counts.n_bytes.load();

  DriftMonitor drift;
  sample_drift(drift);
  const Result<HardwareCounters> counters = HardwareCounters::open();
  Result<EnergyMeter> energy = EnergyMeter::open();
  reset_peak_memory();
  // Before the file is open, the number of its tensors is not known: this is that of the largest models.
  constexpr int64_t kMostLoadStages = 4096;
  Recorder loading({.n_stages = kMostLoadStages});
  RequestTimes times;
  const int64_t start_ns = zone_now_ns();
  INGOT_ASSIGN(const std::shared_ptr<Engine> engine, Engine::open(path, model, &loading));
  if (options.detail_attention && !engine->has_attention_stages()) {
    return fail(ErrorKind::kUnsupported, "attention in detail: the {} kernels compute it in one piece",
                engine->info().kernels);
  }
  const Tokenizer& tokenizer = *engine->tokenizer();
  INGOT_ASSIGN(const auto rendered, render(tokenizer, prompt, options, loading));
  INGOT_ASSIGN(const std::vector<int32_t> tokens, encode(tokenizer, prompt, rendered, options, loading));

  const int64_t loaded_ns = zone_now_ns();
  TokenSequence sequence(engine);
  INGOT_ASSIGN(const PrefillPlan plan, sequence.plan(static_cast<int64_t>(tokens.size()), {.chunk = options.chunk}));
  Recorder recorder(capacity_for(*engine, plan, options, loading));
  const int64_t shift_ns = zone_now_ns() - loaded_ns;
  times.start_ns = start_ns + shift_ns;
  move_stages(loading, shift_ns, recorder);

  engine->set_recorder(&recorder, {.attention = options.detail_attention});
  GenerateOptions generate_options;
  generate_options.max_tokens = options.max_tokens;
  generate_options.sampling.temperature = 0;
  generate_options.chunk = options.chunk;
  generate_options.cancel = options.cancel;
  generate_options.on_text = [&times](std::string_view) {
    if (times.first_byte_ns == 0) times.first_byte_ns = zone_now_ns();
    return true;
  };
  generate_options.on_prompt_progress = [&options](int64_t n_done, int64_t n_total) {
    if (options.on_progress) {
      options.on_progress("reading the prompt", static_cast<double>(n_done) / static_cast<double>(n_total));
    }
  };
  Result<GenerateResult> generated = generate(sequence, tokens, generate_options);
  times.end_ns = zone_now_ns();
  if (times.first_byte_ns == 0) times.first_byte_ns = times.end_ns;
  engine->set_recorder(nullptr);
  if (!generated) return tl::unexpected(std::move(generated).error());
  const auto n_tokens = static_cast<double>(tokens.size() + generated->tokens.size());
  const std::string counters_text = describe_counters(counters, n_tokens);
  const std::string energy_text = describe_energy(energy, n_tokens);
  sample_drift(drift);
  recorder.resolve();

  ProfileReport report;
  report.model = engine->info();
  report.ceilings = ceilings;
  report.used_template = rendered.has_value();
  report.prompt_tokens = static_cast<int64_t>(tokens.size());
  report.generated_tokens = static_cast<int64_t>(generated->tokens.size());
  report.counters = counters_text;
  report.energy = energy_text;
  report.drift = drift.report().sentence;
  report.text = std::move(generated->text);
  report.prefill = describe_prefill(sequence.last_prefill(), *engine, ceilings);
  fill_memory(*engine, sequence.length(), counts, n_allocations, n_allocated, report.memory);
  summarize(recorder, engine->model().spec(), times, report);
  report.dropped_events += loading.n_dropped();
  if (ceilings.dram_read.all_threads > 0) {
    INGOT_ASSIGN(const auto pool, ThreadPool::create(engine->info().threads));
    INGOT_ASSIGN(report.dram_read_now, measure_dram_read(*pool));
  }
  report.findings = diagnose(report);
  if (!options.trace.empty()) {
    const Status written = write_chrome_trace(recorder, options.trace);
    if (!written) report.trace_error = written.error().message;
  }
  return report;
}

}  // namespace ingot::core
