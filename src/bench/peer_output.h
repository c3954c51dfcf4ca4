// What another engine, another build or any program printed about its speed, as figures to compare.
//
//   llama-bench -o json, -o jsonl      its rows with samples_ns
//   llama-completion, llama-cli        the lines "prompt eval time = ... ms / ... tokens" whatever stands before them,
//                                      "[ Prompt: ... t/s | Generation: ... t/s ]"
//   ingot bench --json, jsonl          its results with samples_ns
//   ingot run, ingot run --json        its timings
//   anything else                      a number a line, with or without a unit
//
// All of it is foreign text: what is not understood is an error that says what was expected, never a figure. Tests are
// named as ingot bench names its own (pp512, tg32@d4096, load), so that figures of two programs find each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/verdict.h"

namespace ingot::core {

struct PeerMetric {
  std::string test;  // "pp512", "tg32", "load"; "value" for a plain number
  std::string unit;  // "ns"; "tokens/s" where only a rate was printed; a plain number's own
  Direction direction = Direction::kLowerIsBetter;
  double tokens = 0;            // that one sample computed; 0: unknown, or the time has nothing to do with tokens
  std::vector<double> samples;  // in unit; positive and finite, at least one
};

struct PeerOutput {
  std::string source;               // "llama-bench", "llama.cpp's timings", "ingot bench", "ingot run", "plain numbers"
  std::vector<PeerMetric> metrics;  // at least one; no two of one name
};

struct PeerOptions {
  Direction plain_number = Direction::kLowerIsBetter;  // what a number without a unit is
};

// out and err: what it wrote to standard output and to standard error. JSON and plain numbers are read from out alone,
// timings from either.
Result<PeerOutput> read_peer_output(std::string_view out, std::string_view err, const PeerOptions& options);

// The same for each kind by itself.
Result<PeerOutput> read_peer_json(std::string_view text);
Result<PeerOutput> read_peer_timings(std::string_view text);
Result<PeerOutput> read_plain_numbers(std::string_view text, Direction without_unit);

// Tokens that a test computes, by its name: 512 for "pp512" and "tg512@d16", 544 for "pp512+tg32"; 0 for any other.
double tokens_of_test(std::string_view test);

}  // namespace ingot::core
