#include "sampling/dry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace ingot::core {
namespace {

// What each of ten tokens loses, by id. texts: what the tokens spell.
std::vector<float> penalties(DryParams params, const std::vector<int32_t>& history,
                             const std::vector<std::string>& texts = {}) {
  if (!texts.empty()) params.token_text = [texts](int32_t id) { return texts[static_cast<size_t>(id)]; };
  Dry dry(std::move(params));
  const std::vector<float> logits(10, 0.0f);
  LogitTable table;
  EXPECT_TRUE(table.load(logits));
  Candidates candidates;
  candidates.start(table);
  dry.apply(history, candidates);
  std::vector<float> lost;
  for (int32_t id = 0; id < 10; ++id) lost.push_back(-table.get(id));
  return lost;
}

std::vector<float> only(int32_t id, float lost) {
  std::vector<float> all(10, 0.0f);
  all[static_cast<size_t>(id)] = lost;
  return all;
}

TEST(Dry, PenalisesByTheLengthOfTheRepetition) {
  const DryParams params = {.multiplier = 0.5f, .base = 2.0f};
  EXPECT_EQ(penalties(params, {1, 2, 3, 9, 1}), std::vector<float>(10, 0.0f));  // one token is below the allowed two
  EXPECT_EQ(penalties(params, {1, 2, 3, 9, 1, 2}), only(3, 0.5f));
  EXPECT_EQ(penalties(params, {0, 1, 2, 3, 9, 0, 1, 2}), only(3, 1.0f));
  EXPECT_EQ(penalties({.multiplier = 0.5f, .base = 2.0f, .allowed_length = 1}, {1, 2, 9, 1}), only(2, 0.5f));
}

TEST(Dry, TakesTheLongestOfSeveralRepetitions) {
  EXPECT_EQ(penalties({.multiplier = 1.0f, .base = 2.0f}, {1, 2, 5, 0, 1, 2, 5, 8, 0, 1, 2}), only(5, 2.0f));
}

TEST(Dry, LooksAtTheLastTokensOnly) {
  const std::vector<int32_t> history = {1, 2, 3, 9, 1, 2};
  EXPECT_EQ(penalties({.multiplier = 1.0f, .last_n = 6}, history), only(3, 1.0f));
  EXPECT_EQ(penalties({.multiplier = 1.0f, .last_n = 5}, history), std::vector<float>(10, 0.0f));
  EXPECT_EQ(penalties({.multiplier = 1.0f, .last_n = 0}, history), std::vector<float>(10, 0.0f));
}

const std::vector<std::string> kTexts = {"a", "b", "c", "d", "x:y", "\n", "*", "<", ">", "</s>"};

TEST(Dry, ABreakerEndsARepetition) {
  const DryParams params = {.multiplier = 1.0f, .base = 2.0f};
  EXPECT_EQ(penalties(params, {0, 1, 2, 3, 0, 1, 2}, kTexts), only(3, 2.0f));
  // The breaker is in the middle of token 4, so that of 4 0 1 only 0 1 counts.
  EXPECT_EQ(penalties(params, {4, 0, 1, 3, 4, 0, 1}, kTexts), only(3, 1.0f));
  EXPECT_EQ(penalties(params, {0, 1, 4, 3, 0, 1, 4}, kTexts), std::vector<float>(10, 0.0f));
}

TEST(Dry, ABreakerMayLieAcrossTokens) {
  DryParams params = {.multiplier = 1.0f, .base = 2.0f};
  params.breakers = {"b<>"};
  // a b < > a b | a b < > a b: the end "a b" follows the breaker and stood before it, and before 0.
  EXPECT_EQ(penalties(params, {0, 1, 7, 8, 2, 3, 0, 1, 7, 8, 2, 3}, kTexts), only(0, 1.0f));
  // Token 8 would complete the breaker: never penalised, however long the repetition is.
  EXPECT_EQ(penalties(params, {0, 1, 7, 8, 2, 0, 1, 7}, kTexts), std::vector<float>(10, 0.0f));
  params.breakers = {"!"};
  EXPECT_EQ(penalties(params, {0, 1, 7, 8, 2, 0, 1, 7}, kTexts), only(8, 2.0f));
}

TEST(Dry, ATokenThatIsABreakerIsNotPenalised) {
  EXPECT_EQ(penalties({.multiplier = 1.0f}, {0, 1, 5, 2, 0, 1}, kTexts), std::vector<float>(10, 0.0f));
  EXPECT_EQ(penalties({.multiplier = 1.0f}, {0, 1, 4, 2, 0, 1}, kTexts), std::vector<float>(10, 0.0f));
}

TEST(Dry, AnEmbeddingEndsARepetition) {
  EXPECT_EQ(penalties({.multiplier = 1.0f}, {-1, -1, -1, -1, -1}), std::vector<float>(10, 0.0f));
  EXPECT_EQ(penalties({.multiplier = 1.0f, .base = 2.0f}, {0, -1, 1, 2, 3, 0, -1, 1, 2}), only(3, 1.0f));
}

TEST(Dry, ReadsAHistoryThatGrows) {
  DryParams params = {.multiplier = 1.0f, .base = 2.0f};
  params.token_text = [](int32_t id) { return kTexts[static_cast<size_t>(id)]; };
  Dry grows(params);
  std::vector<int32_t> history;
  for (const int32_t id : {0, 1, 4, 2, 3, 0, 0, 1, 5, 0, 1, 4, 2, 3, 0, 0, 1}) {
    history.push_back(id);
    const std::vector<float> logits(10, 0.0f);
    LogitTable table;
    ASSERT_TRUE(table.load(logits));
    Candidates candidates;
    candidates.start(table);
    grows.apply(history, candidates);
    const std::vector<float> fresh = penalties(params, history);
    for (int32_t token = 0; token < 10; ++token) EXPECT_EQ(-table.get(token), fresh[static_cast<size_t>(token)]);
  }
}

TEST(Dry, LongRepetitionsStayFiniteAndFast) {
  // Quadratic work would be 10^10 comparisons.
  const std::vector<int32_t> history(200000, 3);
  const std::vector<float> lost = penalties({.multiplier = 1e6f, .base = 1000.0f}, history);
  EXPECT_TRUE(std::isfinite(lost[3]));
  EXPECT_GT(lost[3], 1e38f);
}

}  // namespace
}  // namespace ingot::core
