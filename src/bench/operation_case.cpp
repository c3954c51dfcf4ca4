#include "bench/operation_case.h"

#include <algorithm>

#include "tensor/quant_traits.h"

namespace ingot::core {

Result<std::shared_ptr<CpuOps>> make_bench_ops(const OperationSuite& suite) {
  INGOT_ASSIGN(auto ops, CpuOps::create({.n_threads = suite.threads,
                                         .isa = suite.mode == Mode::kReference ? std::string() : suite.isa,
                                         .mode = numeric_mode(suite.mode)}));
  return std::shared_ptr<CpuOps>(std::move(ops));
}

BenchResult operation_row(const CpuOps& ops, std::string test, DType type) {
  BenchResult row;
  row.test = std::move(test);
  row.format = quant_traits(type).name;
  row.mode = mode_name(ops.mode() == NumericMode::kReference ? Mode::kReference
                       : ops.mode() == NumericMode::kFast    ? Mode::kFast
                                                             : Mode::kExact);
  row.kernels = ops.kernels();
  row.threads = ops.n_threads();
  return row;
}

void add_rate(BenchResult& row, const char* name, double amount) {
  const double best_ns = *std::ranges::min_element(row.samples_ns);
  row.figures[name] = amount / best_ns;  // amount a nanosecond: thousand millions a second
}

}  // namespace ingot::core
