#include "sampling/samplers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

TEST(Rng, GivesThePublishedSequence) {
  // First outputs of SplitMix64 for seed 1234567, as its reference implementation prints them.
  Rng rng(1234567);
  EXPECT_EQ(rng.next(), 6457827717110365317u);
  EXPECT_EQ(rng.next(), 3203168211198807973u);
  EXPECT_EQ(rng.next(), 9817491932198370423u);
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

TEST(MinP, KeepsTheSortedPartSorted) {
  Candidates candidates = with_probabilities({0.05, 0.6, 0.1, 0.25});
  candidates.sort_best(4);
  keep_min_p(0.3f, candidates);
  EXPECT_EQ(candidates.n_sorted, 2u);
  EXPECT_EQ(candidates.items[0].id, 1);
  EXPECT_EQ(candidates.items[1].id, 3);
}

TEST(Typical, DropsTheMostLikelyTokenWhenItIsTheLeastTypical) {
  // Entropy of (0.4, 0.2, 0.2, 0.2) is 1.332 nats; surprises: 0.916 and 1.609, so 0.2 is nearer (0.28 against 0.42).
  Candidates candidates = with_probabilities({0.4, 0.2, 0.2, 0.2});
  keep_typical(0.5f, candidates);
  EXPECT_THAT(ids(candidates), ElementsAre(1, 2, 3));
}

TEST(Penalties, DivideMultiplyAndSubtract) {
  std::vector<float> logits = {2.0f, -2.0f, 1.0f, 4.0f};
  const std::vector<int32_t> history = {0, 0, 1};
  apply_penalties({.repeat = 2.0f, .frequency = 0.5f, .presence = 0.25f}, history, logits);
  EXPECT_THAT(logits, ElementsAre(2.0f / 2 - 2 * 0.5f - 0.25f, -2.0f * 2 - 0.5f - 0.25f, 1.0f, 4.0f));
}

TEST(Penalties, LookAtTheLastTokensOnly) {
  const std::vector<int32_t> history = {0, 1, 2};
  std::vector<float> logits = {1.0f, 1.0f, 1.0f};
  apply_penalties({.presence = 1.0f, .last_n = 2}, history, logits);
  EXPECT_THAT(logits, ElementsAre(1.0f, 0.0f, 0.0f));
  apply_penalties({.presence = 1.0f, .last_n = 0}, history, logits);
  EXPECT_THAT(logits, ElementsAre(1.0f, 0.0f, 0.0f));
  apply_penalties({.presence = 1.0f, .last_n = -1}, history, logits);
  EXPECT_THAT(logits, ElementsAre(0.0f, -1.0f, -1.0f));
}

TEST(Penalties, PassOverIdsOutsideTheVocabulary) {
  std::vector<float> logits = {1.0f};
  const std::vector<int32_t> history = {-1, 7, std::numeric_limits<int32_t>::max()};
  apply_penalties({.presence = 1.0f}, history, logits);
  EXPECT_THAT(logits, ElementsAre(1.0f));
}

TEST(Temperature, NeverMakesANaN) {
  Candidates candidates;
  candidates.items = {{0, 30.0f}, {1, -30.0f}, {2, 30.0f}};
  apply_temperature(1e-38f, candidates);
  for (const Candidate& item : candidates.items) EXPECT_FALSE(std::isnan(item.logit));
}

}  // namespace
}  // namespace ingot::core
