#include "sampling/logit_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "sampling/candidates.h"
#include "sampling/exp_weight.h"
#include "sampling/rng.h"

namespace ingot::core {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> random_logits(size_t n, uint64_t seed) {
  Rng rng(seed);
  std::vector<float> logits(n);
  for (float& logit : logits) logit = static_cast<float>(rng.next_unit() * 40 - 20);
  return logits;
}

LogitTable load(const std::vector<float>& logits) {
  LogitTable table;
  EXPECT_TRUE(table.load(logits));
  return table;
}

TEST(LogitTable, FindsTheBestAtEveryPlaceAndLength) {
  for (const size_t n : {1, 2, 63, 64, 65, 127, 128, 1000}) {
    for (size_t place = 0; place < n; ++place) {
      std::vector<float> logits(n, -1.0f);
      logits[place] = 2.0f;
      const LogitTable table = load(logits);
      ASSERT_EQ(table.best_id(), static_cast<int32_t>(place)) << n;
      ASSERT_EQ(table.best(), 2.0f);
    }
    EXPECT_EQ(load(std::vector<float>(n, -3.0f)).best_id(), 0);
  }
}

TEST(LogitTable, NamesTheTokenOfALogitThatIsNoNumber) {
  for (const float bad : {kNan, -kNan, kInf}) {
    for (size_t place = 0; place < 130; ++place) {
      std::vector<float> logits(130, 1.0f);
      logits[place] = bad;
      LogitTable table;
      const auto status = table.load(logits);
      ASSERT_FALSE(status);
      EXPECT_THAT(status.error().message, testing::HasSubstr("for token " + std::to_string(place) + ":"));
    }
  }
}

TEST(LogitTable, BoundsTheBest) {
  for (const size_t n_vocab : {5, 64, 1000, 100000}) {
    std::vector<float> logits = random_logits(n_vocab, n_vocab);
    LogitTable table = load(logits);
    std::sort(logits.rbegin(), logits.rend());
    for (const size_t n : {1, 2, 5, 40, 1500}) {
      const float bound = table.bound_of_best(n);
      EXPECT_LE(bound, logits[std::min(n, n_vocab) - 1]);
    }
  }
}

TEST(LogitTable, ChangesAreSeenEverywhere) {
  const std::vector<float> logits = random_logits(300, 1);
  LogitTable table = load(logits);
  std::vector<float> expected = logits;
  Rng rng(2);
  for (int change = 0; change < 500; ++change) {
    const auto id = static_cast<int32_t>(rng.next() % 300);
    const auto logit = static_cast<float>(rng.next_unit() * 60 - 30);
    table.set(id, logit);
    expected[static_cast<size_t>(id)] = logit;
    ASSERT_EQ(table.best(), *std::max_element(expected.begin(), expected.end()));
    ASSERT_EQ(table.get(id), logit);
  }
  Candidates candidates;
  candidates.start(table);
  candidates.list();
  ASSERT_EQ(candidates.items.size(), 300u);
  for (size_t id = 0; id < 300; ++id) EXPECT_EQ(candidates.items[id].logit, expected[id]);
}

TEST(LogitTable, AMaskForbidsForGood) {
  const std::vector<float> logits = random_logits(200, 3);
  LogitTable table = load(logits);
  // Nothing of the first word, some of the second, all of the third, bits beyond the vocabulary in the last.
  const std::vector<uint64_t> allowed = {0, 0x8000000000000005u, ~uint64_t{0}, ~uint64_t{0}};
  table.allow_only(allowed);
  for (int32_t id = 0; id < 200; ++id) table.set(id, table.get(id) + 1.0f);
  Candidates candidates;
  candidates.start(table);
  candidates.list();
  std::vector<int32_t> ids;
  for (const Candidate& item : candidates.items) ids.push_back(item.id);
  std::vector<int32_t> expected = {64, 66, 127};
  for (int32_t id = 128; id < 200; ++id) expected.push_back(id);
  EXPECT_EQ(ids, expected);
}

TEST(LogitTable, ALogitThatOverflowsStaysFinite) {
  const std::vector<float> logits = {3e38f, -3e38f, 0.0f};
  LogitTable table = load(logits);
  table.set(0, table.get(0) + 3e38f);
  table.set(1, table.get(1) - 3e38f);
  EXPECT_EQ(table.get(0), std::numeric_limits<float>::max());
  EXPECT_EQ(table.get(1), -std::numeric_limits<float>::max());
  table.forbid(1);
  table.set(1, 5.0f);
  EXPECT_EQ(table.get(1), -kInf);
  EXPECT_EQ(table.best_id(), 0);
}

TEST(LogitTable, SumsAndMomentsAreThoseOfAPlainLoop) {
  std::vector<float> logits = random_logits(777, 4);
  logits[5] = -kInf;
  LogitTable table = load(logits);
  double sum = 0.0;
  double mean = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - table.best());
  for (const float logit : logits) mean += logit == -kInf ? 0.0 : logit / 776.0;
  double variance = 0.0;
  for (const float logit : logits) variance += logit == -kInf ? 0.0 : (logit - mean) * (logit - mean) / 776;
  EXPECT_NEAR(table.weigh(1.0f), sum, 1e-6 * sum);
  // Distances of up to 40, each rounded to 2e-6, and squares of up to 1600 to 1e-4; their mean is nearer.
  EXPECT_NEAR(table.moments().mean, mean, 2e-6);
  EXPECT_NEAR(table.moments().deviation, std::sqrt(variance), 1e-5);
}

