#include "engine/perplexity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "engine/token_sequence.h"

namespace ingot::core {
namespace {

using ::testing::HasSubstr;

PerplexityOptions window_of(int64_t window, int64_t n_windows = 0) {
  PerplexityOptions options;
  options.window = window;
  options.n_windows = n_windows;
  return options;
}

std::shared_ptr<Engine> tiny_engine(const std::string& isa = {}) {
  auto engine = Engine::open(INGOT_GOLDEN_MODELS "/llama.F32.gguf", {.isa = isa});
  EXPECT_TRUE(engine.has_value()) << engine.error().message;
  return *engine;
}

std::string repeated_text() {
  std::string text;
  for (int line = 0; line < 60; ++line) text += "the number of this line is " + std::to_string(line * 7) + "\n";
  return text;
}

TEST(PerplexityWindows, ScoreTheSecondHalf) {
  const auto plan = PerplexityWindows::plan(1700, 512, window_of(512)).value();
  EXPECT_EQ(plan.n_windows, 3);  // the last 164 tokens are dropped
  EXPECT_EQ(plan.first_scored, 256);
  EXPECT_EQ(plan.n_scored, 255);
  EXPECT_EQ(PerplexityWindows::plan(1700, 512, window_of(512, 2)).value().n_windows, 2);
  EXPECT_EQ(PerplexityWindows::plan(1700, 512, window_of(512, 9)).value().n_windows, 3);
}

TEST(PerplexityWindows, RefuseWithBothNumbers) {
  const auto short_text = PerplexityWindows::plan(100, 512, window_of(512));
  ASSERT_FALSE(short_text.has_value());
  EXPECT_THAT(short_text.error().message, HasSubstr("100 tokens"));
  EXPECT_THAT(short_text.error().message, HasSubstr("512"));
  EXPECT_FALSE(PerplexityWindows::plan(10000, 256, window_of(512)).has_value());
  EXPECT_FALSE(PerplexityWindows::plan(10000, 256, window_of(3)).has_value());
}

TEST(NegativeLogLikelihood, IsThatOfTheSoftmax) {
  const std::array<float, 3> logits = {std::log(0.2f), std::log(0.5f), std::log(0.3f)};
  EXPECT_NEAR(negative_log_likelihood(logits, 1), -std::log(0.5), 1e-7);
  // Large logits must not overflow.
  const std::array<float, 2> large = {1e6f, 1e6f};
  EXPECT_NEAR(negative_log_likelihood(large, 0), std::log(2.0), 1e-7);
}

TEST(KlDivergence, IsThatOfTheSoftmaxes) {
  const std::array<float, 2> p = {std::log(0.75f), std::log(0.25f)};
  const std::array<float, 2> q = {std::log(0.5f) + 3.0f, std::log(0.5f) + 3.0f};
  EXPECT_NEAR(kl_divergence(p, q), 0.75 * std::log(1.5) + 0.25 * std::log(0.5), 1e-7);
  EXPECT_EQ(kl_divergence(p, p), 0.0);
}

TEST(Perplexity, EqualsTheDefinitionOnATinyModel) {
  const auto engine = tiny_engine();
  constexpr int64_t kWindow = 32;
  const auto result = measure_perplexity(engine, repeated_text(), window_of(kWindow, 3));
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->n_windows, 3);
  EXPECT_EQ(result->n_tokens, 3 * 15);

  // One token after another, each window by itself.
  const Tokenizer& tokenizer = *engine->tokenizer();
  std::vector<int32_t> tokens =
      tokenizer.encode(repeated_text(), {.parse_special = false, .add_special = true}).value();
  std::vector<double> nll;
  for (size_t start = 0; start < 3 * kWindow; start += kWindow) {
    tokens[start] = tokenizer.bos();
    TokenSequence sequence(engine);
    for (size_t position = 0; position + 1 < kWindow; ++position) {
      const auto fed = sequence.feed(std::span(tokens).subspan(start + position, 1), TensorView(), {});
      ASSERT_TRUE(fed.has_value());
      if (position < kWindow / 2) continue;
      const std::vector<float>& logits = fed->logits;
      double sum = 0.0;
      for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
      nll.push_back(std::log(sum) - logits[static_cast<size_t>(tokens[start + position + 1])]);
    }
  }
  double mean = 0.0;
  for (const double value : nll) mean += value / static_cast<double>(nll.size());
  double variance = 0.0;
  for (const double value : nll) variance += (value - mean) * (value - mean) / static_cast<double>(nll.size() - 1);
  EXPECT_NEAR(result->perplexity, std::exp(mean), 1e-9 * std::exp(mean));
  EXPECT_NEAR(result->standard_error, std::exp(mean) * std::sqrt(variance / static_cast<double>(nll.size())), 1e-9);
}

TEST(Perplexity, OfReferenceArithmeticIsNear) {
  PerplexityOptions options = window_of(32, 2);
  options.kl = true;
  // Where all products are FP32, exact arithmetic differs from the reference in the last bits of sums only; where those
  // of prompts are bf16, it keeps to the bound of the exact mode.
  const std::pair<const char*, double> bounds[] = {{"portable", 1e-6}, {"", 3e-4}};
  for (const auto& [isa, bound] : bounds) {
    const auto result = measure_perplexity(tiny_engine(isa), repeated_text(), options);
    ASSERT_TRUE(result.has_value()) << result.error().message;
    ASSERT_TRUE(result->kl.has_value());
    EXPECT_LT(result->kl->mean, bound);
    EXPECT_GE(result->kl->max, result->kl->mean);
    EXPECT_GT(result->kl->same_top, 0.95);
  }
}

TEST(Perplexity, TokenByTokenIsNearTheSame) {
  const std::pair<const char*, double> bounds[] = {{"portable", 1e-4}, {"", 5e-3}};  // FP32; a prompt in bf16
  for (const auto& [isa, bound] : bounds) {
    PerplexityOptions options = window_of(32, 2);
    const auto together = measure_perplexity(tiny_engine(isa), repeated_text(), options);
    options.decode = true;
    const auto one_by_one = measure_perplexity(tiny_engine(isa), repeated_text(), options);
    ASSERT_TRUE(together.has_value() && one_by_one.has_value());
    EXPECT_NEAR(one_by_one->perplexity, together->perplexity, bound * together->perplexity);
  }
}

TEST(Perplexity, StopsWhenCancelled) {
  PerplexityOptions options = window_of(32);
  options.on_window = [cancel = options.cancel](int64_t n_done, int64_t, double) {
    if (n_done == 2) cancel.cancel();
  };
  const auto result = measure_perplexity(tiny_engine(), repeated_text(), options);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::kCancelled);
}

}  // namespace
}  // namespace ingot::core
