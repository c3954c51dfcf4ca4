// The tiny models of tests/golden/models and what tests of the model layer do with them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/forward.h"
#include "model/model.h"
#include "ops/cpu_ops.h"

namespace ingot::core {

struct GoldenModel {
  std::string file;
  int64_t context = 0;
  std::vector<int32_t> tokens;
  std::vector<int64_t> positions;  // those that have expected logits
  std::vector<float> logits;       // (positions, n_vocab)
};

// "gemma2.Q8_0.gguf", ...: one for each tiny model.
std::vector<std::string> golden_files();
GoldenModel read_golden(const std::string& file);
std::string golden_path(const std::string& file);
// The float32 values of an .npy file of version 1.
std::vector<float> read_npy(const std::string& path);

std::unique_ptr<CpuOps> make_ops(int n_threads, NumericMode mode = NumericMode::kExact);
// Fails the test and returns null when the model does not load.
std::shared_ptr<const Model> load_golden(const GoldenModel& golden, Ops& ops, DType kv_dtype = DType::kF16);

// Logits of every token, (tokens, n_vocab), fed in chunks of at most chunk tokens.
// As a prompt or, where asked, as rows of generated tokens. before: the tokens that the state has seen, as far as
// known; where the recurrence has a grid, a prompt repeats those since its last position.
std::vector<float> run_tokens(const Model& model, Ops& ops, SequenceState& state, std::span<const int32_t> tokens,
                              int64_t chunk, bool generated = false, std::span<const int32_t> before = {});

}  // namespace ingot::core
