// The chain against an independent one in NumPy (tests/reference/sampling.py) on logits of a real model.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sampling/chain.h"

namespace ingot::core {
namespace {

using Json = nlohmann::json;

struct Goldens {
  Json document;
  std::vector<float> logits;  // (positions, vocabulary)
  std::vector<int32_t> history;

  size_t n_vocab() const { return document["vocabulary"]; }
  size_t n_positions() const { return document["positions"]; }
  std::span<const float> row(size_t position) const {
    return std::span(logits).subspan(position * n_vocab(), n_vocab());
  }
};

const Goldens& goldens() {
  static const Goldens loaded = [] {
    Goldens made;
    std::ifstream json(INGOT_SAMPLING_GOLDENS "/cases.json");
    made.document = Json::parse(json);
    made.logits.resize(made.n_positions() * made.n_vocab());
    std::ifstream logits(INGOT_SAMPLING_GOLDENS "/logits.bin", std::ios::binary);
    logits.read(reinterpret_cast<char*>(made.logits.data()), static_cast<std::streamsize>(made.logits.size() * 4));
    EXPECT_TRUE(logits);
    made.history = made.document["history"].get<std::vector<int32_t>>();
    return made;
  }();
  return loaded;
}

// The parameters of the case; whatever it does not name is the default of both sides.
ChainParams params_of(const Json& given, uint64_t seed) {
  ChainParams params;
  const std::map<std::string, float*> numbers = {{"repeat", &params.penalties.repeat},
                                                 {"frequency", &params.penalties.frequency},
                                                 {"presence", &params.penalties.presence},
                                                 {"dry_multiplier", &params.dry.multiplier},
                                                 {"dry_base", &params.dry.base},
                                                 {"top_n_sigma", &params.top_n_sigma},
                                                 {"typical_p", &params.typical_p},
                                                 {"top_p", &params.top_p},
                                                 {"min_p", &params.min_p},
                                                 {"xtc_probability", &params.xtc.probability},
                                                 {"xtc_threshold", &params.xtc.threshold},
                                                 {"temperature", &params.temperature},
                                                 {"dynatemp_range", &params.dynatemp_range},
                                                 {"dynatemp_exponent", &params.dynatemp_exponent},
                                                 {"tau", &params.mirostat.tau},
                                                 {"eta", &params.mirostat.eta}};
  const std::map<std::string, int*> integers = {{"last_n", &params.penalties.last_n},
                                                {"dry_allowed_length", &params.dry.allowed_length},
                                                {"dry_last_n", &params.dry.last_n},
                                                {"top_k", &params.top_k},
                                                {"mirostat", &params.mirostat.version}};
  for (const auto& [name, value] : given.items()) {
    if (name == "samplers") {
      std::string order;
      for (const auto& sampler : value) order += (order.empty() ? "" : ";") + sampler.get<std::string>();
      params.order = parse_sampler_order(order).value();
    } else if (numbers.contains(name)) {
      *numbers.at(name) = value;
    } else {
      *integers.at(name) = value;
    }
  }
  const auto pieces = goldens().document["pieces"].get<std::vector<std::string>>();
  params.dry.token_text = [pieces](int32_t id) { return pieces[static_cast<size_t>(id) % pieces.size()]; };
  params.seed = seed;
  return params;
}

SamplingChain chain_of(const Json& given, uint64_t seed) {
  auto chain = SamplingChain::create(params_of(given, seed), static_cast<int64_t>(goldens().n_vocab()));
  EXPECT_TRUE(chain) << chain.error().message;
  return std::move(*chain);
}

// Probabilities of the candidates of the last draw, by id.
std::map<int32_t, double> probabilities(SamplingChain& chain) {
  const auto items = chain.last_candidates();
  double best = items.front().logit;
  for (const Candidate& item : items) best = std::max<double>(best, item.logit);
  std::map<int32_t, double> result;
  double sum = 0.0;
  for (const Candidate& item : items) sum += result[item.id] = std::exp(item.logit - best);
  for (auto& [id, probability] : result) probability /= sum;
  return result;
}

TEST(SamplingGoldens, EveryDistributionIsNumPys) {
  for (const Json& golden : goldens().document["cases"]) {
    for (size_t position = 0; position < goldens().n_positions(); ++position) {
      SCOPED_TRACE(golden["params"].dump() + " at position " + std::to_string(position));
      SamplingChain chain = chain_of(golden["params"], 1);
      ASSERT_TRUE(chain.sample(goldens().row(position), goldens().history));
      const auto found = probabilities(chain);
      const Json& expected = golden["expected"][position];
      int64_t id_sum = 0;
      for (const auto& [id, probability] : found) id_sum += id;
      ASSERT_EQ(found.size(), expected["n"].get<size_t>());
      ASSERT_EQ(id_sum, expected["id_sum"].get<int64_t>());
      for (const Json& best : expected["best"]) {
        const double probability = best[1];
        ASSERT_TRUE(found.contains(best[0].get<int32_t>())) << best[0];
        // A logit has 24 bits; a low temperature multiplies its rounding, 3e-7 of up to 40, by up to 10.
        EXPECT_NEAR(found.at(best[0].get<int32_t>()), probability, 2e-5 * probability) << best[0];
      }
    }
  }
}

// Also freezes which random numbers a token takes, mirostat's memory, and the order in which the draw walks.
TEST(SamplingGoldens, EverySequenceOfTokensIsNumPys) {
  for (const Json& golden : goldens().document["cases"]) {
    SCOPED_TRACE(golden["params"].dump());
    SamplingChain chain = chain_of(golden["params"], 2026);
    std::vector<int32_t> history = goldens().history;
    const size_t n_prompt = history.size();
    for (size_t step = 0; step < golden["drawn"].size(); ++step) {
      history.push_back(chain.sample(goldens().row(step % goldens().n_positions()), history).value());
    }
    EXPECT_EQ(std::vector<int32_t>(history.begin() + static_cast<ptrdiff_t>(n_prompt), history.end()),
              golden["drawn"].get<std::vector<int32_t>>());
  }
}

// -- chi-squared
// -------------------------------------------------------------------------------------------------------

// Pearson's statistic of counts against the probabilities; those expected less than five times count as one.
struct ChiSquared {
  double statistic = 0.0;
  int degrees = -1;