TEST(LogitTable, WeighsTheSameWithEveryWidthOfVectors) {
  std::vector<float> logits = random_logits(4 * LogitTable::kBlock, 7);
  for (size_t at = 0; at < logits.size(); at += 7) logits[at] = -kInf;
  const float best = *std::max_element(logits.begin(), logits.end());
  const float* const blocks[] = {&logits[0], &logits[64], &logits[128], &logits[192]};
  const std::span<const BlockPasses> passes = all_block_passes();
  ASSERT_FALSE(passes.empty());
  for (const float scale : {0.01f, 0.7f, 1.0f, 30.0f, std::numeric_limits<float>::max()}) {
    for (size_t n_blocks = 1; n_blocks <= 4; ++n_blocks) {
      const WeightRule rule{best, scale, -50.0f};
      WeightSums expected;
      passes[0].weigh_with_products(blocks, n_blocks, rule, expected);
      double weights = 0.0;
      double products = 0.0;
      for (size_t at = 0; at < n_blocks * LogitTable::kBlock; ++at) {
        const float distance = (logits[at] - best) * scale;
        if (distance < rule.least) continue;
        const double weight = std::exp2(static_cast<double>(distance) / 8);
        weights += weight;
        products += weight * distance;
      }
      EXPECT_NEAR(expected.weights, weights, 1e-6 * weights);
      EXPECT_NEAR(expected.products, products, -1e-6 * products);
      for (const BlockPasses& pass : passes) {
        SCOPED_TRACE(pass.name);
        WeightSums found;
        pass.weigh_with_products(blocks, n_blocks, rule, found);
        EXPECT_EQ(found.weights, expected.weights);
        EXPECT_EQ(found.products, expected.products);
        pass.weigh(blocks, n_blocks, rule, found);
        EXPECT_EQ(found.weights, expected.weights);
      }
    }
  }
}

TEST(LogitTable, SumsMomentsTheSameWithEveryWidthOfVectors) {
  std::vector<float> logits = random_logits(4 * LogitTable::kBlock, 11);
  for (size_t at = 0; at < logits.size(); at += 5) logits[at] = -kInf;
  const float* const blocks[] = {&logits[0], &logits[64], &logits[128], &logits[192]};
  for (size_t n_blocks = 1; n_blocks <= 4; ++n_blocks) {
    MomentSums expected;
    all_block_passes()[0].sum_moments(blocks, n_blocks, 3.0f, expected);
    double n_allowed = 0.0;
    double distances = 0.0;
    double squares = 0.0;
    for (size_t at = 0; at < n_blocks * LogitTable::kBlock; ++at) {
      if (logits[at] == -kInf) continue;
      n_allowed += 1.0;
      distances += logits[at] - 3.0f;
      squares += (logits[at] - 3.0f) * (logits[at] - 3.0f);
    }
    EXPECT_EQ(expected.n_allowed, n_allowed);
    EXPECT_NEAR(expected.distances, distances, 1e-6 * std::abs(distances));
    EXPECT_NEAR(expected.squares, squares, 1e-6 * squares);
    for (const BlockPasses& pass : all_block_passes()) {
      SCOPED_TRACE(pass.name);
      MomentSums found;
      pass.sum_moments(blocks, n_blocks, 3.0f, found);
      EXPECT_EQ(found.n_allowed, expected.n_allowed);
      EXPECT_EQ(found.distances, expected.distances);
      EXPECT_EQ(found.squares, expected.squares);
    }
  }
}

