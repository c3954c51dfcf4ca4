// From events to figures: by hand on events that are made up, and on real requests of tiny models, where the parts must
// add up to the whole.
#include "bench/profile_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "bench/profile_run.h"
#include "engine/engine.h"
#include "engine/token_sequence.h"
#include "model/golden_models.h"

namespace ingot::core {
namespace {

using ::testing::ElementsAre;

// -- Groups of layers -------------------------------------------------------------------------------------------------

std::vector<std::string> groups_of(const std::string& file) {
  const auto opened = GgufFile::open(golden_path(file));
  EXPECT_TRUE(opened.has_value());
  const auto spec = read_model_spec(*opened);
  EXPECT_TRUE(spec.has_value());
  return name_layer_groups(*spec);
}

TEST(LayerGroups, OfAPlainModelAreOne) {
  EXPECT_THAT(groups_of("llama.F32.gguf"), ElementsAre("0-1", "0-1"));
}

TEST(LayerGroups, OfGemma3AreSlidingAndGlobal) {
  EXPECT_THAT(groups_of("gemma3.F32.gguf"), ElementsAre("0-4,6", "0-4,6", "0-4,6", "0-4,6", "0-4,6", "5", "0-4,6"));
}

TEST(LayerGroups, OfNoLayersAreNone) {
  EXPECT_TRUE(name_layer_groups({}).empty());
}

// -- Which limit binds ------------------------------------------------------------------------------------------------

MachineCeilings plain_ceilings() {
  MachineCeilings ceilings;
  ceilings.threads = 2;
  ceilings.dram_read.all_threads = 10e9;
  ceilings.l3_read.all_threads = 50e9;
  ceilings.l2_read.all_threads = 100e9;
  ceilings.fp32.all_threads = 1000e9;
  ceilings.l2_bytes = 1'000'000;
  ceilings.l3_bytes = 16'000'000;
  ceilings.barrier_us = 2;
  return ceilings;
}

TEST(FindBound, IsTheSlowerOfMemoryAndArithmetic) {
  const MachineCeilings ceilings = plain_ceilings();
  const Bound memory = find_bound(ceilings, {"fp32", 1000e9}, 100e6, 1e9, /*streams=*/false, 0);
  EXPECT_EQ(memory.name, "DRAM");
  EXPECT_DOUBLE_EQ(memory.seconds, 0.01);
  const Bound compute = find_bound(ceilings, {"fp32", 1000e9}, 100e6, 50e9, /*streams=*/false, 0);
  EXPECT_EQ(compute.name, "fp32");
  EXPECT_DOUBLE_EQ(compute.seconds, 0.05);
}

TEST(FindBound, TakesTheCacheThatHoldsWhatIsReadAgain) {
  const MachineCeilings ceilings = plain_ceilings();
  EXPECT_EQ(find_bound(ceilings, {"fp32", 1000e9}, 2e6, 0, /*streams=*/false, 0).name, "L2") << "both cores' together";
  EXPECT_EQ(find_bound(ceilings, {"fp32", 1000e9}, 2.1e6, 0, /*streams=*/false, 0).name, "L3");
  EXPECT_EQ(find_bound(ceilings, {"fp32", 1000e9}, 17e6, 0, /*streams=*/false, 0).name, "DRAM");
  // A small weight comes from DRAM if the others that a step reads in between do not leave it room in a cache.
  EXPECT_EQ(find_bound(ceilings, {"fp32", 1000e9}, 1e6, 0, /*streams=*/true, 200e6).name, "DRAM");
  EXPECT_EQ(find_bound(ceilings, {"fp32", 1000e9}, 1e6, 0, /*streams=*/true, 10e6).name, "L3");
  EXPECT_DOUBLE_EQ(find_bound(ceilings, {"fp32", 1000e9}, 1e6, 0, /*streams=*/true, 10e6).seconds, 1e6 / 50e9);
}

TEST(FindBound, IsUnknownWithoutCeilings) {
  const Bound bound = find_bound({}, {}, 1e6, 1e6, /*streams=*/false, 0);
  EXPECT_EQ(bound.name, "");
  EXPECT_EQ(bound.seconds, 0);
  MachineCeilings no_caches;
  no_caches.dram_read.all_threads = 10e9;
  no_caches.fp32.all_threads = 1e9;
  no_caches.l3_bytes = int64_t{1} << 40;  // known, but not how fast it is
  EXPECT_EQ(find_bound(no_caches, {"fp32", 1e9}, 1e6, 0, /*streams=*/false, 0).name, "DRAM");
}

TEST(ArithmeticLimit, IsOfTheUnitThatMultiplies) {
  MachineCeilings ceilings = plain_ceilings();
  ceilings.bf16_dot.all_threads = 2000e9;
  ceilings.amx_bf16.all_threads = 8000e9;
  const auto limit = [&](const char* name, const char* kernel, const char* format, StepPhase phase) {
    OperationEvent event;
    event.name = name;
    event.kernel = kernel;
    event.format = format;
    event.phase = phase;
    return arithmetic_limit(ceilings, event).name;
  };
  EXPECT_EQ(limit("qkv_projection", "avx512_bf16", "Q4_K", StepPhase::kPrefill), "bf16");
  EXPECT_EQ(limit("qkv_projection", "avx512_bf16", "Q4_K", StepPhase::kDecode), "fp32");
  EXPECT_EQ(limit("qkv_projection", "avx512_bf16", "F32", StepPhase::kPrefill), "fp32");
  EXPECT_EQ(limit("qkv_projection", "avx512_vnni", "Q4_K", StepPhase::kPrefill), "fp32");
  EXPECT_EQ(limit("qkv_projection", "amx_bf16", "mixed", StepPhase::kPrefill), "amx");
  EXPECT_EQ(limit("attention", "avx512_bf16", "", StepPhase::kPrefill), "bf16");
  EXPECT_EQ(limit("attention", "amx_bf16", "", StepPhase::kPrefill), "amx");
  EXPECT_EQ(limit("rope", "avx512_bf16", "", StepPhase::kPrefill), "fp32");
  EXPECT_EQ(limit("qkv_projection", "avx512_bf16_fast", "Q4_K", StepPhase::kPrefill), "int8");
  EXPECT_EQ(limit("qkv_projection", "avx2_fast", "Q4_K", StepPhase::kDecode), "int8");
  EXPECT_EQ(limit("qkv_projection", "avx512_bf16_fast", "F16", StepPhase::kPrefill), "bf16");
  EXPECT_EQ(limit("attention", "avx512_bf16_fast", "", StepPhase::kPrefill), "bf16");
  EXPECT_EQ(limit("rope", "avx512_vnni_fast", "", StepPhase::kDecode), "fp32");
}

// -- Sums, by hand ----------------------------------------------------------------------------------------------------

constexpr int64_t kMs = 1'000'000;

struct Made {
  Recorder recorder{{.n_operations = 64, .n_loops = 64, .n_threads = 2}};
  ModelSpec spec;
  ProfileReport report;
  int64_t now = 7 * kMs;  // no time is zero