  void add(double count, double expected) {
    statistic += (count - expected) * (count - expected) / expected;
    ++degrees;
  }
  // What chance exceeds once in a million (Wilson and Hilferty 1931).
  double critical() const {
    const double spread = 2.0 / (9.0 * degrees);
    return degrees * std::pow(1.0 - spread + 4.7534 * std::sqrt(spread), 3);
  }
};

ChiSquared compare(const std::map<int32_t, int>& counts, const std::map<int32_t, double>& expected, int n_draws) {
  ChiSquared result;
  double rest = 0.0;
  double rest_count = 0.0;
  for (const auto& [id, probability] : expected) {
    const double count = counts.contains(id) ? counts.at(id) : 0;
    if (probability * n_draws >= 5) {
      result.add(count, probability * n_draws);
    } else {
      rest += probability * n_draws;
      rest_count += count;
    }
  }
  if (rest >= 5) result.add(rest_count, rest);
  return result;
}

constexpr int kDraws = 60000;
constexpr size_t kPosition = 4;  // its default distribution has 17 tokens

std::map<int32_t, int> draw_many(const Json& params, size_t position) {
  SamplingChain chain = chain_of(params, 99);
  std::map<int32_t, int> counts;
  for (int draw = 0; draw < kDraws; ++draw) ++counts[chain.sample(goldens().row(position), goldens().history).value()];
  return counts;
}

std::map<int32_t, double> expected_of(const Json& golden, size_t position) {
  std::map<int32_t, double> expected;
  for (const Json& best : golden["expected"][position]["best"]) expected[best[0].get<int32_t>()] = best[1];
  return expected;
}

TEST(ChiSquared, DrawsFollowNumPysDistribution) {
  const Json& golden = goldens().document["cases"][0];
  const auto counts = draw_many(golden["params"], kPosition);
  const auto expected = expected_of(golden, kPosition);
  for (const auto& [id, count] : counts) EXPECT_TRUE(expected.contains(id)) << id;
  const ChiSquared result = compare(counts, expected, kDraws);
  EXPECT_GT(result.degrees, 10);
  EXPECT_LT(result.statistic, result.critical());
}

// The proof that the test above can fail: a temperature of 0.85 for 0.8 is seen.
TEST(ChiSquared, SeesASlightlyWrongDistribution) {
  const Json& golden = goldens().document["cases"][0];
  const auto counts = draw_many({{"temperature", 0.85}}, kPosition);
  const ChiSquared result = compare(counts, expected_of(golden, kPosition), kDraws);
  EXPECT_GT(result.statistic, 2 * result.critical());
}

// XTC in half of the draws: the mixture of both distributions.
TEST(ChiSquared, XtcExcludesAsOftenAsItSays) {
  const auto with = [](double probability) {
    SamplingChain chain = chain_of({{"xtc_probability", probability}, {"xtc_threshold", 0.1}}, 1);
    EXPECT_TRUE(chain.sample(goldens().row(kPosition), goldens().history));
    return probabilities(chain);
  };
  std::map<int32_t, double> expected = with(0.0);
  for (auto& [id, probability] : expected) probability *= 0.7;
  for (const auto& [id, probability] : with(1.0)) expected[id] += 0.3 * probability;
  const auto counts = draw_many({{"xtc_probability", 0.3}, {"xtc_threshold", 0.1}}, kPosition);
  const ChiSquared right = compare(counts, expected, kDraws);
  EXPECT_LT(right.statistic, right.critical());
  const ChiSquared wrong = compare(counts, with(0.0), kDraws);
  EXPECT_GT(wrong.statistic, wrong.critical());
}

}  // namespace
}  // namespace ingot::core