TEST(LogitTable, EveryWidthOfVectorsSeesWhatIsNoNumber) {
  for (const BlockPasses& pass : all_block_passes()) {
    SCOPED_TRACE(pass.name);
    std::vector<float> logits = random_logits(3 * LogitTable::kBlock, 9);
    for (size_t at = 64; at < 128; ++at) logits[at] = -kInf;
    std::vector<float> maxima(3);
    ASSERT_TRUE(pass.scan(logits.data(), 3, maxima.data()));
    EXPECT_EQ(maxima[0], *std::max_element(logits.begin(), logits.begin() + 64));
    EXPECT_EQ(maxima[1], -kInf);
    EXPECT_EQ(maxima[2], *std::max_element(logits.begin() + 128, logits.end()));
    for (size_t at = 0; at < logits.size(); ++at) {
      for (const float wrong : {kInf, std::numeric_limits<float>::quiet_NaN()}) {
        const float before = std::exchange(logits[at], wrong);
        EXPECT_FALSE(pass.scan(logits.data(), 3, maxima.data())) << at;
        logits[at] = before;
      }
      // Each place can be the maximum.
      const float before = std::exchange(logits[at], 1e30f);
      ASSERT_TRUE(pass.scan(logits.data(), 3, maxima.data()));
      EXPECT_EQ(maxima[at / 64], 1e30f) << at;
      logits[at] = before;
    }
  }
}

TEST(LogitTable, FindsTheSameWithEveryWidthOfVectors) {
  std::vector<float> logits = random_logits(LogitTable::kBlock, 12);
  logits[3] = logits[60];
  for (size_t at = 0; at < logits.size(); at += 9) logits[at] = -kInf;
  for (const float threshold : {-1e30f, logits[60], 0.0f, 1e30f, -kInf}) {
    uint64_t expected = 0;
    for (size_t at = 0; at < logits.size(); ++at) expected |= uint64_t{logits[at] >= threshold} << at;
    for (const BlockPasses& pass : all_block_passes()) {
      EXPECT_EQ(pass.find(logits.data(), threshold), expected) << pass.name << " " << threshold;
    }
  }
}

TEST(LogitTable, WhatItKnowsOfTheWholeFollowsEachChange) {
  LogitTable table = load({1.0f, 2.0f, 3.0f});
  const auto expect_sum = [&](double sum) {
    for (int again = 0; again < 2; ++again) EXPECT_NEAR(table.weigh(1.0f), sum, 1e-6 * sum);
  };
  expect_sum(std::exp(-2.0) + std::exp(-1.0) + 1.0);
  EXPECT_NEAR(table.weigh(2.0f), std::exp(-4.0) + std::exp(-2.0) + 1.0, 1e-6);
  EXPECT_NEAR(table.weigh(1.0f, -1.5f), std::exp(-1.0) + 1.0, 1e-6);
  table.set(0, 5.0f);
  EXPECT_EQ(table.best(), 5.0f);
  expect_sum(std::exp(-3.0) + std::exp(-2.0) + 1.0);
  table.forbid(0);
  EXPECT_EQ(table.best(), 3.0f);
  expect_sum(std::exp(-1.0) + 1.0);
  EXPECT_EQ(table.weigh_with_mean(2.0f).sum, table.weigh(2.0f));
  expect_sum(std::exp(-1.0) + 1.0);
  table.allow_only(std::vector<uint64_t>{0b010});
  EXPECT_EQ(table.best(), 2.0f);
  expect_sum(1.0);
  const std::vector<float> next = {7.0f, 7.0f};
  ASSERT_TRUE(table.load(next).has_value());
  EXPECT_EQ(table.best(), 7.0f);
  expect_sum(2.0);
}

