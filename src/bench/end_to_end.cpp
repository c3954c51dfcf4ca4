// Whole steps of a model: reading a prompt, generating, loading, and the time to the first token.
//
// Every sample starts from the same state: the sequence is cut back to its depth, or made anew. Tokens are drawn from
// the vocabulary with a fixed seed: their values make no difference to the time of a dense model.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>

#include "bench/suites.h"
#include "engine/file_info.h"
#include "engine/generation.h"
#include "engine/token_sequence.h"

namespace ingot::core {
namespace {

constexpr uint32_t kTokenSeed = 42;

std::vector<int32_t> draw_tokens(const Engine& engine, int64_t n) {
  std::mt19937 random(kTokenSeed);
  std::vector<int32_t> tokens(static_cast<size_t>(n));
  for (int32_t& token : tokens) {
    token = static_cast<int32_t>(random() % static_cast<uint32_t>(engine.info().vocab_size));
  }
  return tokens;
}

std::string file_name(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

BenchResult row_of(const BenchModel& model, std::string test, std::string chunk, int64_t n_tokens) {
  const ModelInfo& info = model.engine->info();
  BenchResult row;
  row.test = std::move(test);
  row.model = model.name;
  row.format = model.format;
  row.mode = mode_name(info.mode);
  row.kernels = info.kernels;
  row.threads = info.threads;
  row.chunk = std::move(chunk);
  row.work = static_cast<double>(n_tokens);
  return row;
}

// A sequence that is cut back to its depth before each sample.
class Bed {
 public:
  Bed(const std::shared_ptr<Engine>& engine, int64_t depth)
      : sequence_(engine), tokens_(draw_tokens(*engine, std::max<int64_t>(depth, 1))), depth_(depth) {}

  Status prepare() {
    if (sequence_.length() < depth_) {
      INGOT_TRY(sequence_.truncate(0));
      INGOT_TRY(read(tokens_, 512, Rows::kNone));
      if (sequence_.engine().info().state_bytes > 0) at_depth_ = sequence_.fork();
      return {};
    }
    if (!at_depth_) return sequence_.truncate(depth_);
    // A recurrent state cannot be cut back.
    sequence_ = at_depth_->fork();
    return {};
  }
  Status read(std::span<const int32_t> tokens, const Chunking& chunk, Rows logits) {
    const FeedOptions options = {.logits = logits, .chunk = chunk};
    return sequence_.feed(tokens, TensorView(), options).map([](FeedResult&&) {});
  }
  // One token after another, each with logits, as generate() computes them.
  Status generate_like(std::span<const int32_t> tokens) {
    for (size_t at = 0; at < tokens.size(); ++at) {
      const FeedOptions options = {.logits = Rows::kLast, .chunk = 1, .generated = true};
      INGOT_TRY(sequence_.feed(tokens.subspan(at, 1), TensorView(), options).map([](FeedResult&&) {}));
    }
    return {};
  }

 private:
  TokenSequence sequence_;
  std::optional<TokenSequence> at_depth_;
  std::vector<int32_t> tokens_;  // (depth)
  int64_t depth_;
};

std::string at_depth(std::string test, int64_t depth) {
  return depth == 0 ? test : fmt::format("{}@d{}", test, depth);
}

BenchCase prompt_case(const BenchModel& model, int64_t n_prompt, int64_t n_generated, int64_t depth,
                      const Chunking& chunk) {
  const std::string test = n_generated == 0 ? fmt::format("pp{}", n_prompt)
                           : n_prompt == 0  ? fmt::format("tg{}", n_generated)
                                            : fmt::format("pp{}+tg{}", n_prompt, n_generated);
  auto bed = std::make_shared<Bed>(model.engine, depth);
  auto prompt = std::make_shared<std::vector<int32_t>>(draw_tokens(*model.engine, n_prompt));
  auto generated = std::make_shared<std::vector<int32_t>>(draw_tokens(*model.engine, n_generated));
  BenchCase bench;
  bench.row = row_of(model, at_depth(test, depth), n_prompt == 0 ? "" : chunking_name(chunk), n_prompt + n_generated);
  bench.prepare = [bed] { return bed->prepare(); };
  bench.run = [bed, prompt, generated, chunk]() -> Status {
    if (!prompt->empty()) INGOT_TRY(bed->read(*prompt, chunk, Rows::kLast));
    return bed->generate_like(*generated);
  };
  return bench;
}

BenchCase load_case(const BenchModel& model) {
  auto opened = std::make_shared<std::shared_ptr<Engine>>();
  BenchCase bench;
  bench.row = row_of(model, "load", "", 0);
  bench.release = [opened] { opened->reset(); };
  bench.run = [opened, path = model.engine->path(), options = model.options]() -> Status {
    INGOT_ASSIGN(*opened, Engine::open(path, options));
    return {};
  };
  return bench;
}

// From opening the file to the first token drawn and turned into text.
BenchCase ttft_case(const BenchModel& model, int64_t n_prompt, const Chunking& chunk) {
  auto opened = std::make_shared<std::shared_ptr<Engine>>();
  auto prompt = std::make_shared<std::vector<int32_t>>(draw_tokens(*model.engine, n_prompt));
  BenchCase bench;
  bench.row = row_of(model, fmt::format("ttft{}", n_prompt), chunking_name(chunk), 0);
  bench.release = [opened] { opened->reset(); };
  bench.run = [opened, prompt, chunk, path = model.engine->path(), options = model.options]() -> Status {
    INGOT_ASSIGN(*opened, Engine::open(path, options));
    TokenSequence sequence(*opened);
    GenerateOptions generate_options;
    generate_options.max_tokens = 1;
    generate_options.ignore_end = true;
    generate_options.sampling.temperature = 0;
    generate_options.chunk = chunk;
    return generate(sequence, *prompt, generate_options).map([](GenerateResult&&) {});
  };
  return bench;
}

}  // namespace

Result<BenchModel> open_bench_model(const std::string& path, ModelOptions options, int64_t context) {
  INGOT_ASSIGN(const FileInfo info, describe_file(path, {}));
  if (context > 0) options.context = context;
  BenchModel model;
  model.name = file_name(path);
  const auto most = std::ranges::max_element(info.format_bytes, {}, [](const auto& entry) { return entry.second; });
  if (most != info.format_bytes.end()) model.format = most->first;
  model.options = options;
  INGOT_ASSIGN(model.engine, Engine::open(path, options));
  return model;
}

int64_t longest_sequence(const EndToEndLists& lists) {
  int64_t longest = 1;
  for (const int64_t n : lists.prompts) longest = std::max(longest, n);
  for (const int64_t n : lists.generated) longest = std::max(longest, n);
  for (const auto& [n_prompt, n_generated] : lists.combined) longest = std::max(longest, n_prompt + n_generated);
  // One more: the token that a time to first token draws.
  return longest + *std::ranges::max_element(lists.depths) + 1;
}

std::vector<BenchCase> end_to_end_cases(const std::vector<BenchModel>& models, const EndToEndLists& lists) {
  std::vector<BenchCase> cases;
  for (const BenchModel& model : models) {
    for (const int64_t depth : lists.depths) {
      for (const int64_t n : lists.prompts) {
        for (const Chunking& chunk : lists.chunks) {
          if (n > 0) cases.push_back(prompt_case(model, n, 0, depth, chunk));
        }
      }
    }
    for (const int64_t depth : lists.depths) {
      for (const int64_t n : lists.generated) {
        if (n > 0) cases.push_back(prompt_case(model, 0, n, depth, 512));
      }
    }
    for (const int64_t depth : lists.depths) {
      for (const auto& [n_prompt, n_generated] : lists.combined) {
        for (const Chunking& chunk : lists.chunks) {
          cases.push_back(prompt_case(model, n_prompt, n_generated, depth, chunk));
        }
      }
    }
    cases.push_back(load_case(model));
    for (const int64_t n : lists.prompts) {
      for (const Chunking& chunk : lists.chunks) {
        if (n > 0) cases.push_back(ttft_case(model, n, chunk));
      }
    }
  }
  return cases;
}

std::vector<BenchCase> ttft_cases(const std::vector<BenchModel>& models, std::span<const int64_t> prompts) {
  std::vector<BenchCase> cases;
  for (const BenchModel& model : models) {
    for (const int64_t n : prompts) {
      if (n < model.engine->info().context) cases.push_back(ttft_case(model, n, 512));
    }
    cases.push_back(load_case(model));
  }
  return cases;
}

}  // namespace ingot::core
