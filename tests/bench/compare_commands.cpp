// compare_commands OURS THEIRS PAIRS [THRESHOLDS]: run_versus by itself, for trials at any scale. Exit codes as
// ingot's.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "bench/versus_report.h"

using namespace ingot::core;

int main(int argc, char** argv) {
  if (argc < 4) {
    fmt::print(stderr, "usage: compare_commands OURS THEIRS PAIRS [THRESHOLDS]\n");
    return 2;
  }
  VersusOptions options{.ours = argv[1], .theirs = argv[2], .n_pairs = std::atoi(argv[3])};
  if (argc > 4) {
    const Result<Thresholds> thresholds = parse_thresholds(argv[4]);
    if (!thresholds) {
      fmt::print(stderr, "{}\n", thresholds.error().message);
      return 2;
    }
    options.thresholds = *thresholds;
  }
  const VersusReport report = run_versus(options);
  fmt::print("{}", versus_text(report));
  if (report.failure) {
    fmt::print(stderr, "{}\n", report.failure->message);
    return 1;
  }
  return has_regression(report.verdicts) ? 3 : 0;
}
