// What surrounds the model: text to tokens and back, and the choice of a token.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <random>

#include "bench/suites.h"
#include "sampling/chain.h"
#include "tokenizer/stream_decoder.h"

namespace ingot::core {
namespace {

// Prose, code, numbers, and several scripts, so that no single rule of a pre-tokenizer decides.
constexpr std::string_view kText =
    "The quick brown fox jumps over the lazy dog, and it's not the first time: in 1999 it did so 12,345 times.\n"
    "int main(int argc, char** argv) {\n    for (int i = 0; i < argc; ++i) printf(\"%s\\n\", argv[i]);\n}\n"
    "Größe, façade, naïveté; Ελληνικά; русский текст без перевода; 日本語の文章を読む。한국어 문장입니다.\n"
    "https://example.org/path?query=value&other=1  \t  3.14159265358979   \U0001F600\U0001F680\n";
constexpr int64_t kTextBytes = 64 * 1024;

std::string make_text() {
  std::string text;
  while (static_cast<int64_t>(text.size()) < kTextBytes) text += kText;
  return text;
}

BenchResult row_of(const BenchModel& model, std::string test) {
  BenchResult row;
  row.test = std::move(test);
  row.model = model.name;
  row.format = model.engine->info().tokenizer;
  row.threads = 1;
  return row;
}

}  // namespace

Result<std::vector<BenchCase>> tokenizer_cases(const std::vector<BenchModel>& models) {
  std::vector<BenchCase> cases;
  const auto text = std::make_shared<const std::string>(make_text());
  for (const BenchModel& model : models) {
    const auto tokenizer = model.engine->tokenizer();
    INGOT_ASSIGN(auto encoded, tokenizer->encode(*text, {.parse_special = false, .add_special = false}));
    const auto tokens = std::make_shared<const std::vector<int32_t>>(std::move(encoded));
    const auto n_bytes = static_cast<double>(text->size());

    BenchCase encode;
    encode.row = row_of(model, fmt::format("encode {} kB", text->size() / 1024));
    encode.row.work = static_cast<double>(tokens->size());
    encode.fine_grained = true;
    encode.run = [tokenizer, text] {
      return tokenizer->encode(*text, {.parse_special = false, .add_special = false}).map([](auto&&) {});
    };
    encode.finish = [n_bytes](BenchResult& row) {
      row.figures["mb_per_second"] = n_bytes * 1000 / *std::ranges::min_element(row.samples_ns);
    };
    cases.push_back(std::move(encode));

    BenchCase decode;
    decode.row = row_of(model, fmt::format("decode {} tokens", tokens->size()));
    decode.row.work = static_cast<double>(tokens->size());
    decode.fine_grained = true;
    decode.run = [tokenizer, tokens]() -> Status {
      StreamDecoder decoder(*tokenizer);
      for (const int32_t token : *tokens) decoder.push(token);
      return {};
    };
    decode.finish = [n_bytes](BenchResult& row) {
      row.figures["mb_per_second"] = n_bytes * 1000 / *std::ranges::min_element(row.samples_ns);
    };
    cases.push_back(std::move(decode));
  }
  return cases;
}

Result<std::vector<BenchCase>> sampling_cases() {
  struct Setting {
    const char* name;
    ChainParams params;
  };
  const Setting settings[] = {
      {"greedy", {.temperature = 0}},
      {"default", {}},
      {"top-p only", {.top_k = 0, .min_p = 0}},
      {"penalties", {.penalties = {.repeat = 1.1f, .frequency = 0.1f, .presence = 0.1f, .last_n = 64}}},
  };
  std::vector<BenchCase> cases;
  const auto history = std::make_shared<std::vector<int32_t>>(1024);
  for (size_t at = 0; at < history->size(); ++at) (*history)[at] = static_cast<int32_t>(at * 7);
  for (const int64_t n_vocab : {32000, 128256, 262144}) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0.0f, 3.0f);
    const auto logits = std::make_shared<std::vector<float>>(static_cast<size_t>(n_vocab));
    for (float& logit : *logits) logit = normal(random);
    for (const Setting& setting : settings) {
      INGOT_ASSIGN(SamplingChain made, SamplingChain::create(setting.params, n_vocab));
      const auto chain = std::make_shared<SamplingChain>(std::move(made));
      BenchCase bench;
      bench.row.test = fmt::format("sample {} of {}", setting.name, n_vocab);
      bench.row.threads = 1;
      bench.row.work = 1;
      bench.fine_grained = true;
      bench.run = [chain, logits, history] { return chain->sample(*logits, *history).map([](int32_t) {}); };
      cases.push_back(std::move(bench));
    }
  }
  return cases;
}

}  // namespace ingot::core
