// ingot bench: how fast, with statistics; against a baseline, another program, or another build.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <optional>

#include "bench/ablation.h"
#include "bench/baseline.h"
#include "bench/bench_run.h"
#include "bench/benchmark_log.h"
#include "bench/number_list.h"
#include "bench/tables.h"
#include "cli/bench_ceilings.h"
#include "cli/bench_log.h"
#include "cli/bench_report.h"
#include "cli/bench_versus.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/json_text.h"
#include "cli/model_argument.h"
#include "cli/progress.h"
#include "cli/streams.h"
#include "engine/chunking.h"
#include "profile/drift.h"

namespace ingot::cli {
namespace {

constexpr const char* kBenchExamples = R"(Examples:
  ingot bench model.gguf                                   prefill, generation, load, time to first token
  ingot bench model.gguf -p 128-2048*2 -n 0 -t 1,2         lists and ranges: 128, 256, ..., 2048; one and two threads
  ingot bench model.gguf -d 0,4096 --format csv            also after 4096 tokens
  ingot bench model.gguf -p 4096 -n 0 --chunk 256-1024*2,auto,layer-by-layer
  ingot bench --suite matmul                               products of every weight format; no model needed
  ingot bench model.gguf --save-baseline=before            ... change something ...
  ingot bench model.gguf --compare-baseline=before         exit code 3 on a regression
  ingot bench model.gguf --versus 'llama-bench -m model.gguf -t 2 -o json'
  ingot bench report monday.json friday.json --output report.html
  ingot bench --ceilings                                   what this machine can do at most

Suites: e2e, matmul, dequant, attention, recurrence, memory, ttft, tokenizer, sampling, ablation. Each case is
warmed up, then all are sampled in turn. A regression is a change for the worse beyond its threshold that chance does
not explain.)";

struct BenchFlags {
  std::vector<std::string> models;  // names or paths, then paths
  std::string models_folder;
  std::string suite = "e2e";
  std::string prompts = "512";
  std::string generated = "32";
  std::vector<std::string> combined;
  std::string depths = "0";
  std::string chunks = "512";
  int overlap = 0;
  std::string threads;
  int repeats = 10;
  std::string filter;
  std::string mode = "exact";
  std::string isa;
  std::string kv_type = "f16";
  std::string format = "md";
  bool json = false;
  bool ceilings = false;
  std::optional<std::string> save_baseline;
  std::optional<std::string> compare_baseline;
  std::string thresholds;
  std::string versus;
  int pairs = 40;
  std::string title;
  std::string change;
  std::string output = "benchmarks.md";
};

// Errors of lists do not know the flag that they come from.
auto named(const char* flag) {
  return [flag](const core::Error& error) { return error.context(flag); };
}

// The flags of a run of ours that is to measure the same.
std::vector<std::string> what_is_measured(const BenchFlags& flags) {
  std::vector<std::string> words = {"-p",         flags.prompts, "-n",         flags.generated, "-d",
                                    flags.depths, "--chunk",     flags.chunks, "--mode",        flags.mode,
                                    "--kv-type",  flags.kv_type, "--suite",    flags.suite};
  for (const std::string& pair : flags.combined) words.insert(words.end(), {"--pg", pair});
  if (flags.overlap != 0) words.insert(words.end(), {"--chunk-overlap", std::to_string(flags.overlap)});
  if (!flags.isa.empty()) words.insert(words.end(), {"--isa", flags.isa});
  if (!flags.filter.empty()) words.insert(words.end(), {"--filter", flags.filter});
  return words;
}

// Sizes that the suite would not look at are refused, not dropped.
core::Status check_sizes(const BenchFlags& flags, core::Suite suite) {
  if (suite == core::Suite::kEndToEnd) return {};
  const BenchFlags usual;
  const bool takes_prompts = suite == core::Suite::kTtft;
  const char* unused = flags.prompts != usual.prompts && !takes_prompts ? "-p"
                       : flags.generated != usual.generated             ? "-n"
                       : !flags.combined.empty()                        ? "-pg"
                       : flags.depths != usual.depths                   ? "-d"
                       : flags.chunks != usual.chunks                   ? "--chunk"
                                                                        : nullptr;
  if (unused == nullptr) return {};
  return core::invalid("{}: the suite {} has sizes of its own{}", unused, flags.suite,
                       takes_prompts ? " but for -p" : "");
}

core::Result<core::BenchRequest> to_request(const BenchFlags& flags) {
  constexpr int64_t kMostTokens = int64_t{1} << 24;
  core::BenchRequest request;
  request.models = flags.models;
  INGOT_ASSIGN(request.suite, core::find_suite(flags.suite));
  INGOT_ASSIGN(request.lists.prompts, core::parse_number_list(flags.prompts, 0, kMostTokens));
  INGOT_ASSIGN(request.lists.generated, core::parse_number_list(flags.generated, 0, kMostTokens));
  for (const std::string& text : flags.combined) {
    INGOT_ASSIGN(const auto pairs, core::parse_pair_list(text, 1, kMostTokens));
    request.lists.combined.insert(request.lists.combined.end(), pairs.begin(), pairs.end());
  }
  INGOT_ASSIGN(request.lists.depths, core::parse_number_list(flags.depths, 0, kMostTokens));
  INGOT_ASSIGN(request.lists.chunks, core::parse_chunk_list(flags.chunks).map_error(named("--chunk")));
  for (Chunking& chunking : request.lists.chunks) {
    chunking.overlap = flags.overlap;
    INGOT_TRY(core::check_chunking(chunking).map_error(named("--chunk-overlap")));
  }
  INGOT_TRY(check_sizes(flags, request.suite));
  if (request.suite == core::Suite::kTtft && flags.prompts == BenchFlags().prompts) {
    request.lists.prompts = {128, 512, 2048};
  }
  if (!flags.threads.empty()) {
    INGOT_ASSIGN(request.threads, core::parse_number_list(flags.threads, 1, core::kMaxThreads));
  }
  ModelFlags model;
  model.mode = flags.mode;
  model.isa = flags.isa;
  model.kv_type = flags.kv_type;
  request.options = model.options();
  request.filter = flags.filter;
  request.runner.n_repeats = flags.repeats;
  request.runner.calibrate = [] { return core::time_calibration().fastest_ns; };
  return request;
}

core::Result<core::ComparisonReport> compare(const BenchFlags& flags, const core::BenchRun& run) {
  const auto thresholds = core::parse_thresholds(flags.thresholds);
  INGOT_ASSIGN(const std::string path, core::baseline_path(*flags.compare_baseline));
  INGOT_ASSIGN(const core::Baseline baseline, core::read_baseline(path));
  core::ComparisonReport report =
      core::compare_baselines(baseline, core::baseline_of(run), thresholds.value_or(core::Thresholds{}));
  return report;
}

// The results and, where there is one, the comparison: in JSON one document, else one after the other. CSV stays a
// table: its comparison goes to stderr.
int write_results(core::TableFormat format, const core::BenchRun& run, const core::ComparisonReport* comparison) {
  if (comparison == nullptr) return write_result(core::format_run(run, format));
  if (format == core::TableFormat::kJson) {
    Json document = Json::parse(core::json_of(run));
    document["comparison"] = Json::parse(core::json_of(*comparison));
    return write_result(json_text(document));
  }
  if (format == core::TableFormat::kJsonLines) {
    const Json line = {{"comparison", Json::parse(core::json_of(*comparison))}};
    return write_result(core::json_lines_of(run) + json_text(line, -1));
  }
  if (format == core::TableFormat::kCsv) {
    const int code = write_result(core::csv_of(run));
    say("the comparison:\n" + core::markdown_of(*comparison));
    return code;
  }
  return write_result(core::markdown_of(run) + "\n" + core::markdown_of(*comparison));
}

int save(const BenchFlags& flags, const core::BenchRun& run) {
  const auto path = core::baseline_path(*flags.save_baseline);
  if (!path) return report_error(path.error().message);
  if (const auto status = core::write_baseline(core::baseline_of(run), *path); !status) {
    return report_error(status.error().message);
  }
  say(fmt::format("saved as baseline {}", *path));
  return kDone;
}

// What was measured is printed whatever else happened; then what went wrong.
int conclude(const BenchFlags& flags, core::BenchOutcome outcome) {
  core::BenchRun run;
  run.timestamp = std::time(nullptr);
  run.machine = core::describe_machine();
  run.results = std::move(outcome.results);
  const auto format = core::parse_table_format(flags.json ? "json" : flags.format);
  const bool complete = outcome.errors.empty() && !outcome.interrupted && !run.results.empty();
  std::optional<core::Result<core::ComparisonReport>> comparison;
  if (complete && flags.compare_baseline) comparison = compare(flags, run);
  const core::ComparisonReport* report = comparison && *comparison ? &**comparison : nullptr;

  int code = kDone;
  if (!run.results.empty()) code = write_results(*format, run, report);
  for (const core::Error& error : outcome.errors) code = report_error(error.message);
  if (outcome.interrupted) {
    say("interrupted: what was measured so far is above");
    return kInterrupted;
  }
  if (!complete) return code == kDone ? report_error("nothing was measured") : code;
  if (code == kDone && flags.save_baseline) code = save(flags, run);
  if (code != kDone || !comparison) return code;
  if (!*comparison) return report_error(comparison->error().message);
  if (core::count_verdicts(*report, core::Verdict::kHardwareMismatch) > 0) {
    return report_error(fmt::format("the baseline {} was measured on other hardware: not compared",
                                    flags.compare_baseline->empty() ? "default" : *flags.compare_baseline));
  }
  return core::has_regression(*report) ? kRegressed : kDone;
}

int run_suite(const BenchFlags& flags, core::BenchRequest& request) {
  Progress progress("benchmark");
  request.runner.on_progress = [&progress](std::string_view test, double fraction) {
    progress.show(fmt::format("{:.0f} %, {}", 100 * fraction, test));
  };
  const InterruptScope interrupt(request.runner.cancel);
  show_messages({});
  core::Result<core::BenchOutcome> outcome = core::run_benchmarks(request);
  progress.clear();
  if (!outcome) {
    report_error(outcome.error().message);
    return request.models.empty() ? kWrongUsage : kFailed;
  }
  return conclude(flags, std::move(*outcome));
}

// An optional value takes the next word, which may have been meant as a model.
void give_back_model(std::optional<std::string>& value, std::vector<std::string>& models) {
  if (!value || !value->ends_with(".gguf")) return;
  models.insert(models.begin(), *value);
  value = "";
}

int bench(const BenchFlags& given) {
  BenchFlags flags = given;
  give_back_model(flags.save_baseline, flags.models);
  give_back_model(flags.compare_baseline, flags.models);
  auto request = to_request(flags);
  const auto thresholds = core::parse_thresholds(flags.thresholds);
  if (!request || (!flags.thresholds.empty() && !thresholds)) {
    report_error(!request ? request.error().message : thresholds.error().message);
    return kWrongUsage;
  }
  if (flags.title.empty() != flags.change.empty()) {
    report_error("--title and --change belong together: the log names both");
    return kWrongUsage;
  }
  for (std::string& model : flags.models) {
    Expected<std::string> path = resolve_model(model, flags.models_folder);
    if (!path) return report_error(path.error().message);
    model = std::move(*path);
  }
  request->models = flags.models;
  if (flags.ceilings) return show_ceilings(request->threads, flags.json || flags.format == "json");
  if (!flags.versus.empty()) {
    return run_versus_command({.models = flags.models,
                               .arguments = what_is_measured(flags),
                               .threads = flags.threads,
                               .versus = flags.versus,
                               .n_pairs = flags.pairs,
                               .thresholds = thresholds.value_or(core::Thresholds{}),
                               .json = flags.json || flags.format == "json"});
  }
  if (!flags.title.empty()) return append_to_log(flags.title, flags.change, flags.output, *request);
  return run_suite(flags, *request);
}

}  // namespace

