#include "cli/bench_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "bench/ablation.h"
#include "bench/benchmark_log.h"
#include "bench/statistics.h"
#include "cli/exit_codes.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "ingot/version.h"

namespace ingot::cli {
namespace {

constexpr int64_t kPrefillTokens = 128;
constexpr int64_t kGeneratedTokens = 64;

double median_of(const core::BenchResult& row) {
  return core::statistic_of(row.samples_ns, core::Statistic::kMedian);
}

core::Result<core::LogEntry> measure(const core::BenchRequest& request, const core::RunnerOptions& runner) {
  INGOT_ASSIGN(const core::BenchModel model, core::open_bench_model(request.models.front(), request.options, 0));
  const ModelInfo& info = model.engine->info();
  core::LogEntry entry;
  entry.timestamp = std::time(nullptr);
  entry.model = model.name;
  entry.version = info.architecture;
  entry.n_layers = info.n_layers;
  entry.embedding = info.dim;
  entry.processor = core::describe_machine().processor;
  entry.threads = info.threads;
  entry.format = model.format;
  entry.mode = mode_name(info.mode);
  entry.kernels = info.kernels;
  entry.engine = fmt::format("{} ({})", version_string(), build_commit());
  core::EndToEndLists lists;
  lists.prompts = {kPrefillTokens};
  lists.generated = {kGeneratedTokens};
  const core::BenchOutcome outcome = core::run_cases(core::end_to_end_cases({model}, lists), runner);
  if (!outcome.errors.empty()) return tl::unexpected(outcome.errors.front());
  if (outcome.interrupted) return core::fail(core::ErrorKind::kCancelled, "interrupted");
  for (const core::BenchResult& row : outcome.results) {
    if (row.test == "load") entry.load_ms = median_of(row) * 1e-6;
    if (row.test.starts_with("pp")) entry.prefill = row.work * 1e9 / median_of(row);
    if (row.test.starts_with("tg")) entry.generation = row.work * 1e9 / median_of(row);
  }
  INGOT_ASSIGN(entry.quality_tokens, core::quality_tokens(model));
  INGOT_ASSIGN(entry.kl_mean, core::divergence_from_reference(model));
  return entry;
}

}  // namespace

int append_to_log(const std::string& title, const std::string& change, const std::string& path,
                  const core::BenchRequest& request) {
  if (request.models.size() != 1) {
    report_error("the benchmark log takes one MODEL at a time");
    return kWrongUsage;
  }
  Progress progress("benchmark");
  core::RunnerOptions runner = request.runner;
  runner.on_progress = [&progress](std::string_view test, double fraction) {
    progress.show(fmt::format("{:.0f} %, {}", 100 * fraction, test));
  };
  const InterruptScope interrupt(runner.cancel);
  auto entry = measure(request, runner);
  progress.clear();
  if (!entry && runner.cancel.cancelled()) return kInterrupted;
  if (!entry) return report_error(entry.error().message);
  entry->title = title;
  entry->change = change;
  if (const auto status = core::append_to_log_file(path, *entry); !status) return report_error(status.error().message);
  return write_result(
      fmt::format("{}: {:.1f} ms to load, prefill {:.1f} tok/s, generation {:.1f} tok/s, quality hash "
                  "{:x}, KL divergence {:.3g}; appended to {}\n",
                  entry->model, entry->load_ms.value_or(0), entry->prefill.value_or(0), entry->generation.value_or(0),
                  core::quality_hash(entry->quality_tokens), entry->kl_mean.value_or(0), path));
}

}  // namespace ingot::cli
