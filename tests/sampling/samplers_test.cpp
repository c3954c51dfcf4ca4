#include "sampling/samplers.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "sampling/mirostat.h"
#include "sampling/rng.h"

namespace ingot::core {
namespace {

using ::testing::ElementsAre;

// Candidates with ids 0, 1, ... and these probabilities.
Candidates with_probabilities(const std::vector<double>& probabilities) {
  Candidates candidates;
  for (size_t id = 0; id < probabilities.size(); ++id) {
    candidates.items.push_back({static_cast<int32_t>(id), static_cast<float>(std::log(probabilities[id]))});
  }
  return candidates;
}

std::vector<int32_t> ids(const Candidates& candidates) {
  std::vector<int32_t> result;
  for (const Candidate& item : candidates.items) result.push_back(item.id);
  std::sort(result.begin(), result.end());
  return result;
}

// The stream is a promise of include/ingot/sampling.h: these numbers never change. The first three of 1234567 are those
// that SplitMix64's reference implementation prints.
TEST(Rng, GivesThePublishedSequence) {
  Rng published(1234567);
  EXPECT_EQ(published.next(), 6457827717110365317u);
  EXPECT_EQ(published.next(), 3203168211198807973u);
  EXPECT_EQ(published.next(), 9817491932198370423u);
  Rng zero(0);
  EXPECT_EQ(zero.next(), 0xE220A8397B1DCDAFu);
  EXPECT_EQ(zero.next(), 0x6E789E6AA1B965F4u);
  EXPECT_EQ(Rng(0).next_unit(), 0.8833108082136426);
  EXPECT_EQ(Rng(std::numeric_limits<uint64_t>::max()).next(), 16490336266968443936u);
}

TEST(Rng, UnitStaysBelowOne) {
  Rng rng(3);
  double sum = 0.0;
  for (int draw = 0; draw < 100000; ++draw) {
    const double unit = rng.next_unit();
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    sum += unit;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
}

TEST(TopK, KeepsTheBestInOrderAndTheLowerIdOfEqualOnes) {
  Candidates candidates;
  candidates.items = {{0, 1.0f}, {1, 5.0f}, {2, 3.0f}, {3, 5.0f}, {4, 3.0f}};
  keep_top_k(3, candidates);
  ASSERT_EQ(candidates.items.size(), 3u);
  EXPECT_EQ(candidates.items[0].id, 1);
  EXPECT_EQ(candidates.items[1].id, 3);
  EXPECT_EQ(candidates.items[2].id, 2);
}

TEST(TopK, AgreesWithSortingOnALargeVocabulary) {
  Rng rng(11);
  Candidates candidates;
  for (int32_t id = 0; id < 262144; ++id) {
    // Coarse values: many ties.
    candidates.items.push_back({id, static_cast<float>(std::floor(rng.next_unit() * 1000))});
  }
  std::vector<Candidate> sorted = candidates.items;
  std::sort(sorted.begin(), sorted.end(), ranks_before);
  keep_top_k(40, candidates);
  ASSERT_EQ(candidates.items.size(), 40u);
  for (size_t rank = 0; rank < 40; ++rank) EXPECT_EQ(candidates.items[rank].id, sorted[rank].id);
}

TEST(TopP, KeepsTheSmallestSetThatReachesP) {
  Candidates candidates = with_probabilities({0.1, 0.5, 0.15, 0.25});
  keep_top_p(0.7f, candidates);
  EXPECT_THAT(ids(candidates), ElementsAre(1, 3));
}

TEST(TopP, AlwaysLeavesOne) {
  Candidates candidates = with_probabilities({0.3, 0.7});
  keep_top_p(0.0f, candidates);
  EXPECT_THAT(ids(candidates), ElementsAre(1));
}

TEST(TopP, ReachesBeyondTheFirstSortedPart) {
  Candidates candidates = with_probabilities(std::vector<double>(1000, 0.001));
  keep_top_p(0.9f, candidates);
  EXPECT_NEAR(static_cast<double>(candidates.items.size()), 900, 1);
  EXPECT_EQ(candidates.items[899 - 1].id, 898);
}

TEST(MinP, IsRelativeToTheBest) {
  Candidates candidates = with_probabilities({0.6, 0.25, 0.1, 0.05});
  keep_min_p(0.2f, candidates);  // at least 0.12
  EXPECT_THAT(ids(candidates), ElementsAre(0, 1));
}

TEST(MinP, KeepsWhatIsSortedSorted) {
  Candidates candidates = with_probabilities({0.05, 0.6, 0.1, 0.25});
  candidates.sort();
  keep_min_p(0.3f, candidates);
  ASSERT_EQ(candidates.items.size(), 2u);
  EXPECT_TRUE(candidates.sorted);
  EXPECT_EQ(candidates.items[0].id, 1);
  EXPECT_EQ(candidates.items[1].id, 3);
}

TEST(Typical, DropsTheMostLikelyTokenWhenItIsTheLeastTypical) {
  // Entropy of (0.4, 0.2, 0.2, 0.2) is 1.332 nats; surprises: 0.916 and 1.609, so 0.2 is nearer (0.28 against 0.42).
  Candidates candidates = with_probabilities({0.4, 0.2, 0.2, 0.2});
  keep_typical(0.5f, candidates);
  EXPECT_THAT(ids(candidates), ElementsAre(1, 2, 3));
}

// The logits of these tokens after the penalties, as a list and as a table, which must agree.
std::vector<float> penalised(const PenaltyParams& params, const std::vector<int32_t>& history,
                             const std::vector<float>& logits) {
  Candidates listed;
  for (size_t id = 0; id < logits.size(); ++id) listed.items.push_back({static_cast<int32_t>(id), logits[id]});
  apply_penalties(params, history, listed);
  LogitTable table;
  EXPECT_TRUE(table.load(logits));
  Candidates in_table;
  in_table.start(table);
  apply_penalties(params, history, in_table);
  std::vector<float> result;
  for (const Candidate& item : listed.items) {
    result.push_back(item.logit);
    EXPECT_EQ(table.get(item.id), item.logit);
  }
  return result;
}

TEST(Penalties, DivideMultiplyAndSubtract) {
  EXPECT_THAT(penalised({.repeat = 2.0f, .frequency = 0.5f, .presence = 0.25f}, {0, 0, 1}, {2.0f, -2.0f, 1.0f, 4.0f}),
              ElementsAre(2.0f / 2 - 2 * 0.5f - 0.25f, -2.0f * 2 - 0.5f - 0.25f, 1.0f, 4.0f));
}

TEST(Penalties, LookAtTheLastTokensOnly) {
  const std::vector<int32_t> history = {0, 1, 2};
  const std::vector<float> logits = {1.0f, 1.0f, 1.0f};
  EXPECT_THAT(penalised({.presence = 1.0f, .last_n = 2}, history, logits), ElementsAre(1.0f, 0.0f, 0.0f));
  EXPECT_THAT(penalised({.presence = 1.0f, .last_n = 0}, history, logits), ElementsAre(1.0f, 1.0f, 1.0f));
  EXPECT_THAT(penalised({.presence = 1.0f, .last_n = -1}, history, logits), ElementsAre(0.0f, 0.0f, 0.0f));
}

TEST(Penalties, PassOverIdsOutsideTheVocabulary) {
  EXPECT_THAT(penalised({.presence = 1.0f}, {-1, 7, std::numeric_limits<int32_t>::max()}, {1.0f}), ElementsAre(1.0f));
}

TEST(Temperature, NeverMakesANaN) {
  Candidates candidates;
  candidates.items = {{0, 30.0f}, {1, -30.0f}, {2, 30.0f}};
  apply_temperature(1e-38f, candidates);
  for (const Candidate& item : candidates.items) EXPECT_FALSE(std::isnan(item.logit));
}

// A temperature on the whole vocabulary only notes a factor; what follows must see the logits as if it were multiplied.
TEST(Temperature, OfTheTableIsThatOfTheList) {
  Rng rng(5);
  std::vector<float> logits(5000);
  for (float& logit : logits) logit = static_cast<float>(30.0 * rng.next_unit() * rng.next_unit() - 10.0);
  const std::vector<std::pair<const char*, std::function<void(Candidates&)>>> samplers = {
      {"none", [](Candidates&) {}},
      {"temperature", [](Candidates& candidates) { apply_temperature(0.9f, candidates); }},
      {"dynamic temperature", [](Candidates& candidates) { apply_dynamic_temperature(1, 0.5f, 1, candidates); }},
      {"top-k", [](Candidates& candidates) { keep_top_k(40, candidates); }},
      {"top-k of all", [](Candidates& candidates) { keep_top_k(4999, candidates); }},
      {"top-p", [](Candidates& candidates) { keep_top_p(0.9f, candidates); }},
      {"min-p", [](Candidates& candidates) { keep_min_p(0.05f, candidates); }},
      {"typical", [](Candidates& candidates) { keep_typical(0.8f, candidates); }},
      {"top-n-sigma", [](Candidates& candidates) { keep_top_n_sigma(1.5f, candidates); }},
      {"xtc", [](Candidates& candidates) { exclude_top_choices(0.001f, candidates); }},
      {"mirostat 1", [](Candidates& candidates) { Mirostat({.version = 1}, 5000).truncate(candidates); }},
      {"mirostat 2", [](Candidates& candidates) { Mirostat({.version = 2}, 5000).truncate(candidates); }},
      {"penalties",
       [](Candidates& candidates) {
         apply_penalties({.presence = 3}, std::vector{1, 2}, candidates);
       }},
  };
  for (const float temperature : {0.3f, 0.8f, 1.7f}) {
    for (const auto& [name, apply] : samplers) {
      SCOPED_TRACE(fmt::format("{} at {}", name, temperature));
      LogitTable table;
      ASSERT_TRUE(table.load(logits));
      Candidates noted;
      noted.start(table);
      apply_temperature(temperature, noted);
      ASSERT_NE(noted.table, nullptr);
      Candidates listed;
      listed.start(table);
      listed.list();
      apply_temperature(temperature, listed);
      apply(noted);
      noted.list();
      apply(listed);
      ASSERT_EQ(ids(noted), ids(listed));
      noted.sort();
      listed.sort();
      for (size_t rank = 0; rank < noted.items.size(); ++rank) {
        ASSERT_NEAR(noted.items[rank].logit - noted.best_logit(), listed.items[rank].logit - listed.best_logit(), 2e-5);
      }
    }
  }
}

TEST(Xtc, KeepsTheLeastLikelyOfTheTopChoices) {
  Candidates candidates = with_probabilities({0.1, 0.35, 0.05, 0.3, 0.2});
  exclude_top_choices(0.2f - 1e-6f, candidates);
  EXPECT_THAT(ids(candidates), ElementsAre(0, 2, 4));
  exclude_top_choices(0.9f, candidates);
  EXPECT_THAT(ids(candidates), ElementsAre(0, 2, 4));
}

TEST(Xtc, OfEqualOnesTheLastIsTheLeast) {
  Candidates candidates = with_probabilities({0.25, 0.25, 0.25, 0.25});
  exclude_top_choices(0.1f, candidates);
  EXPECT_THAT(ids(candidates), ElementsAre(3));
}

TEST(TopNSigma, IsTheSameForListAndTable) {
  std::vector<float> logits;
  Rng rng(5);
  for (int id = 0; id < 500; ++id) logits.push_back(static_cast<float>(rng.next_unit() * 20));
  Candidates listed;
  for (size_t id = 0; id < logits.size(); ++id) listed.items.push_back({static_cast<int32_t>(id), logits[id]});
  LogitTable table;
  ASSERT_TRUE(table.load(logits));
  Candidates in_table;
  in_table.start(table);
  keep_top_n_sigma(1.0f, listed);
  keep_top_n_sigma(1.0f, in_table);
  in_table.list();
  EXPECT_EQ(ids(listed), ids(in_table));
  EXPECT_LT(listed.items.size(), 200u);
}

TEST(DynamicTemperature, IsHighestWhereAllIsEqual) {
  Candidates even = with_probabilities({0.25, 0.25, 0.25, 0.25});
  even.items.push_back({4, even.items[0].logit - 1e-3f});
  apply_dynamic_temperature(1.0f, 0.5f, 1.0f, even);
  EXPECT_NEAR(even.items[4].logit, -1e-3f / 1.5f, 1e-6f);
  Candidates certain = with_probabilities({1.0, 1e-12});
  apply_dynamic_temperature(1.0f, 0.5f, 1.0f, certain);
  EXPECT_NEAR(certain.items[1].logit, std::log(1e-12) / 0.5, 1e-4);
}

TEST(DynamicTemperature, OfZeroKeepsTheBest) {
  Candidates certain = with_probabilities({1e-30, 1.0});
  apply_dynamic_temperature(0.5f, 0.5f, 1000.0f, certain);
  EXPECT_THAT(ids(certain), ElementsAre(1));
}

TEST(Mirostat, ApproachesTheSurpriseThatIsAsked) {
  for (const int version : {1, 2}) {
    std::vector<double> zipf;
    for (int rank = 1; rank <= 5000; ++rank) zipf.push_back(1.0 / std::pow(rank, 1.1));
    Mirostat mirostat({.version = version, .tau = 3.0f, .eta = 0.1f}, 5000);
    Rng rng(1);
    double surprise = 0.0;
    constexpr int kDraws = 2000;
    for (int draw = 0; draw < kDraws; ++draw) {
      Candidates candidates = with_probabilities(zipf);
      mirostat.truncate(candidates);
      const double sum = sum_weights(candidates.items, candidates.best_logit());
      double left = rng.next_unit() * sum;
      double p = 0.0;
      for (const Candidate& item : candidates.items) {
        p = std::exp(static_cast<double>(item.logit) - candidates.best_logit()) / sum;
        left -= p * sum;
        if (left < 0) break;
      }
      mirostat.observe(p);
      surprise -= std::log2(p) / kDraws;
    }
    EXPECT_NEAR(surprise, 3.0, 0.1) << version;
  }
}

TEST(Mirostat, StandsWhatHasNoTail) {
  for (const int version : {1, 2}) {
    Mirostat mirostat({.version = version}, 3);
    Candidates one = with_probabilities({1.0});
    mirostat.truncate(one);
    EXPECT_THAT(ids(one), ElementsAre(0));
    Candidates equal = with_probabilities({0.25, 0.25, 0.25, 0.25});
    mirostat.truncate(equal);
    EXPECT_EQ(equal.items.size(), 4u);
    Mirostat low({.version = version, .tau = 0.0f}, 3);
    Candidates several = with_probabilities({0.2, 0.7, 0.1});
    low.truncate(several);
    EXPECT_THAT(ids(several), ElementsAre(1));
  }
}

}  // namespace
}  // namespace ingot::core
