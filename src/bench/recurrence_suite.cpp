// RWKV-7's recurrence by itself, for prompts and for one generated token.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "bench/operation_case.h"
#include "bench/suites.h"
#include "bench/synthetic_weights.h"

namespace ingot::core {
namespace {

constexpr int64_t kHeadSize = 64;  // of every published model

struct RecurrenceBed {
  std::array<AlignedBuffer, 8> inputs;   // r, w, k, v, a, g, value_mix, first_v: (rows, heads * kHeadSize) each
  std::array<AlignedBuffer, 5> vectors;  // k_k, k_a, r_k, norm weight and bias: (heads * kHeadSize)
  AlignedBuffer before, after, after_grid, out;
};

Result<std::shared_ptr<RecurrenceBed>> make_bed(int64_t n_heads, int64_t n_rows) {
  auto bed = std::make_shared<RecurrenceBed>();
  const int64_t width = n_heads * kHeadSize;
  uint64_t seed = 0;
  for (AlignedBuffer& input : bed->inputs) {
    INGOT_ASSIGN(input, make_random_floats(n_rows * width, ++seed));
  }
  for (AlignedBuffer& vector : bed->vectors) {
    INGOT_ASSIGN(vector, make_random_floats(width, ++seed));
  }
  for (AlignedBuffer* state : {&bed->before, &bed->after, &bed->after_grid}) {
    INGOT_ASSIGN(*state, make_random_floats(width * kHeadSize, ++seed));
  }
  INGOT_ASSIGN(bed->out, make_random_floats(n_rows * width, ++seed));
  return bed;
}

// by_chunks: as rows of a prompt go where there is a form for it; else row after row, as generated tokens do.
Result<BenchCase> recurrence_case(const std::shared_ptr<CpuOps>& ops, int64_t n_heads, int64_t n_rows, bool by_chunks) {
  INGOT_ASSIGN(const auto bed, make_bed(n_heads, n_rows));
  BenchCase bench;
  bench.row = operation_row(*ops,
                            fmt::format("recurrence {} row{} {} heads x{}{}", n_rows, n_rows == 1 ? "" : "s", n_heads,
                                        kHeadSize, by_chunks ? " by chunks" : ""),
                            DType::kF32);
  bench.row.work = static_cast<double>(n_rows);
  bench.fine_grained = true;
  bench.run = [=]() -> Status {
    const auto vector = [&](size_t idx) { return std::span<const float>(bed->vectors[idx].as<float>()); };
    const auto input = [&](size_t idx) {
      return TensorView::matrix(bed->inputs[idx].as<float>().data(), n_rows, n_heads * kHeadSize);
    };
    const TimeMixParams params = {.n_heads = n_heads,
                                  .head_size = kHeadSize,
                                  .k_k = vector(0),
                                  .k_a = vector(1),
                                  .r_k = vector(2),
                                  .norm_weight = vector(3),
                                  .norm_bias = vector(4),
                                  .norm_epsilon = 64e-5f};
    const TimeMixInputs inputs = {.r = input(0),
                                  .w = input(1),
                                  .k = input(2),
                                  .v = input(3),
                                  .a = input(4),
                                  .g = input(5),
                                  .value_mix = input(6),
                                  .first_v = input(7)};
    const RecurrentRows rows = {.n_rows = n_rows,
                                .before = bed->before.as<float>().data(),
                                .after = bed->after.as<float>().data(),
                                .after_grid = by_chunks ? bed->after_grid.as<float>().data() : nullptr};
    ops->time_mix(params, {&rows, 1}, inputs,
                  TensorView::matrix(bed->out.as<float>().data(), n_rows, n_heads * kHeadSize));
    return ops->synchronise();
  };
  bench.finish = [=](BenchResult& row) {
    const auto n_row_heads = static_cast<double>(n_rows * n_heads);
    // Decay, what is removed, what is added (two products), and what is read: of each value of the state.
    add_rate(row, "gflop_per_second", 9.0 * n_row_heads * kHeadSize * kHeadSize);
    const double best_ns = *std::ranges::min_element(row.samples_ns);
    row.figures["ns_per_row_and_head"] = best_ns / n_row_heads * row.threads;
  };
  return bench;
}

}  // namespace

Result<std::vector<BenchCase>> recurrence_cases(const OperationSuite& suite) {
  INGOT_ASSIGN(const auto ops, make_bench_ops(suite));
  std::vector<BenchCase> cases;
  const auto add = [&](int64_t n_heads, int64_t n_rows, bool by_chunks) -> Status {
    INGOT_ASSIGN(BenchCase bench, recurrence_case(ops, n_heads, n_rows, by_chunks));
    cases.push_back(std::move(bench));
    return {};
  };
  // Models of 0.1, 0.4, 1.5 and 2.9 thousand million parameters.
  for (const int64_t n_heads : {12, 16, 32, 40}) {
    for (const int64_t n_rows : {1, 16, 64, 512}) INGOT_TRY(add(n_heads, n_rows, /*by_chunks=*/false));
    if (ops->recurrent_grid(kHeadSize) == 1) continue;
    for (const int64_t n_rows : {16, 64, 512}) INGOT_TRY(add(n_heads, n_rows, /*by_chunks=*/true));
  }
  return cases;
}

}  // namespace ingot::core
