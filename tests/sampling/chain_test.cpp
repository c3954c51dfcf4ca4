#include "sampling/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

#include "base/cpu_time.h"

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

Result<int32_t> greedy(std::span<const float> logits) {
  return make_chain({.temperature = 0.0f}, static_cast<int64_t>(logits.size())).sample(logits, {});
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
  EXPECT_THAT(refusal({.banned = {-1}}), testing::HasSubstr("banned token -1, expected 0 to 9"));
  EXPECT_THAT(refusal({.min_tokens = -1}), testing::HasSubstr("minimum of tokens is -1"));
  EXPECT_THAT(refusal({.dry = {.multiplier = kNan}}), testing::HasSubstr("DRY multiplier is nan"));
  EXPECT_THAT(refusal({.dry = {.base = 0.5f}}), testing::HasSubstr("DRY base is 0.5, expected 1 to 1000"));
  EXPECT_THAT(refusal({.dry = {.allowed_length = -1}}), testing::HasSubstr("DRY allowed length is -1"));
  EXPECT_THAT(refusal({.dry = {.last_n = -2}}), testing::HasSubstr("DRY looks at is -2"));
  EXPECT_THAT(refusal({.dry = {.breakers = {""}}}), testing::HasSubstr("breaker of DRY is empty"));
  EXPECT_THAT(refusal({.top_n_sigma = -2}), testing::HasSubstr("top-n-sigma is -2"));
  EXPECT_THAT(refusal({.xtc = {.probability = 1.1f}}), testing::HasSubstr("XTC probability is 1.1"));
  EXPECT_THAT(refusal({.xtc = {.threshold = kNan}}), testing::HasSubstr("XTC threshold is nan"));
  EXPECT_THAT(refusal({.dynatemp_range = -1}), testing::HasSubstr("range of the dynamic temperature is -1"));
  EXPECT_THAT(refusal({.dynatemp_exponent = kInf}), testing::HasSubstr("exponent of the dynamic temperature is inf"));
  EXPECT_THAT(refusal({.mirostat = {.version = 3}}), testing::HasSubstr("mirostat is 3, expected 0 to 2"));
  EXPECT_THAT(refusal({.mirostat = {.tau = -1}}), testing::HasSubstr("tau is -1"));
  EXPECT_THAT(refusal({.mirostat = {.eta = kNan}}), testing::HasSubstr("eta is nan"));
  EXPECT_THAT(refusal({.logit_bias = {{10, 1.0f}}}), testing::HasSubstr("token 10, expected 0 to 9"));
  EXPECT_THAT(refusal({.logit_bias = {{1, kInf}}}), testing::HasSubstr("logit bias is inf"));
}

TEST(SamplingChain, OnlyAllowedTokensComeAndNoneIsAnError) {
  std::vector<float> logits(150, 1.0f);
  for (const float temperature : {0.0f, 1.0f}) {
    ChainParams params = plain(3);
    params.temperature = temperature;
    SamplingChain chain = make_chain(params, 150);
    std::vector<uint64_t> allowed = {0, uint64_t{1} << 63, 1};
    std::vector<int> counts(150);
    for (int draw = 0; draw < 200; ++draw) ++counts[static_cast<size_t>(chain.sample(logits, {}, allowed).value())];
    EXPECT_EQ(counts[127] + counts[128], 200);
    EXPECT_EQ(counts[128] > 0, temperature > 0);
    const auto none = chain.sample(logits, {}, std::vector<uint64_t>(3, 0));
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, testing::HasSubstr("every token"));
    // Bits beyond the vocabulary are nobody's.
    EXPECT_FALSE(chain.sample(logits, {}, std::vector<uint64_t>{0, 0, ~uint64_t{0} << 22}));
    const auto wrong = chain.sample(logits, {}, std::vector<uint64_t>(2, ~uint64_t{0}));
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().message, testing::HasSubstr("2 words, expected 3"));
  }
}

TEST(SamplingChain, EndTokensWaitForTheMinimum) {
  const std::array<float, 3> logits = {9.0f, 1.0f, 8.0f};
  SamplingChain chain = make_chain({.end_tokens = {0, 2}, .min_tokens = 2, .temperature = 0.0f}, 3);
  EXPECT_EQ(chain.sample(logits, {}).value(), 1);
  EXPECT_EQ(chain.sample(logits, {}).value(), 1);
  EXPECT_EQ(chain.sample(logits, {}).value(), 0);
  SamplingChain stuck = make_chain({.end_tokens = {0}, .min_tokens = 2}, 3);
  const auto refused = stuck.sample(logits, {}, std::array<uint64_t, 1>{1});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("until there are 2"));
}

