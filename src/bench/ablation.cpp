#include "bench/ablation.h"

#include <fmt/format.h>

#include <memory>
#include <random>

#include "engine/generation.h"
#include "engine/perplexity.h"
#include "engine/token_sequence.h"

namespace ingot::core {
namespace {

constexpr int64_t kPromptTokens = 128;
constexpr int64_t kGeneratedTokens = 16;
constexpr int64_t kQualityWindow = 128;

// Long enough for one window of any tokenizer.
constexpr std::string_view kQualityText =
    "A river does not hurry. It finds its way down from the hills by giving in to every stone, and yet nothing in the "
    "valley has more power than its patience. In spring, when the snow melts, the water rises over the meadows and "
    "leaves behind the fine dark soil in which the farmers plant their beans. In late summer one can cross it on foot, "
    "jumping from one warm rock to the next, while small fish wait in the shadows for the evening. The old mill has "
    "not turned for forty years; its wheel is covered with moss, and children tell each other that a heron lives "
    "inside who knows the name of everyone who ever drowned. Engineers came twice to measure how much electricity the "
    "falls could give. They wrote down 340 kilowatts, shook their heads, and left with wet boots. So the river stayed "
    "what it was: a border between two villages, a road for logs, a mirror for the moon, and an answer to questions "
    "that nobody had asked aloud.";

struct Switches {
  bool vector_kernels = true;
  bool threads = true;
  bool chunked = true;
  bool half_kv = true;
};
struct Variant {
  const char* name;
  Switches on;
};
constexpr Variant kVariants[] = {
    {"all on", {}},
    {"vector kernels off", {.vector_kernels = false}},
    {"threads off", {.threads = false}},
    {"chunks of 32", {.chunked = false}},
    {"F32 keys and values", {.half_kv = false}},
    {"all off", {.vector_kernels = false, .threads = false, .chunked = false, .half_kv = false}},
};

Result<BenchModel> reopen(const BenchModel& model, const Switches& on) {
  BenchModel changed = model;
  changed.options.context = kPromptTokens + kGeneratedTokens;
  if (!on.vector_kernels) changed.options.isa = "portable";
  if (!on.threads) changed.options.threads = 1;
  if (!on.half_kv) changed.options.kv_type = KvType::kF32;
  INGOT_ASSIGN(changed.engine, Engine::open(model.engine->path(), changed.options));
  return changed;
}

BenchCase variant_case(const BenchModel& model, const Variant& variant, double kl_mean) {
  const ModelInfo& info = model.engine->info();
  const int64_t chunk = variant.on.chunked ? 512 : 32;
  BenchCase bench;
  bench.row.test = fmt::format("{}: pp{}+tg{}", variant.name, kPromptTokens, kGeneratedTokens);
  bench.row.model = model.name;
  bench.row.format = model.format;
  bench.row.mode = mode_name(info.mode);
  bench.row.kernels = info.kernels;
  bench.row.threads = info.threads;
  bench.row.chunk = fmt::format("{}", chunk);
  bench.row.work = static_cast<double>(kPromptTokens + kGeneratedTokens);
  bench.row.figures["kl_mean"] = kl_mean;

  std::mt19937 random(1);
  auto tokens = std::make_shared<std::vector<int32_t>>(static_cast<size_t>(kPromptTokens + kGeneratedTokens));
  for (int32_t& token : *tokens) token = static_cast<int32_t>(random() % static_cast<uint32_t>(info.vocab_size));
  auto sequence = std::make_shared<TokenSequence>(model.engine);
  bench.prepare = [sequence] { return sequence->truncate(0); };
  bench.run = [sequence, tokens, chunk]() -> Status {
    const auto all = std::span<const int32_t>(*tokens);
    const FeedOptions prompt = {.chunk = static_cast<int>(chunk)};
    INGOT_TRY(sequence->feed(all.first(kPromptTokens), TensorView(), prompt).map([](FeedResult&&) {}));
    for (size_t at = kPromptTokens; at < all.size(); ++at) {
      const FeedOptions generated = {.chunk = 1, .generated = true};
      INGOT_TRY(sequence->feed(all.subspan(at, 1), TensorView(), generated).map([](FeedResult&&) {}));
    }
    return {};
  };
  return bench;
}

}  // namespace

Result<double> divergence_from_reference(const BenchModel& model) {
  PerplexityOptions options;
  options.window = kQualityWindow;
  options.n_windows = 1;
  options.kl = true;
  ModelOptions model_options = model.options;
  model_options.context = kQualityWindow;
  INGOT_ASSIGN(const auto engine, Engine::open(model.engine->path(), model_options));
  INGOT_ASSIGN(const PerplexityResult result, measure_perplexity(engine, kQualityText, options));
  return result.kl->mean;
}

Result<std::vector<int32_t>> quality_tokens(const BenchModel& model) {
  constexpr int64_t kTokens = 32;
  const Tokenizer& tokenizer = *model.engine->tokenizer();
  INGOT_ASSIGN(const auto prompt, tokenizer.encode(kQualityText.substr(0, kQualityText.find(',')),
                                                   {.parse_special = false, .add_special = true}));
  GenerateOptions options;
  options.max_tokens = kTokens;
  options.sampling.temperature = 0;
  options.ignore_end = true;
  TokenSequence sequence(model.engine);
  INGOT_ASSIGN(GenerateResult result, generate(sequence, prompt, options));
  return std::move(result.tokens);
}

Result<std::vector<BenchCase>> ablation_cases(const std::vector<BenchModel>& models) {
  std::vector<BenchCase> cases;
  for (const BenchModel& model : models) {
    for (const Variant& variant : kVariants) {
      INGOT_ASSIGN(const BenchModel changed, reopen(model, variant.on));
      INGOT_ASSIGN(const double kl_mean, divergence_from_reference(changed));
      cases.push_back(variant_case(changed, variant, kl_mean));
    }
  }
  return cases;
}

}  // namespace ingot::core
