// noisy_command STATE SEED NOISE SLOWDOWN: a program whose speed is what a shared machine makes of it, without a clock.
//
// Prints the JSON of ingot bench with two tests, pp64 and tg8; only pp64 is SLOWDOWN times slower. All programs that
// share the file STATE run on one machine, whose drift and disturbances go on from run to run; the file holds how many
// samples that machine has given.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "bench/noisy_machine.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: noisy_command STATE SEED NOISE SLOWDOWN\n");
    return 2;
  }
  const std::string state = argv[1];
  int n_drawn = 0;
  if (std::ifstream file(state); file) file >> n_drawn;
  ingot::core::test::NoisyMachine machine(std::strtoull(argv[2], nullptr, 10), std::strtod(argv[3], nullptr));
  for (int n = 0; n < n_drawn; ++n) machine.sample(1);
  const double prefill_ns = machine.sample(2e8 * std::strtod(argv[4], nullptr));
  const double decode_ns = machine.sample(1e8);
  std::ofstream(state) << n_drawn + 2;
  fmt::print(
      "{{\"schema\": 1, \"results\": [{{\"test\": \"pp64\", \"samples_ns\": [{:.1f}]}}, "
      "{{\"test\": \"tg8\", \"samples_ns\": [{:.1f}]}}]}}\n",
      prefill_ns, decode_ns);
}
