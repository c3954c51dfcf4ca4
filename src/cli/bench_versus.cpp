#include "cli/bench_versus.h"

#include <fmt/format.h>

#include "bench/versus.h"
#include "bench/versus_report.h"
#include "cli/exit_codes.h"
#include "cli/interrupt.h"
#include "cli/json_text.h"
#include "cli/progress.h"
#include "cli/streams.h"

namespace ingot::cli {
namespace {

// One sample a test in each process: what repeats is the process.
core::Result<std::string> our_command(const VersusCommand& command) {
  INGOT_ASSIGN(const std::string program, core::own_program());
  std::vector<std::string> words = {program, "bench"};
  words.insert(words.end(), command.models.begin(), command.models.end());
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  if (!command.threads.empty()) words.insert(words.end(), {"-t", command.threads});
  words.insert(words.end(), {"-r", "1", "--json"});
  return core::shell_command(words);
}

}  // namespace

int run_versus_command(const VersusCommand& command) {
  if (command.models.empty()) {
    report_error("--versus needs a MODEL for our side of the comparison");
    return kWrongUsage;
  }
  const auto ours = our_command(command);
  if (!ours) return report_error(ours.error().message);
  Progress progress("versus");
  core::VersusOptions options;
  options.ours = *ours;
  options.theirs = command.versus;
  options.n_pairs = command.n_pairs;
  options.thresholds = command.thresholds;
  options.on_pair = [&progress](const core::VersusProgress& done) {
    progress.show(fmt::format("{} of {} pairs", done.n_done, done.n_pairs));
  };
  const InterruptScope interrupt(options.cancel);
  const core::VersusReport report = core::run_versus(options);
  progress.clear();
  if (report.n_pairs > 0) {
    const int code = write_result(command.json ? json_text(core::versus_json(report)) : core::versus_text(report));
    if (code != kDone) return code;
  }
  if (report.failure) return report_error(report.failure->message);
  if (report.interrupted) {
    say("interrupted: what was measured so far is above");
    return kInterrupted;
  }
  return core::has_regression(report.verdicts) ? kRegressed : kDone;
}

}  // namespace ingot::cli