Command add_bench(CommandLine app) {
  auto flags = std::make_shared<BenchFlags>();
  CommandLine command = app.add_command("bench", "Measure speed, with statistics and verdicts");
  command.add_argument("MODEL", flags->models,
                       "GGUF files or names of ingot models; e2e, ttft, tokenizer and ablation need one");
  add_models_flag(command, flags->models_folder);
  command.add_value("--suite", flags->suite, "What to measure: " + core::suite_names());
  command.add_value("-p,--prompt-tokens", flags->prompts, "Prompt lengths, a list or range; 0 leaves them out");
  command.add_value("-n,--gen-tokens", flags->generated, "Tokens to generate, a list or range; 0 leaves them out");
  command
      .add_optional("--pg", flags->combined, "PROMPT,GENERATED together as one test; several with ; between (also -pg)")
      .one_value_each();
  command.add_value("-d,--depth", flags->depths, "Tokens in the sequence before, a list or range");
  command.add_value("--chunk", flags->chunks,
                    "Prompt tokens computed together, a list or range, which may name strategies too (see below)");
  add_overlap_flag(command, flags->overlap);
  command.add_optional("-t,--threads", flags->threads, "Threads, a list or range; without it one per physical core");
  command.add_value("-r,--repeats", flags->repeats, "Samples of each test").check(in_range(1, 100000));
  command.add_optional("--filter", flags->filter, "Only tests whose name or format contains this text");
  command.add_value("--mode", flags->mode, "Arithmetic: exact, fast or reference")
      .choices({"exact", "fast", "reference"});
  command.add_optional("--isa", flags->isa, "Kernel set; without it the best one");
  command.add_value("--kv-type", flags->kv_type, "Type of cached keys and values: f16 or f32").choices({"f16", "f32"});
  command.add_value("--format", flags->format, "md, json, jsonl or csv").choices({"md", "json", "jsonl", "csv"});
  command.add_switch("--json", flags->json, "The same as --format json");
  command.add_switch("--ceilings", flags->ceilings, "Measure what this machine can do at most, print and remember it");
  command
      .add_optional("--save-baseline", flags->save_baseline,
                    "Keep the results under NAME (or in a .json file) to compare with later")
      .optional_value("[NAME]");
  command
      .add_optional("--compare-baseline", flags->compare_baseline,
                    "Compare with the results kept under NAME; exit code 3 on a regression")
      .optional_value("[NAME]");
  command.add_optional("--thresholds", flags->thresholds,
                       "Change for the worse that is allowed, in per cent: mean=10,median=10,p95=15,p99=20 without it");
  command.add_optional("--versus", flags->versus,
                       "Run this command in turn with the same benchmark of ours; prints the ratio");
  command.add_value("--pairs", flags->pairs, "With --versus: runs of each").check(in_range(2, 10000));
  command.add_optional("--title", flags->title, "Append to the benchmark log under this title");
  command.add_optional("--change", flags->change, "With --title: what was changed, in one line");
  command.add_value("--output", flags->output, "The benchmark log");
  command.footer(std::string(kBenchExamples) + "\n\n" + kChunkHelp);
  const Command report = add_bench_report(command);
  return {command, [flags, report] { return report.line.parsed() ? report.run() : bench(*flags); }};
}

}  // namespace ingot::cli
