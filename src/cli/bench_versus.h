// ingot bench --versus: the same benchmark by this program and by another command, in turn.
#pragma once

#include <string>
#include <vector>

#include "bench/verdict.h"

namespace ingot::cli {

struct VersusCommand {
  std::vector<std::string> models;
  std::vector<std::string> arguments;  // of our own benchmark
  std::string threads;                 // a list; empty: one per physical core
  std::string versus;                  // the other command, for the shell
  int n_pairs = 40;
  core::Thresholds thresholds;
  bool json = false;
};

// Gives the exit code: 3 where ours is slower beyond the thresholds and beyond chance.
int run_versus_command(const VersusCommand& command);

}  // namespace ingot::cli
