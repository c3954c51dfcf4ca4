// One run of benchmarks: opens the models, makes the cases of a suite, samples them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "bench/case_runner.h"
#include "bench/suites.h"

namespace ingot::core {

enum class Suite : uint8_t {
  kEndToEnd,
  kMatmul,
  kDequant,
  kAttention,
  kRecurrence,
  kMemory,
  kTtft,
  kTokenizer,
  kSampling,
  kAblation
};

// "e2e", "matmul", ...; errors list them.
Result<Suite> find_suite(std::string_view name);
std::string suite_names();

struct BenchRequest {
  std::vector<std::string> models;  // paths
  Suite suite = Suite::kEndToEnd;
  EndToEndLists lists;
  std::vector<int64_t> threads = {0};  // 0: one per physical core
  std::string filter;                  // only tests whose name or format contains this
  ModelOptions options;                // mode, kernels, type of keys and values
  RunnerOptions runner;
};

// A model that cannot be opened or used is an error among the outcome's; the others are measured all the same.
// Errors of its own: a suite that needs a model and has none.
Result<BenchOutcome> run_benchmarks(const BenchRequest& request);

MachineInfo describe_machine();

}  // namespace ingot::core