TEST(SamplingChain, ARefusedTokenIsReplaced) {
  std::vector<float> logits(500);
  for (size_t id = 0; id < logits.size(); ++id) logits[id] = static_cast<float>(id);
  for (const int32_t first_refused : {495, 100, 0}) {
    ChainParams params{.temperature = 0.0f};
    params.refuses = [first_refused](int32_t id) { return id >= first_refused; };
    SamplingChain chain = make_chain(params, 500);
    const auto token = chain.sample(logits, {});
    ASSERT_EQ(token.has_value(), first_refused > 0);
    if (token.has_value()) {
      EXPECT_EQ(*token, first_refused - 1);
    }
  }
}

TEST(SamplingChain, BannedTokensNeverCome) {
  const std::array<float, 3> logits = {9.0f, 1.0f, 8.0f};
  EXPECT_EQ(make_chain({.banned = {0, 2}, .temperature = 0.0f}, 3).sample(logits, {}).value(), 1);
  EXPECT_EQ(make_chain({.banned = {0, 2}}, 3).sample(logits, {}).value(), 1);
}

TEST(SamplingChain, TheOrderMatters) {
  const std::array<float, 4> logits = {std::log(0.4f), std::log(0.3f), std::log(0.2f), std::log(0.1f)};
  const auto n_left = [&](const char* order) {
    ChainParams params = {.order = parse_sampler_order(order).value(), .top_p = 0.65f, .temperature = 4.0f};
    SamplingChain chain = make_chain(params, 4);
    EXPECT_TRUE(chain.sample(logits, {}));
    return chain.last_candidates().size();
  };
  EXPECT_EQ(n_left("top_p;temperature"), 2u);
  EXPECT_EQ(n_left("temperature;top_p"), 3u);
  EXPECT_EQ(n_left(""), 4u);
}

// Whatever the logits and the parameters are, within their ranges, a token comes, and an allowed one.
TEST(SamplingChain, StandsExtremes) {
  const float most = std::numeric_limits<float>::max();
  std::vector<std::vector<float>> rows = {
      {0.0f},           {-kInf, 5.0f}, {most, -most, 0.0f}, std::vector<float>(130, 7.0f), {-most, -most, -kInf},
      {1e-45f, -1e-45f}};
  rows.push_back(std::vector<float>(64, -kInf));
  rows.back().push_back(1.0f);
  Rng rng(17);
  const auto pick = [&rng](std::initializer_list<double> values) {
    return static_cast<float>(values.begin()[rng.next() % values.size()]);
  };
  for (int trial = 0; trial < 4000; ++trial) {
    const std::vector<float>& logits = rows[rng.next() % rows.size()];
    const auto n_vocab = static_cast<int64_t>(logits.size());
    ChainParams params;
    params.penalties = {.repeat = pick({1, 1e-3, 1e3}),
                        .frequency = pick({0, 100, -100}),
                        .presence = pick({0, 100}),
                        .last_n = static_cast<int>(pick({-1, 0, 3}))};
    params.dry = {.multiplier = pick({0, 1e6}),
                  .base = pick({1, 1000}),
                  .allowed_length = static_cast<int>(pick({0, 2, 1e9})),
                  .last_n = static_cast<int>(pick({-1, 0, 5}))};
    params.top_n_sigma = pick({-1, 0, 1e-30, 1, 1e6});
    params.top_k = static_cast<int>(pick({0, 1, 40, 1e9}));
    params.typical_p = pick({0, 0.5, 1});
    params.top_p = pick({0, 0.5, 1});
    params.min_p = pick({0, 1e-40, 0.5, 1});
    params.xtc = {.probability = pick({0, 0.5, 1}), .threshold = pick({0, 0.1, 0.5, 1})};
    params.temperature = pick({0, 1e-38, 0.8, 1e6});
    params.dynatemp_range = pick({0, 0.5, 1e6});
    params.dynatemp_exponent = pick({0, 1, 1000});
    params.mirostat = {
        .version = static_cast<int>(pick({0, 0, 1, 2})), .tau = pick({0, 5, 1000}), .eta = pick({0, 0.1, 1000})};
    params.logit_bias = {{0, pick({0, -3e38, 3e38})}};
    params.seed = rng.next();
    std::shuffle(params.order.begin(), params.order.end(), std::minstd_rand(static_cast<uint32_t>(trial)));
    SamplingChain chain = make_chain(params, n_vocab);
    std::vector<int32_t> history = {0, 1, 0, 1, 0, 1, -1, 0, 1, 0, 1};
    for (int draw = 0; draw < 4; ++draw) {
      const auto token = chain.sample(logits, history);
      ASSERT_TRUE(token) << trial << ": " << token.error().message;
      ASSERT_GE(*token, 0);
      ASSERT_LT(*token, n_vocab);
      ASSERT_GT(logits[static_cast<size_t>(*token)], -kInf);
      history.push_back(*token);
    }
  }
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
