// ingot bench --title --change: one more entry in the benchmark log.
#pragma once

#include <string>

#include "bench/bench_run.h"

namespace ingot::cli {

// Measures load, prefill, generation, the quality hash and the divergence from reference arithmetic of the first model,
// and appends them to the log at path. Gives the exit code.
int append_to_log(const std::string& title, const std::string& change, const std::string& path,
                  const core::BenchRequest& request);

}  // namespace ingot::cli