  Made() {
    spec.layers.resize(3);
    spec.layers[1].attention.window = 8;
    report.ceilings = plain_ceilings();
    report.memory.weights = int64_t{1} << 30;
    report.prompt_tokens = 10;
  }
  void stage(const char* name, int64_t ms, StepPhase phase = StepPhase::kNone) {
    recorder.add_stage({.name = name, .start_ns = now, .end_ns = now + ms * kMs, .phase = phase});
    now += ms * kMs;
  }
  // A parallel loop of the whole length, in which thread 0 works all the time and thread 1 for busy_ms.
  void operation(const char* name, int32_t layer, int64_t ms, int64_t busy_ms, OperationEvent event) {
    event.name = name;
    event.layer = layer;
    event.start_ns = now;
    event.end_ns = now + ms * kMs;
    event.first_loop = recorder.n_loops();
    recorder.add_span(0, {.start_ns = now, .end_ns = event.end_ns, .loop = recorder.n_loops()});
    if (busy_ms > 0) {
      recorder.add_span(1, {.start_ns = now, .end_ns = now + busy_ms * kMs, .loop = recorder.n_loops()});
    }
    recorder.add_loop({.start_ns = now, .end_ns = event.end_ns, .parallel = true});
    event.end_loop = recorder.n_loops();
    recorder.add_operation(event);
    now = event.end_ns;
  }
};

const ProfileOperation& row_of(const std::vector<ProfileOperation>& rows, const std::string& phase,
                               const std::string& name, const std::string& layers) {
  for (const ProfileOperation& row : rows) {
    if (row.phase == phase && row.name == name && row.layers == layers) return row;
  }
  ADD_FAILURE() << "no row " << phase << " " << name << " of layers " << layers;
  static const ProfileOperation none;
  return none;
}

TEST(Summarize, AddsUpByPhaseGroupAndOperation) {
  Made made;
  const int64_t start = made.now;
  made.stage("load weights", 20);
  made.stage("tokenize", 5);
  made.now += 3 * kMs;  // nobody knows what
  const int64_t prefill_start = made.now;
  const OperationEvent prefill{.format = "Q4_0", .n_bytes = 10'000'000, .n_flops = 1000, .phase = StepPhase::kPrefill};
  made.operation("embedding", -1, 2, 2, {.phase = StepPhase::kPrefill});
  for (int32_t layer = 0; layer < 3; ++layer) made.operation("qkv_projection", layer, 10, 4, prefill);
  made.operation("softmax", 2, 7, 7, {.phase = StepPhase::kPrefill, .apart = true});
  made.operation("head", -1, 5, 5, {.phase = StepPhase::kPrefill});
  made.now += kMs;
  made.recorder.add_stage(
      {.name = "step", .start_ns = prefill_start, .end_ns = made.now, .phase = StepPhase::kPrefill});
  made.stage("sampling", 2, StepPhase::kPrefill);
  const int64_t first_byte = made.now;
  for (int step = 0; step < 2; ++step) {
    const int64_t step_start = made.now;
    made.operation("qkv_projection", 0, 4, 4, {.format = "Q4_0", .n_bytes = 10'000'000, .phase = StepPhase::kDecode});
    made.recorder.add_stage({.name = "step", .start_ns = step_start, .end_ns = made.now, .phase = StepPhase::kDecode});
    made.stage("sampling", 1, StepPhase::kDecode);
  }
  summarize(made.recorder, made.spec, {start, first_byte, made.now}, made.report);
  const ProfileReport& report = made.report;

  ASSERT_EQ(report.phases.size(), 2u);
  const ProfilePhase& phase = report.phases[0];
  EXPECT_EQ(phase.name, "prefill");
  EXPECT_EQ(phase.steps, 1);
  EXPECT_EQ(phase.tokens, 10);
  EXPECT_DOUBLE_EQ(phase.ms, 38);  // 2 + 30 + 5 + 1, without what ran apart
  EXPECT_DOUBLE_EQ(phase.operations_ms, 37) << "without what ran apart";
  EXPECT_EQ(phase.operations, 5);
  EXPECT_EQ(phase.loops, 5);
  EXPECT_DOUBLE_EQ(phase.serial_ms, 0);
  EXPECT_DOUBLE_EQ(phase.thread_busy_ms[0], 37);
  EXPECT_DOUBLE_EQ(phase.thread_busy_ms[1], 2 + 12 + 5);
  EXPECT_DOUBLE_EQ(phase.thread_wait_ms[0], 0);
  EXPECT_DOUBLE_EQ(phase.thread_wait_ms[1], 18);
  EXPECT_DOUBLE_EQ(phase.wait_ms, 9);
  EXPECT_DOUBLE_EQ(phase.imbalance, 37.0 / (56.0 / 2));
  EXPECT_DOUBLE_EQ(phase.loop_us_median, 10'000);
  EXPECT_EQ(phase.short_loop_share, 0);
  EXPECT_EQ(report.phases[1].steps, 2);
  EXPECT_EQ(report.phases[1].tokens, 2);
  EXPECT_DOUBLE_EQ(report.phases[1].tokens_per_second, 2 / 0.008);

  // Layers 0 and 2 are alike, 1 has a window.
  const ProfileOperation& row = row_of(report.operations, "prefill", "qkv_projection", "0,2");
  EXPECT_EQ(row.calls, 2);
  EXPECT_DOUBLE_EQ(row.ms, 20);
  EXPECT_DOUBLE_EQ(row.share, 20.0 / 38);
  EXPECT_DOUBLE_EQ(row.gb_per_s, 1.0);             // 20 MB in 20 ms
  EXPECT_DOUBLE_EQ(row.percent_of_ceiling, 10.0);  // of 10 GB/s: 1 GB of weights fits no cache
  EXPECT_EQ(row.bound, "DRAM");
  EXPECT_DOUBLE_EQ(row.wait_share, 6.0 / 20);  // thread 1 waits 6 of 10 ms, thread 0 never
  EXPECT_EQ(row.loops, 2);
  EXPECT_DOUBLE_EQ(row_of(report.operations, "prefill", "qkv_projection", "1").ms, 10);
  EXPECT_DOUBLE_EQ(row_of(report.operations, "decode", "qkv_projection", "0,2").ms, 8);
  EXPECT_TRUE(row_of(report.operations, "prefill", "softmax", "0,2").apart);
  EXPECT_DOUBLE_EQ(row_of(report.layers, "prefill", "qkv_projection", "2").ms, 10);
  EXPECT_EQ(report.operations.front().name, "qkv_projection") << "the longest of the prefill is first";
  EXPECT_EQ(report.operations.back().phase, "decode");

  EXPECT_DOUBLE_EQ(report.wall_ms, static_cast<double>(made.now - start) / kMs - 7);
  EXPECT_DOUBLE_EQ(report.first_byte_ms, 20 + 5 + 3 + 38 + 2);
  std::vector<std::pair<std::string, double>> stages;
  for (const ProfileStage& stage : report.stages) stages.emplace_back(stage.name, stage.ms);
  EXPECT_THAT(stages,
              ElementsAre(std::pair("load weights", 20.0), std::pair("tokenize", 5.0),
                          std::pair("prefill: embedding", 2.0), std::pair("prefill: layers", 31.0),
                          std::pair("prefill: head", 5.0), std::pair("sampling", 2.0), std::pair("other", 3.0)));
  stages.clear();
  for (const ProfileStage& stage : report.decode_stages) stages.emplace_back(stage.name, stage.ms);
  EXPECT_THAT(stages, ElementsAre(std::pair("decode", 8.0), std::pair("sampling", 2.0), std::pair("other", 0.0)));
}

TEST(Summarize, CountsAStageInsideAnotherOnce) {
  Made made;
  const int64_t start = made.now;
  made.stage("open file", 2);
  const int64_t loading = made.now;
  made.now += 3 * kMs;
  made.stage("pack weights", 10);
  const int64_t innermost = made.now;
  made.stage("check", 1);
  made.now += 4 * kMs;
  made.recorder.add_stage({.name = "pack weights", .start_ns = innermost, .end_ns = made.now});
  made.now += 2 * kMs;
  made.recorder.add_stage({.name = "load weights", .start_ns = loading, .end_ns = made.now});
  made.stage("build tokenizer", 6);
  summarize(made.recorder, made.spec, {start, made.now, made.now}, made.report);
  std::vector<std::pair<std::string, double>> stages;
  for (const ProfileStage& stage : made.report.stages) stages.emplace_back(stage.name, stage.ms);
  EXPECT_THAT(stages,
              ElementsAre(std::pair("open file", 2.0), std::pair("load weights", 5.0), std::pair("pack weights", 14.0),
                          std::pair("check", 1.0), std::pair("build tokenizer", 6.0), std::pair("other", 0.0)));
}

TEST(Summarize, TellsSerialWorkFromWaiting) {
  Made made;
  const int64_t start = made.now;
  // Half of the operation in a loop on the caller alone, then in none at all, then 4 ms in a parallel loop.
  OperationEvent event{.name = "experts", .start_ns = made.now, .layer = 0, .phase = StepPhase::kDecode};
  made.recorder.add_span(0, {.start_ns = made.now, .end_ns = made.now + 10 * kMs, .loop = 0});
  made.recorder.add_loop({.start_ns = made.now, .end_ns = made.now + 10 * kMs, .parallel = false});
  made.now += 16 * kMs;
  made.recorder.add_span(0, {.start_ns = made.now, .end_ns = made.now + 4 * kMs, .loop = 1});
  made.recorder.add_span(1, {.start_ns = made.now, .end_ns = made.now + 2 * kMs, .loop = 1});
  made.recorder.add_loop({.start_ns = made.now, .end_ns = made.now + 4 * kMs, .parallel = true});
  made.now += 4 * kMs;
  event.end_ns = made.now;
  event.end_loop = 2;
  made.recorder.add_operation(event);
  made.recorder.add_stage({.name = "step", .start_ns = start, .end_ns = made.now, .phase = StepPhase::kDecode});
  summarize(made.recorder, made.spec, {start, made.now, made.now}, made.report);
  const ProfilePhase& phase = made.report.phases.at(0);
  EXPECT_EQ(phase.loops, 1);
  EXPECT_DOUBLE_EQ(phase.serial_ms, 16);
  EXPECT_DOUBLE_EQ(phase.wait_ms, 1);
  EXPECT_DOUBLE_EQ(phase.short_loop_wait_ms, 0);
  EXPECT_DOUBLE_EQ(phase.imbalance, 4.0 / 3) << "of the parallel loop alone";
  EXPECT_DOUBLE_EQ(phase.thread_busy_ms[0], 14);
  const ProfileOperation& row = made.report.operations.at(0);
  EXPECT_DOUBLE_EQ(row.serial_ms, 16);
  EXPECT_DOUBLE_EQ(row.wait_share, 0.25);
  EXPECT_EQ(row.loops, 1);
}

// Of ten milliseconds in a shared loop two were a part of the operation that counts by itself.
TEST(Summarize, APartIsNoSerialWork) {
  Made made;
  const int64_t start = made.now;
  made.recorder.add_span(0, {.start_ns = start, .end_ns = start + 10 * kMs, .loop = 0});
  made.recorder.add_loop({.start_ns = start, .end_ns = start + 10 * kMs, .parallel = true});
  made.now += 10 * kMs;
  const OperationEvent whole{.name = "qkv_projection",
                             .start_ns = start,
                             .end_ns = start + 8 * kMs,
                             .layer = 0,
                             .end_loop = 1,
                             .phase = StepPhase::kDecode,
                             .moved_loops_ns = -2 * kMs};
  made.recorder.add_operation(whole);
  made.recorder.add_operation({.name = "rope",
                               .start_ns = whole.end_ns,
                               .end_ns = made.now,
                               .layer = 0,
                               .first_loop = 1,
                               .end_loop = 1,
                               .phase = StepPhase::kDecode,
                               .moved_loops_ns = 2 * kMs});
  made.recorder.add_stage({.name = "step", .start_ns = start, .end_ns = made.now, .phase = StepPhase::kDecode});
  summarize(made.recorder, made.spec, {start, made.now, made.now}, made.report);
  ASSERT_EQ(made.report.operations.size(), 2u);
  for (const ProfileOperation& row : made.report.operations) EXPECT_DOUBLE_EQ(row.serial_ms, 0) << row.name;
  EXPECT_DOUBLE_EQ(made.report.phases.at(0).serial_ms, 0);
  EXPECT_DOUBLE_EQ(made.report.phases.at(0).operations_ms, 10);
}

TEST(Summarize, TellsShortLoopsByTheBarrier) {
  Made made;
  made.report.ceilings.barrier_us = 200;  // ten times that are 2 ms
  const int64_t start = made.now;
  made.operation("rope", 0, 1, 0, {.phase = StepPhase::kDecode});
  made.operation("rope", 1, 1, 1, {.phase = StepPhase::kDecode});
  made.operation("rope", 2, 3, 3, {.phase = StepPhase::kDecode});
  made.operation("rope", 2, 9, 9, {.phase = StepPhase::kDecode});
  made.recorder.add_stage({.name = "step", .start_ns = start, .end_ns = made.now, .phase = StepPhase::kDecode});
  summarize(made.recorder, made.spec, {start, made.now, made.now}, made.report);
  ASSERT_EQ(made.report.phases.size(), 1u);
  EXPECT_DOUBLE_EQ(made.report.phases[0].short_loop_share, 0.5);
  EXPECT_DOUBLE_EQ(made.report.phases[0].loop_us_median, 3000);
  EXPECT_DOUBLE_EQ(made.report.phases[0].short_loop_wait_ms, 0.5);  // all of the first, by one thread of two
  EXPECT_DOUBLE_EQ(made.report.phases[0].wait_ms, 0.5);
}

TEST(Summarize, OfNothingIsEmpty) {
  const Recorder recorder({});
  ProfileReport report;
  summarize(recorder, {}, {0, 0, 0}, report);
  EXPECT_TRUE(report.phases.empty());
  EXPECT_TRUE(report.operations.empty());
  EXPECT_EQ(report.wall_ms, 0);
}

// -- Real requests ----------------------------------------------------------------------------------------------------

// Somebody else may take the processor between two operations: a calm try of a bounded number must add up.
constexpr int kTries = 30;
constexpr double kTolerance = 0.03;

std::vector<int32_t> some_tokens(const Engine& engine, int64_t n) {
  std::vector<int32_t> tokens;
  for (int64_t token = 0; token < n; ++token) {
    tokens.push_back(static_cast<int32_t>((3 + token * 7) % engine.info().vocab_size));
  }
  return tokens;
}

struct LayerSum {
  double operations_ns = 0;
  int64_t start_ns = 0;
  int64_t end_ns = 0;
};

// Each layer from the start of its first operation to that of the next layer, or to the end of the layers.
std::vector<LayerSum> sum_layers(std::span<const OperationEvent> operations, int64_t n_layers) {
  std::vector<LayerSum> sums(static_cast<size_t>(n_layers));
  int32_t layer = -1;
  for (const OperationEvent& event : operations) {
    if (event.layer != layer) {
      if (layer >= 0) sums[static_cast<size_t>(layer)].end_ns = event.start_ns;
      layer = event.layer;
      if (layer >= 0) sums[static_cast<size_t>(layer)].start_ns = event.start_ns;
    }
    if (layer >= 0)
      sums[static_cast<size_t>(layer)].operations_ns += static_cast<double>(event.end_ns - event.start_ns);
  }
  return sums;
}

class OfModel : public testing::TestWithParam<const char*> {};

TEST_P(OfModel, OperationsAddUpToTheirLayer) {
  ModelOptions options;
  options.threads = 2;
  auto engine = Engine::open(golden_path(GetParam()), options);
  ASSERT_TRUE(engine.has_value()) << engine.error().message;
  const std::vector<int32_t> tokens = some_tokens(**engine, 240);
  const int64_t n_layers = (*engine)->info().n_layers;
  std::vector<double> best(static_cast<size_t>(n_layers), 0.0);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    Recorder recorder({.n_operations = 1000, .n_loops = 10000, .n_threads = 2});
    (*engine)->set_recorder(&recorder);
    TokenSequence sequence(*engine);
    ASSERT_TRUE(sequence.feed(tokens, TensorView(), {.logits = Rows::kLast}).has_value());
    (*engine)->set_recorder(nullptr);
    ASSERT_EQ(recorder.n_dropped(), 0);
    const auto sums = sum_layers(recorder.operations(), n_layers);
    for (size_t layer = 0; layer < sums.size(); ++layer) {
      const double share = sums[layer].operations_ns / static_cast<double>(sums[layer].end_ns - sums[layer].start_ns);
      ASSERT_GT(sums[layer].operations_ns, 0) << "layer " << layer;
      ASSERT_LE(share, 1.0) << "operations do not overlap";
      best[layer] = std::max(best[layer], share);
    }
    if (std::ranges::all_of(best, [](double share) { return share >= 1 - kTolerance; })) return;
  }
  FAIL() << "operations add up to at most " << testing::PrintToString(best) << " of their layers";
}

INSTANTIATE_TEST_SUITE_P(Golden, OfModel, testing::Values("llama.F32.gguf", "gemma3.F32.gguf", "qwen3moe.F32.gguf"),
                         [](const auto& test) {
                           const std::string file = test.param;
                           return file.substr(0, file.find('.'));
                         });

double ms_of(const std::vector<ProfileStage>& stages, const std::string& name) {
  for (const ProfileStage& stage : stages) {
    if (stage.name == name) return stage.ms;
  }
  return 0;
}

double sum_ms(const std::vector<ProfileStage>& stages) {
  return std::accumulate(stages.begin(), stages.end(), 0.0,
                         [](double sum, const ProfileStage& stage) { return sum + stage.ms; });
}

// Whatever no stage accounts for is called "other": with it the sum is exact, without it it must be near.
TEST(RunProfile, StagesAddUpToTheWallTime) {
  std::string prompt;
  for (int line = 0; line < 40; ++line) prompt += "The quick brown fox " + std::to_string(line) + " jumps over. ";
  ModelOptions model;
  model.threads = 2;
  model.context = 4096;
  ProfileOptions options;
  options.max_tokens = 16;
  double least_other = 1;
  for (int attempt = 0; attempt < kTries && least_other > kTolerance; ++attempt) {
    const auto report = run_profile(golden_path("llama.F32.gguf"), model, prompt, options, plain_ceilings());
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_EQ(report->dropped_events, 0);
    EXPECT_GT(report->prompt_tokens, 500);
    EXPECT_NEAR(sum_ms(report->stages), report->first_byte_ms, 1e-6);
    EXPECT_NEAR(sum_ms(report->stages) + sum_ms(report->decode_stages), report->wall_ms, 1e-6);
    EXPECT_GT(ms_of(report->stages, "load weights"), 0);
    EXPECT_GT(ms_of(report->stages, "pack weights"), 0);
    EXPECT_GT(ms_of(report->stages, "prefill: layers"), 0);
    const double other = ms_of(report->stages, "other") + ms_of(report->decode_stages, "other");
    EXPECT_GE(other, 0);
    least_other = std::min(least_other, other / report->wall_ms);
    // The phases' own times are those of the stages that they are in.
    double steps_ms = 0;
    for (const ProfilePhase& phase : report->phases) steps_ms += phase.ms;
    double stages_ms = ms_of(report->decode_stages, "decode") + ms_of(report->stages, "decode");
    for (const char* part : {"prefill: embedding", "prefill: layers", "prefill: head"}) {
      stages_ms += ms_of(report->stages, part);
    }
    EXPECT_NEAR(stages_ms, steps_ms, 1e-6);
  }
  EXPECT_LE(least_other, kTolerance);
}

}  // namespace
}  // namespace ingot::core
