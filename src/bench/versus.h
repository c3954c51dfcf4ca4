// Ours against theirs: two commands run in turn, and what each printed about its speed compared pair by pair.
//
// Whole processes, because that is what a user starts, and because two builds cannot live in one. They take turns
// within seconds of each other and the order changes from pair to pair (ours theirs, theirs ours, ...): what slows the
// machine for a while slows both. From a run that printed several samples of a test the median counts once; samples of
// one process share its luck (where its memory lies, what the machine did just then), and a verdict that took them for
// independent ones would be too sure of itself.
//
// Both sides may be any command that peer_output.h can read. Figures find each other by the names of their tests. Where
// those differ only in length (llama-completion counts one generated token more than ingot run), times per token are
// compared instead, and a note says so. Where neither command prints a figure, the wall times of the processes are.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/peer_output.h"
#include "bench/statistics.h"
#include "bench/subprocess.h"
#include "bench/verdict.h"
#include "ingot/types.h"

namespace ingot::core {

struct VersusProgress {
  int n_done = 0;  // pairs, without those to warm up; 0: that was one to warm up
  int n_pairs = 0;
  double ours_wall_ns = 0;
  double theirs_wall_ns = 0;
};

struct VersusOptions {
  std::string ours;  // commands for /bin/sh
  std::string theirs;
  int n_pairs = 40;  // finds 5 % in 99 of 100 cases where runs differ by 3 %; 30 pairs in 94
  int n_warm_up_pairs = 1;
  Thresholds thresholds = {};
  PeerOptions peer = {};
  std::chrono::milliseconds time_limit{0};  // of one run; 0: none
  CancelToken cancel = {};
  std::function<void(const VersusProgress&)> on_pair = {};  // after each pair
};

// A figure of both sides, in turn: as many of one as of the other.
struct VersusMetric {
  std::string test;
  std::string unit;  // "ns", "ns/token", or as both printed it
  Direction direction = Direction::kLowerIsBetter;
  std::vector<double> ours = {};
  std::vector<double> theirs = {};
  Ratio ratio = {};  // ours / theirs
};

struct VersusSide {
  std::string command;
  std::string source;              // who printed the figures: "llama-bench"; "wall time" where none were
  std::vector<double> wall_ns;     // of the whole process, in each pair
  std::vector<double> peak_bytes;  // likewise; 0: unknown
};

struct VersusReport {
  VersusSide ours;
  VersusSide theirs;
  int n_pairs = 0;                    // that were measured on both sides
  std::vector<VersusMetric> metrics;  // empty where no pair was
  ComparisonReport verdicts;          // of metrics; theirs is the baseline
  std::vector<std::string> notes;     // what was not compared, or not as it stood
  bool interrupted = false;           // by the token; what was measured before is here
  std::optional<Error> failure = {};  // what ended it before its time; likewise
};

VersusReport run_versus(const VersusOptions& options);

// -- figures that belong together
// --------------------------------------------------------------------------------------

// Two figures of which one number each can be compared.
struct VersusMatch {
  std::string ours;    // test
  std::string theirs;  // test
  std::string name;    // of both together
  std::string unit;
  Direction direction = Direction::kLowerIsBetter;
  bool per_token = false;  // both are turned into nanoseconds a token
};
struct VersusMatches {
  std::vector<VersusMatch> matches;
  std::vector<std::string> notes;
};
// Fails where nothing of one side can be compared with anything of the other, and names what both have.
Result<VersusMatches> match_figures(const PeerOutput& ours, const PeerOutput& theirs);

// -- commands
// ----------------------------------------------------------------------------------------------------------

// A command line for /bin/sh in which every argument is exactly itself.
std::string shell_command(const std::vector<std::string>& arguments);
// The path of the running program, for a command that runs it again.
Result<std::string> own_program();

}  // namespace ingot::core
