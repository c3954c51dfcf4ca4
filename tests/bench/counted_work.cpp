// counted_work MODEL: the work whose instructions tools/count_instructions.py counts, each kind in a function of its
// own that the counter finds by its name. Run under callgrind; by itself it does the same and prints nothing.
//
// counted_work --built-with: what the counts depend on besides the code.
//
// One thread, a fixed context and seed, and nothing that asks for the time: the same instructions in every run. Load is
// counted as a new process meets it; all else once it has run before, so that no first use of anything is in it.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <pcre2.h>
#include <utf8proc.h>
#include <xxhash.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ingot/ingot.h"
#include "sampling/chain.h"

// Found by name, and never part of another function.
#define INGOT_COUNTED extern "C" __attribute__((noinline, used))

namespace {

constexpr int64_t kContext = 256;
constexpr size_t kPromptTokens = 100;
constexpr size_t kDecodedTokens = 16;
constexpr int kSampledTokens = 5;
constexpr size_t kVocabulary = 32768;  // of the logits that are sampled: the tiny models' own would be too few

std::optional<ingot::Model> model;
std::string text;
std::vector<ingot::Token> tokens;
std::vector<float> logits;     // (kVocabulary)
std::vector<int32_t> history;  // (64)

[[noreturn]] void give_up(const std::string& message) {
  fmt::print(stderr, "counted_work: {}\n", message);
  std::exit(1);
}

template <typename T>
T must(ingot::Expected<T> result) {
  if (!result) give_up(result.error().message);
  return std::move(*result);
}

void feed(ingot::Sequence& sequence, std::span<const ingot::Token> fed, bool generated) {
  must(sequence.feed(fed, {.generated = generated}));
}

}  // namespace

INGOT_COUNTED void counted_load(const char* path) {
  model = must(ingot::Model::open(path, {.threads = 1, .context = kContext}));
}

INGOT_COUNTED void counted_tokenisation() {
  tokens = must(model->tokenizer().tokenize(text));
}

INGOT_COUNTED void counted_prefill(ingot::Sequence& sequence) {
  feed(sequence, std::span(tokens).first(kPromptTokens), /*generated=*/false);
}

INGOT_COUNTED void counted_decode(ingot::Sequence& sequence) {
  for (size_t index = 0; index < kDecodedTokens; ++index) {
    feed(sequence, std::span(tokens).subspan(kPromptTokens + index, 1), /*generated=*/true);
  }
}

INGOT_COUNTED void counted_sampling(ingot::core::SamplingChain& chain) {
  for (int n = 0; n < kSampledTokens; ++n) {
    if (const auto token = chain.sample(logits, history); !token) give_up(token.error().message);
  }
}

namespace {

// Different letters, words, digits and spaces, and some that a vocabulary of a few hundred pieces has to spell out.
void make_text() {
  for (int line = 0; line < 12; ++line) {
    text += fmt::format(
        "In {} the caf\u00e9 sold {} cups;  don't ask WHY -- \u4e2d\u6587, \U0001F680!\n\t- item {}: (a+b)*c\n",
        1900 + line * 7, line * line * 31, line);
  }
}

// A few likely tokens over a broad floor, as models give them.
void make_logits() {
  logits.resize(kVocabulary);
  uint32_t state = 1;
  for (float& logit : logits) {
    state = state * 1664525U + 1013904223U;
    const float uniform = static_cast<float>(state >> 8) / static_cast<float>(1U << 24);
    logit = -8.0F * uniform + (uniform < 0.001F ? 10.0F : 0.0F);
  }
  for (int32_t index = 0; index < 64; ++index) history.push_back(index * 37 % static_cast<int32_t>(kVocabulary));
}

ingot::core::SamplingChain make_chain() {
  auto chain = ingot::core::SamplingChain::create({.penalties = {.repeat = 1.1F}, .seed = 42}, kVocabulary);
  if (!chain) give_up(chain.error().message);
  return std::move(*chain);
}

void work(const char* path) {
  make_text();
  make_logits();
  counted_load(path);

  tokens = must(model->tokenizer().tokenize(text));
  counted_tokenisation();
  if (tokens.size() < kPromptTokens + kDecodedTokens) give_up("the text has too few tokens");

  ingot::Sequence warm = model->new_sequence();
  feed(warm, std::span(tokens).first(kPromptTokens), /*generated=*/false);
  feed(warm, std::span(tokens).subspan(kPromptTokens, 1), /*generated=*/true);
  ingot::Sequence sequence = model->new_sequence();
  counted_prefill(sequence);
  counted_decode(sequence);

  ingot::core::SamplingChain warm_chain = make_chain();
  if (!warm_chain.sample(logits, history)) give_up("sampling failed");
  ingot::core::SamplingChain chain = make_chain();
  counted_sampling(chain);
}

std::string built_with() {
  std::array<char, 64> pcre2{};
  pcre2_config(PCRE2_CONFIG_VERSION, pcre2.data());
#if defined(__clang__)
  const std::string compiler = "Clang " __clang_version__;
#else
  const std::string compiler = "GCC " __VERSION__;
#endif
#if defined(__x86_64__)
  const char* architecture = "x86_64";
#else
  const char* architecture = "another architecture";
#endif
  return fmt::format("{}, {}, glibc {}, fmt {}, pcre2 {}, utf8proc {}, xxhash {}", architecture, compiler,
                     gnu_get_libc_version(), FMT_VERSION, pcre2.data(), utf8proc_version(), XXH_versionNumber());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: counted_work MODEL | --built-with\n");
    return 2;
  }
  if (std::string(argv[1]) == "--built-with") {
    fmt::print("{}\n", built_with());
    return 0;
  }
  work(argv[1]);
}
