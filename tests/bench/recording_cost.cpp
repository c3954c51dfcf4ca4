// recording_cost MODEL [ROUNDS]: what a profile adds to the time of a generated token, as a ratio.
//
// One process, one sequence: windows of a few tokens with and without a recorder take turns, in both orders, from the
// same position each time, so that what disturbs the machine disturbs both. Run on an otherwise idle machine.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/token_sequence.h"
#include "profile/recorder.h"

namespace {

using namespace ingot::core;  // NOLINT(google-build-using-namespace): a program of one file

constexpr int kPromptTokens = 64;
constexpr int kWindowTokens = 16;

[[noreturn]] void give_up(const std::string& message) {
  fmt::print(stderr, "recording_cost: {}\n", message);
  std::exit(1);
}

// Milliseconds a token, of kWindowTokens tokens after the prompt.
double decode_window(TokenSequence& sequence) {
  if (Status status = sequence.truncate(kPromptTokens); !status) give_up(status.error().message);
  const auto start = std::chrono::steady_clock::now();
  for (int step = 0; step < kWindowTokens; ++step) {
    Status status = sequence.append_generated(step + 1, nullptr);
    if (status) status = sequence.compute_pending(/*want_logits=*/true, nullptr);
    if (!status) give_up(status.error().message);
  }
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  return elapsed.count() / kWindowTokens;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) give_up("expected MODEL [ROUNDS]");
  const int n_rounds = argc > 2 ? std::atoi(argv[2]) : 200;
  if (n_rounds < 1) give_up("expected at least one round");
  auto engine = Engine::open(argv[1], {.context = 512});
  if (!engine) give_up(engine.error().message);
  TokenSequence sequence(*engine);
  const std::vector<int32_t> prompt(kPromptTokens, 1);
  if (auto fed = sequence.feed(prompt, TensorView(), {}); !fed) give_up(fed.error().message);

  std::vector<double> with, without, ratios;
  for (int round = 0; round < n_rounds + 2; ++round) {
    double pair[2] = {0, 0};  // without, with a recorder
    for (int turn = 0; turn < 2; ++turn) {
      const int recorded = (round + turn) % 2;
      Recorder recorder(
          {.n_operations = 1 << 16, .n_loops = 1 << 17, .n_stages = 1 << 10, .n_threads = (*engine)->info().threads});
      if (recorded) (*engine)->set_recorder(&recorder);
      pair[recorded] = decode_window(sequence);
      (*engine)->set_recorder(nullptr);
      if (recorder.n_dropped() != 0) give_up("the recorder has too little room");
      if (recorded && recorder.operations().empty()) give_up("nothing was recorded");
    }
    if (round < 2) continue;  // first uses
    without.push_back(pair[0]);
    with.push_back(pair[1]);
    ratios.push_back(pair[1] / pair[0]);
  }
  fmt::print("{} rounds of {} tokens, {} threads\n", n_rounds, kWindowTokens, (*engine)->info().threads);
  fmt::print("without: best {:.4f}, median {:.4f} ms a token\n", *std::min_element(without.begin(), without.end()),
             median(without));
  fmt::print("with:    best {:.4f}, median {:.4f} ms a token\n", *std::min_element(with.begin(), with.end()),
             median(with));
  fmt::print(
      "cost: {:+.2f} % of the best, {:+.2f} % of the median, {:+.2f} % the median of the rounds' ratios\n",
      100 * (*std::min_element(with.begin(), with.end()) / *std::min_element(without.begin(), without.end()) - 1),
      100 * (median(with) / median(without) - 1), 100 * (median(ratios) - 1));
}
