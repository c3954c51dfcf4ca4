#include "bench/versus.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr const char* kWallTime = "wall time";

// One run of one side.
struct SideRun {
  ShellRun shell;
  Result<PeerOutput> output;
};

// The last line that says something: what a program complains of before it ends.
std::string last_line(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) return {};
  const size_t newline = text.find_last_of('\n', last);
  const size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  return printable(text.substr(begin, last + 1 - begin));
}

Error failed_run(std::string_view side, const ShellRun& run) {
  std::string message = fmt::format("{} command: {}", side, describe_end(run));
  if (const std::string complaint = last_line(run.err); !complaint.empty()) message += fmt::format(": {}", complaint);
  return {run.end == ShellEnd::kCancelled ? ErrorKind::kCancelled : ErrorKind::kIo, std::move(message)};
}

const PeerMetric* find_metric(const PeerOutput& output, const std::string& test) {
  for (const PeerMetric& metric : output.metrics) {
    if (metric.test == test) return &metric;
  }
  return nullptr;
}

double per_token(const PeerMetric& metric, double sample) {
  return metric.unit == "ns" ? sample / metric.tokens : 1e9 / sample;
}

// What one run says about a figure.
Result<double> value_of(const PeerOutput& output, const std::string& test, const VersusMatch& match,
                        std::string_view side) {
  const PeerMetric* metric = find_metric(output, test);
  if (metric == nullptr) {
    return invalid("{} command did not print {} again, expected the same tests from every run (a seed, no early end)",
                   side, test);
  }
  const double median = statistic_of(metric->samples, Statistic::kMedian);
  if (!match.per_token) return median;
  return per_token(*metric, median);
}

PeerOutput wall_time(const ShellRun& run) {
  return {.source = kWallTime, .metrics = {{.test = kWallTime, .unit = "ns", .tokens = 0, .samples = {run.wall_ns}}}};
}

class Versus {
 public:
  explicit Versus(const VersusOptions& options) : options_(options) {
    report_.ours.command = options.ours;
    report_.theirs.command = options.theirs;
  }

  VersusReport run() {
    const int n_all = options_.n_warm_up_pairs + options_.n_pairs;
    for (int pair = 0; pair < n_all; ++pair) {
      const Status done = run_pair(pair, /*counts=*/pair >= options_.n_warm_up_pairs);
      // A short run may end by itself before it sees the token.
      report_.interrupted = done ? options_.cancel.cancelled() : done.error().kind == ErrorKind::kCancelled;
      if (done && !report_.interrupted) continue;
      if (!report_.interrupted) report_.failure = done.error();
      break;
    }
    judge_metrics();
    return std::move(report_);
  }

 private:
  Result<SideRun> run_side(bool is_ours) {
    const std::string& command = is_ours ? options_.ours : options_.theirs;
    INGOT_ASSIGN(ShellRun shell, run_shell(command, {.time_limit = options_.time_limit, .cancel = options_.cancel}));
    if (!shell.succeeded()) return tl::unexpected(failed_run(is_ours ? "our" : "the other", shell));
    Result<PeerOutput> output = read_peer_output(shell.out, shell.err, options_.peer);
    return SideRun{std::move(shell), std::move(output)};
  }

  Status run_pair(int pair, bool counts) {
    const bool ours_first = pair % 2 == 0;
    INGOT_ASSIGN(SideRun first, run_side(/*is_ours=*/ours_first));
    INGOT_ASSIGN(SideRun second, run_side(/*is_ours=*/!ours_first));
    SideRun& ours = ours_first ? first : second;
    SideRun& theirs = ours_first ? second : first;
    INGOT_TRY(choose_source(ours, theirs));
    if (matches_.empty()) INGOT_TRY(match(*ours.output, *theirs.output));
    if (counts) INGOT_TRY(keep(ours, theirs));
    if (options_.on_pair) {
      options_.on_pair({.n_done = report_.n_pairs,
                        .n_pairs = options_.n_pairs,
                        .ours_wall_ns = ours.shell.wall_ns,
                        .theirs_wall_ns = theirs.shell.wall_ns});
    }
    return {};
  }

