// What can be benchmarked, one file a suite: each makes cases for the runner.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "bench/case_runner.h"
#include "engine/engine.h"
#include "ingot/model.h"

namespace ingot::core {

struct EndToEndLists {
  std::vector<int64_t> prompts = {512};   // 0 leaves the test out
  std::vector<int64_t> generated = {32};  // 0 leaves the test out
  std::vector<std::pair<int64_t, int64_t>> combined = {};
  std::vector<int64_t> depths = {0};  // tokens in the sequence before
  std::vector<Chunking> chunks = {512};
};

// A model with one number of threads.
struct BenchModel {
  std::string name;    // the file's, without its folder
  std::string format;  // of most of its bytes
  ModelOptions options;
  std::shared_ptr<Engine> engine;
};

// context: the most tokens of one sequence; 0: as Engine::open chooses.
Result<BenchModel> open_bench_model(const std::string& path, ModelOptions options, int64_t context);

// Tokens of the longest sequence that these tests make.
int64_t longest_sequence(const EndToEndLists& lists);

// In this order: prefill, generation, combined, load, time to first token.
std::vector<BenchCase> end_to_end_cases(const std::vector<BenchModel>& models, const EndToEndLists& lists);
// Times to first token of prompts of so many tokens, from opening the file on.
std::vector<BenchCase> ttft_cases(const std::vector<BenchModel>& models, std::span<const int64_t> prompts);
// Bytes a second and tokens a second of a text in several scripts, and back.
Result<std::vector<BenchCase>> tokenizer_cases(const std::vector<BenchModel>& models);

// For the suites that measure operations by themselves.
struct OperationSuite {
  int threads = 0;
  std::string isa;
  Mode mode = Mode::kExact;
  std::vector<BenchModel> models;  // matmul: their shapes too
};
Result<std::vector<BenchCase>> matmul_cases(const OperationSuite& suite);
Result<std::vector<BenchCase>> dequant_cases(const OperationSuite& suite);
Result<std::vector<BenchCase>> attention_cases(const OperationSuite& suite);
Result<std::vector<BenchCase>> recurrence_cases(const OperationSuite& suite);
Result<std::vector<BenchCase>> memory_cases(const OperationSuite& suite);
Result<std::vector<BenchCase>> sampling_cases();

}  // namespace ingot::core
