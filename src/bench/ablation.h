// What each optimisation is worth: everything on, each switch off alone, everything off; with time, memory, and how far
// the numbers are from reference arithmetic.
#pragma once

#include <vector>

#include "base/result.h"
#include "bench/suites.h"

namespace ingot::core {

// Switches that exist: vector kernels (off: portable), threads (off: one), chunked prefill (off: 32 tokens at a time),
// F16 keys and values (off: F32). A later optimisation adds its row to the table in ablation.cpp.
Result<std::vector<BenchCase>> ablation_cases(const std::vector<BenchModel>& models);

// Mean KL divergence of a model's distributions from reference arithmetic over a fixed text.
Result<double> divergence_from_reference(const BenchModel& model);

// What the model says greedily after a fixed text, from an empty sequence: the same numbers, the same tokens.
Result<std::vector<int32_t>> quality_tokens(const BenchModel& model);

}  // namespace ingot::core
