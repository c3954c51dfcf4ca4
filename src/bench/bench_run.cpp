#include "bench/bench_run.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "base/cpu_features.h"
#include "base/utf8.h"
#include "bench/ablation.h"
#include "ingot/version.h"
#include "kernels/dispatch.h"

namespace ingot::core {
namespace {

struct SuiteName {
  Suite suite;
  const char* name;
  bool needs_model;
};
constexpr SuiteName kSuites[] = {
    {Suite::kEndToEnd, "e2e", true},
    {Suite::kMatmul, "matmul", false},
    {Suite::kDequant, "dequant", false},
    {Suite::kAttention, "attention", false},
    {Suite::kRecurrence, "recurrence", false},
    {Suite::kMemory, "memory", false},
    {Suite::kTtft, "ttft", true},
    {Suite::kTokenizer, "tokenizer", true},
    {Suite::kSampling, "sampling", false},
    {Suite::kAblation, "ablation", true},
};

int64_t context_for(const BenchRequest& request) {
  return request.suite == Suite::kEndToEnd ? longest_sequence(request.lists) : 0;
}

std::vector<BenchModel> open_models(const BenchRequest& request, BenchOutcome& outcome) {
  std::vector<BenchModel> models;
  // Operations by themselves want a model's shapes once, not once for each number of threads.
  const bool whole = request.suite == Suite::kEndToEnd || request.suite == Suite::kTtft;
  for (const std::string& path : request.models) {
    for (size_t index = 0; index < (whole ? request.threads.size() : 1); ++index) {
      ModelOptions options = request.options;
      options.threads = static_cast<int>(request.threads[index]);
      auto model = open_bench_model(path, options, context_for(request));
      if (model) {
        models.push_back(std::move(*model));
      } else {
        outcome.errors.push_back(std::move(model).error());
        break;
      }
    }
  }
  return models;
}

Result<std::vector<BenchCase>> operation_cases(const BenchRequest& request, const std::vector<BenchModel>& models) {
  std::vector<BenchCase> cases;
  for (const int64_t n_threads : request.threads) {
    const OperationSuite suite = {.threads = static_cast<int>(n_threads),
                                  .isa = request.options.isa,
                                  .mode = request.options.mode,
                                  .models = models};
    Result<std::vector<BenchCase>> made = invalid("no such suite");
    if (request.suite == Suite::kMatmul) made = matmul_cases(suite);
    if (request.suite == Suite::kDequant) made = dequant_cases(suite);
    if (request.suite == Suite::kAttention) made = attention_cases(suite);
    if (request.suite == Suite::kRecurrence) made = recurrence_cases(suite);
    if (request.suite == Suite::kMemory) made = memory_cases(suite);
    if (!made) return made;
    std::ranges::move(*made, std::back_inserter(cases));
  }
  return cases;
}

Result<std::vector<BenchCase>> make_cases(const BenchRequest& request, const std::vector<BenchModel>& models) {
  switch (request.suite) {
    case Suite::kEndToEnd:
      return end_to_end_cases(models, request.lists);
    case Suite::kTtft:
      return ttft_cases(models, request.lists.prompts);
    case Suite::kTokenizer:
      return tokenizer_cases(models);
    case Suite::kSampling:
      return sampling_cases();
    case Suite::kAblation:
      return ablation_cases(models);
    default:
      return operation_cases(request, models);
  }
}

}  // namespace

Result<Suite> find_suite(std::string_view name) {
  for (const SuiteName& entry : kSuites) {
    if (name == entry.name) return entry.suite;
  }
  return invalid("there is no suite {}, expected one of {}", printable(name), suite_names());
}

std::string suite_names() {
  std::string names;
  for (const SuiteName& entry : kSuites) names += fmt::format("{}{}", names.empty() ? "" : ", ", entry.name);
  return names;
}

Result<BenchOutcome> run_benchmarks(const BenchRequest& request) {
  const auto entry = std::ranges::find(kSuites, request.suite, &SuiteName::suite);
  if (entry->needs_model && request.models.empty()) return invalid("the suite {} needs a model", entry->name);
  BenchOutcome opened;
  const std::vector<BenchModel> models = open_models(request, opened);
  if (entry->needs_model && models.empty()) return opened;
  INGOT_ASSIGN(std::vector<BenchCase> cases, make_cases(request, models));
  std::erase_if(cases, [&request](const BenchCase& bench) {
    const std::string name = fmt::format("{} {}", bench.row.test, bench.row.format);
    return name.find(request.filter) == std::string::npos;
  });
  if (cases.empty()) return invalid("no test of the suite {} contains {}", entry->name, printable(request.filter));
  BenchOutcome outcome = run_cases(std::move(cases), request.runner);
  outcome.errors.insert(outcome.errors.begin(), opened.errors.begin(), opened.errors.end());
  return outcome;
}

MachineInfo describe_machine() {
  MachineInfo info;
  const CpuFeatures& cpu = cpu_features();
  info.processor = cpu.brand;
  info.cores = physical_core_count();
  info.memory_bytes = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  utsname system{};
  if (uname(&system) == 0) info.os = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
  info.isa = available_kernel_tables();
  info.compiler = build_compiler();
  info.version = fmt::format("{} ({})", version_string(), build_commit());
  return info;
}

}  // namespace ingot::core
