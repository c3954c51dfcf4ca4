#include "sampling/chain.h"
#include "base/cpu_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace ingot::core {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

SamplingChain make_chain(ChainParams params, int64_t n_vocab) {
  auto chain = SamplingChain::create(std::move(params), n_vocab);
  EXPECT_TRUE(chain.has_value()) << chain.error().message;
  return std::move(*chain);
}

// All samplers off: a plain draw from the softmax.
ChainParams plain(uint64_t seed) {
  return {.top_k = 0, .top_p = 1.0f, .min_p = 0.0f, .temperature = 1.0f, .seed = seed};
}

TEST(Greedy, TakesTheLowerIdOfEqualLogits) {
  const std::array<float, 4> logits = {1.0f, 3.0f, 3.0f, -kInf};
  EXPECT_EQ(greedy(logits).value(), 1);
}

TEST(Greedy, RefusesWhatIsNoNumber) {
  EXPECT_FALSE(greedy(std::array<float, 2>{1.0f, kNan}).has_value());
  EXPECT_FALSE(greedy(std::array<float, 2>{kNan, 1.0f}).has_value());
  EXPECT_FALSE(greedy(std::array<float, 2>{kInf, 1.0f}).has_value());
  EXPECT_FALSE(greedy(std::array<float, 2>{-kInf, -kInf}).has_value());
  EXPECT_FALSE(greedy(std::span<const float>()).has_value());
}

TEST(SamplingChain, DrawsWithTheProbabilitiesOfTheSoftmax) {
  const std::array<float, 3> logits = {std::log(0.2f), std::log(0.5f), std::log(0.3f)};
  SamplingChain chain = make_chain(plain(42), 3);
  std::array<int, 3> counts{};
  constexpr int kDraws = 100000;
  for (int draw = 0; draw < kDraws; ++draw) ++counts[static_cast<size_t>(chain.sample(logits, {}).value())];
  // Five standard deviations of a binomial count.
  const std::array<double, 3> expected = {0.2, 0.5, 0.3};
  for (size_t id = 0; id < 3; ++id) {
    EXPECT_NEAR(counts[id], expected[id] * kDraws, 5 * std::sqrt(kDraws * expected[id] * (1 - expected[id])));
  }
}

TEST(SamplingChain, IsDeterministicInTheSeed) {
  std::vector<float> logits(1000);
  for (size_t id = 0; id < logits.size(); ++id) logits[id] = static_cast<float>(std::sin(static_cast<double>(id)));
  const auto draws = [&](uint64_t seed) {
    SamplingChain chain = make_chain({.seed = seed}, 1000);
    std::vector<int32_t> result;
    for (int draw = 0; draw < 50; ++draw) result.push_back(chain.sample(logits, {}).value());
    return result;
  };
  EXPECT_EQ(draws(7), draws(7));
  EXPECT_NE(draws(7), draws(8));
}

TEST(SamplingChain, AppliesTemperatureLast) {
  // Before temperature, 0.95 of the probability lies on the first two; a high temperature must not bring back the rest.
  const std::array<float, 4> logits = {std::log(0.6f), std::log(0.36f), std::log(0.03f), std::log(0.01f)};
  ChainParams params = plain(1);
  params.top_p = 0.95f;
  params.temperature = 100.0f;
  SamplingChain chain = make_chain(params, 4);
  for (int draw = 0; draw < 1000; ++draw) EXPECT_LT(chain.sample(logits, {}).value(), 2);
}

TEST(SamplingChain, GreedyStillObeysPenaltiesAndBias) {
  const std::array<float, 3> logits = {3.0f, 2.0f, 1.0f};
  SamplingChain penalised = make_chain({.penalties = {.presence = 1.5f}, .temperature = 0.0f}, 3);
  EXPECT_EQ(penalised.sample(logits, std::array<int32_t, 1>{0}).value(), 1);
  SamplingChain biased = make_chain({.logit_bias = {{2, 5.0f}, {0, -kInf}}, .temperature = 0.0f}, 3);
  EXPECT_EQ(biased.sample(logits, {}).value(), 2);
}

TEST(SamplingChain, ForbiddenTokensNeverCome) {
  const std::array<float, 3> logits = {3.0f, -kInf, 1.0f};
  ChainParams params = plain(5);
  params.logit_bias = {{0, -kInf}};
  SamplingChain chain = make_chain(params, 3);
  for (int draw = 0; draw < 200; ++draw) EXPECT_EQ(chain.sample(logits, {}).value(), 2);
  params.logit_bias.push_back({2, -kInf});
  SamplingChain none = make_chain(params, 3);
  EXPECT_FALSE(none.sample(logits, {}).has_value());
}

TEST(SamplingChain, RefusesWhatIsNoNumber) {
  for (const float bad : {kNan, kInf}) {
    const std::array<float, 3> logits = {1.0f, bad, 0.0f};
    for (const float temperature : {0.0f, 0.8f}) {
      SamplingChain chain = make_chain({.temperature = temperature}, 3);
      EXPECT_FALSE(chain.sample(logits, {}).has_value());
    }
  }
}

TEST(SamplingChain, NamesAParameterOutOfRange) {
  const auto refusal = [](ChainParams params) {
    const auto chain = SamplingChain::create(std::move(params), 10);
    return chain.has_value() ? std::string("accepted") : chain.error().message;
  };
  EXPECT_THAT(refusal({.top_k = -1}), testing::HasSubstr("top-k is -1"));
  EXPECT_THAT(refusal({.top_p = 1.5f}), testing::HasSubstr("top-p is 1.5"));
  EXPECT_THAT(refusal({.min_p = kNan}), testing::HasSubstr("min-p is nan"));
  EXPECT_THAT(refusal({.temperature = -0.1f}), testing::HasSubstr("temperature is -0.1"));
  EXPECT_THAT(refusal({.penalties = {.repeat = 0.0f}}), testing::HasSubstr("repeat penalty is 0"));
  EXPECT_THAT(refusal({.logit_bias = {{10, 1.0f}}}), testing::HasSubstr("token 10, expected 0 to 9"));
  EXPECT_THAT(refusal({.logit_bias = {{1, kInf}}}), testing::HasSubstr("logit bias is inf"));
}

TEST(SamplingChain, IsFastOnLargeVocabularies) {
  // A step of a small model takes some 20 ms: the draw must not be seen beside it. The bound allows for sanitizers.
  std::vector<float> logits(262144);
  for (size_t id = 0; id < logits.size(); ++id)
    logits[id] = static_cast<float>(std::sin(static_cast<double>(id) * 7.0) * 10);
  SamplingChain chain = make_chain({.seed = 1}, 262144);
  const double start = thread_cpu_seconds();
  for (int draw = 0; draw < 10; ++draw) ASSERT_TRUE(chain.sample(logits, {}).has_value());
  const double milliseconds = 1e3 * (thread_cpu_seconds() - start);
  EXPECT_LT(milliseconds / 10, 100.0);
  RecordProperty("milliseconds_per_draw", std::to_string(milliseconds / 10));
}

}  // namespace
}  // namespace ingot::core
