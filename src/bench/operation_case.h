// What the suites of operations share: the operations themselves, and a row's title and rates.
#pragma once

#include <memory>
#include <string>

#include "bench/suites.h"
#include "ops/cpu_ops.h"

namespace ingot::core {

Result<std::shared_ptr<CpuOps>> make_bench_ops(const OperationSuite& suite);

// type: of what is multiplied or decoded.
BenchResult operation_row(const CpuOps& ops, std::string test, DType type);

// The figure `name`: so much (amount) in the best sample, in thousand millions a second.
void add_rate(BenchResult& row, const char* name, double amount);

}  // namespace ingot::core