TEST(LogitTable, GivesEachTokenTheMassOfItsWeight) {
  std::vector<float> logits = random_logits(1000, 8);
  for (size_t at = 0; at < 300; ++at) logits[at] = -kInf;
  logits[600] = 12.0f;
  LogitTable table = load(logits);
  std::vector<uint64_t> allowed((logits.size() + 63) / 64, ~uint64_t{0});
  allowed[7] = 0;
  table.allow_only(allowed);
  const double sum = table.weigh(0.5f);
  double before = 0.0;
  for (size_t id = 0; id < logits.size(); ++id) {
    const bool is_allowed = logits[id] > -kInf && id / 64 != 7;
    const double weight = is_allowed ? exp_weight((logits[id] - table.best()) * 0.5f) : 0.0;
    if (weight > 1e-5 * sum) {
      const LogitTable::Drawn drawn = table.token_at(before + weight / 2);
      EXPECT_EQ(drawn.id, static_cast<int32_t>(id));
      EXPECT_EQ(drawn.weight, weight);
    }
    before += weight;
  }
  EXPECT_NEAR(before, sum, 1e-6 * sum);
  EXPECT_EQ(table.token_at(0.0).id, 300);
  EXPECT_EQ(table.token_at(2 * sum).id, 999);
}

TEST(LogitTable, MomentsOfExtremeLogitsAreNumbers) {
  const LogitTable table = load({3e38f, -3e38f, 1.0f});
  EXPECT_NEAR(table.moments().deviation / 2.449489742783178e38, 1.0, 1e-6);
}

TEST(ExpWeight, IsExpToThePrecisionOfItsArgument) {
  EXPECT_EQ(exp_weight(0.0f), 1.0f);
  EXPECT_EQ(exp_weight(-87.5f), 0.0f);
  EXPECT_EQ(exp_weight(-kInf), 0.0f);
  double worst = 0.0;
  for (int step = 0; step < 87'000; ++step) {
    const float x = -0.001f * static_cast<float>(step);
    const double error = std::abs(exp_weight(x) / std::exp(static_cast<double>(x)) - 1.0);
    worst = std::max(worst, error / (2e-7 - 1.2e-7 * x));
  }
  EXPECT_LT(worst, 1.0);
}

TEST(ExpWeight, OfEighthsOfADoublingIsTheirPower) {
  double worst = 0.0;
  for (int step = 0; step <= 100'400; ++step) {
    const float x = -0.01f * static_cast<float>(step);
    const double exact = std::exp2(static_cast<double>(x) / 8);
    worst = std::max(worst, std::abs(exp2_eighths<float, uint32_t>(x) / exact - 1.0));
  }
  EXPECT_LT(worst, 2e-7);
  EXPECT_EQ((exp2_eighths<float, uint32_t>(-1000.0f)), 0x1p-125f);
}

// Literal bits: a draw on a border falls to the same side on every machine.
TEST(ExpWeight, GivesTheSameBitsEverywhere) {
  EXPECT_EQ(exp_weight(-0.1f), 0x1.cf46da0000000p-1f);
  EXPECT_EQ(exp_weight(-1.0f), 0x1.78b5620000000p-2f);
  EXPECT_EQ(exp_weight(-20.3f), 0x1.a3b90a0000000p-30f);
  EXPECT_EQ(exp_weight(-86.9f), 0x1.8c1f160000000p-126f);
}

TEST(ExpWeight, LanesAgreeWithASingleOne) {
  for (int step = 0; step < 240; ++step) {
    const float x = -0.37f * static_cast<float>(step);
    const Floats lanes = exp_weights(Floats{x, x - 1.0f, 2 * x, -kInf});
    EXPECT_EQ(lanes[0], exp_weight(x));
    EXPECT_EQ(lanes[1], exp_weight(x - 1.0f));
    EXPECT_EQ(lanes[2], exp_weight(2 * x));
    EXPECT_EQ(lanes[3], 0.0f);
  }
}

}  // namespace
}  // namespace ingot::core