  // What they printed; if at the first time neither printed a figure, the time they took.
  Status choose_source(SideRun& ours, SideRun& theirs) {
    if (matches_.empty() && !ours.output && !theirs.output) {
      by_wall_time_ = true;
      report_.notes.push_back(
          fmt::format("neither command printed a figure, so that the times of the whole processes are compared; "
                      "theirs: {}",
                      theirs.output.error().message));
    }
    if (by_wall_time_) {
      ours.output = wall_time(ours.shell);
      theirs.output = wall_time(theirs.shell);
    }
    if (!ours.output) return tl::unexpected(ours.output.error().context("what our command printed"));
    if (!theirs.output) return tl::unexpected(theirs.output.error().context("what the other command printed"));
    return {};
  }

  Status match(const PeerOutput& ours, const PeerOutput& theirs) {
    INGOT_ASSIGN(VersusMatches found, match_figures(ours, theirs));
    matches_ = std::move(found.matches);
    report_.notes.insert(report_.notes.end(), found.notes.begin(), found.notes.end());
    report_.ours.source = ours.source;
    report_.theirs.source = theirs.source;
    for (const VersusMatch& match : matches_) {
      report_.metrics.push_back({.test = match.name, .unit = match.unit, .direction = match.direction});
    }
    return {};
  }

  // All of a pair, or nothing of it.
  Status keep(const SideRun& ours, const SideRun& theirs) {
    std::vector<std::pair<double, double>> values;
    for (const VersusMatch& match : matches_) {
      INGOT_ASSIGN(const double our_value, value_of(*ours.output, match.ours, match, "our"));
      INGOT_ASSIGN(const double their_value, value_of(*theirs.output, match.theirs, match, "the other"));
      values.emplace_back(our_value, their_value);
    }
    for (size_t index = 0; index < values.size(); ++index) {
      report_.metrics[index].ours.push_back(values[index].first);
      report_.metrics[index].theirs.push_back(values[index].second);
    }
    const std::array sides = {std::pair(&report_.ours, &ours.shell), std::pair(&report_.theirs, &theirs.shell)};
    for (const auto& [side, shell] : sides) {
      side->wall_ns.push_back(shell->wall_ns);
      side->peak_bytes.push_back(static_cast<double>(shell->peak_bytes));
    }
    ++report_.n_pairs;
    return {};
  }

  void judge_metrics() {
    if (report_.n_pairs == 0) report_.metrics.clear();
    std::vector<Comparison> comparisons;
    for (VersusMetric& metric : report_.metrics) {
      Result<Comparison> comparison =
          compare_in_turn(metric.test, metric.unit, metric.direction, metric.theirs, metric.ours);
      if (comparison) {
        metric.ratio = ratio_in_turn(metric.theirs, metric.ours);
        comparisons.push_back(std::move(*comparison));
      } else if (!report_.failure) {
        report_.failure = comparison.error();
      }
    }
    report_.verdicts = judge(comparisons, options_.thresholds);
  }

  const VersusOptions& options_;
  VersusReport report_;
  std::vector<VersusMatch> matches_;  // empty until the first pair
  bool by_wall_time_ = false;
};

}  // namespace

VersusReport run_versus(const VersusOptions& options) {
  return Versus(options).run();
}

std::string shell_command(const std::vector<std::string>& arguments) {
  std::string command;
  for (const std::string& argument : arguments) {
    if (!command.empty()) command += ' ';
    command += '\'';
    for (const char letter : argument) {
      if (letter == '\'') {
        command += "'\\''";
      } else {
        command += letter;
      }
    }
    command += '\'';
  }
  return command;
}

Result<std::string> own_program() {
  std::array<char, 4096> path;
  const ssize_t n_bytes = readlink("/proc/self/exe", path.data(), path.size());
  if (n_bytes <= 0 || static_cast<size_t>(n_bytes) == path.size()) {
    return fail(ErrorKind::kIo, "cannot tell the path of this program: {}", std::generic_category().message(errno));
  }
  return std::string(path.data(), static_cast<size_t>(n_bytes));
}

}  // namespace ingot::core
