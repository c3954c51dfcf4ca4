// sampling_cost [ROUNDS]: what a draw costs, in microseconds of the thread's time, best and median of rounds in which
// all settings take turns, so that a drift of the machine meets all of them. Vocabularies of SmolLM2 and Gemma 3.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/cpu_time.h"
#include "sampling/chain.h"

namespace {

using ingot::core::ChainParams;
using ingot::core::Rng;
using ingot::core::SamplingChain;

constexpr int kDrawsPerRound = 20;

ChainParams everything() {
  ChainParams params;
  params.penalties = {.repeat = 1.1f, .frequency = 0.1f, .presence = 0.1f};
  params.dry.multiplier = 0.8f;
  params.dry.token_text = [](int32_t id) { return id % 40 == 0 ? std::string("\n") : " word" + std::to_string(id); };
  params.top_n_sigma = 2.5f;
  params.typical_p = 0.95f;
  params.xtc.probability = 0.5f;
  params.dynatemp_range = 0.2f;
  return params;
}

std::vector<std::pair<const char*, ChainParams>> settings() {
  return {
      {"greedy", {.temperature = 0}},
      {"default", {}},
      {"default and penalties", {.penalties = {.repeat = 1.1f}}},
      {"everything", everything()},
      {"min-p only", {.top_k = 0, .top_p = 1}},
      {"top-p only", {.top_k = 0, .min_p = 0}},
      {"top-n-sigma only", {.top_n_sigma = 1, .top_k = 0, .top_p = 1, .min_p = 0}},
      {"typical only", {.top_k = 0, .typical_p = 0.9f, .top_p = 1, .min_p = 0}},
      {"temperature only", {.top_k = 0, .top_p = 1, .min_p = 0}},
      {"mirostat 1", {.mirostat = {.version = 1}}},
      {"mirostat 2", {.mirostat = {.version = 2}}},
  };
}

// As models give them: nearly normal, and a few likely ones far above.
std::vector<float> make_logits(size_t n_vocab) {
  Rng rng(1);
  std::vector<float> logits(n_vocab);
  for (float& logit : logits) {
    double sum = 0.0;
    for (int n = 0; n < 12; ++n) sum += rng.next_unit();
    logit = static_cast<float>(2.5 * (sum - 6.0));
  }
  for (int rank = 0; rank < 100; ++rank)
    logits[rng.next() % n_vocab] = static_cast<float>(18.0 - 2.0 * std::log(rank + 1));
  return logits;
}

}  // namespace

int main(int argc, char** argv) {
  const int n_rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 200;
  std::vector<int32_t> history;
  for (int32_t at = 0; at < 1024; ++at) history.push_back(at * at % 500);
  for (const size_t n_vocab : {49152U, 262144U}) {
    const std::vector<float> logits = make_logits(n_vocab);
    std::vector<SamplingChain> chains;
    for (const auto& [name, params] : settings()) {
      chains.push_back(SamplingChain::create(params, static_cast<int64_t>(n_vocab)).value());
    }
    std::vector<std::vector<double>> microseconds(chains.size());
    for (int round = 0; round < n_rounds; ++round) {
      for (size_t at = 0; at < chains.size(); ++at) {
        const double start = ingot::core::thread_cpu_seconds();
        for (int draw = 0; draw < kDrawsPerRound; ++draw) {
          if (!chains[at].sample(logits, history)) return 1;
        }
        microseconds[at].push_back(1e6 * (ingot::core::thread_cpu_seconds() - start) / kDrawsPerRound);
      }
    }
    fmt::print("vocabulary {}: microseconds a draw, best and median of {} rounds\n", n_vocab, n_rounds);
    for (size_t at = 0; at < chains.size(); ++at) {
      std::sort(microseconds[at].begin(), microseconds[at].end());
      fmt::print("  {:<22} {:8.1f} {:8.1f}\n", settings()[at].first, microseconds[at].front(),
                 microseconds[at][microseconds[at].size() / 2]);
    }
  }
}
