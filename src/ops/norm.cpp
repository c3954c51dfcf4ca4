#include "ops/cpu_ops.h"

namespace ingot::core {

NormArgs norm_args(const NormParams& params) {
  return {.subtract_mean = params.kind == NormKind::kLayer,
          .epsilon = params.epsilon,
          .weight = params.weight.empty() ? nullptr : params.weight.data(),
          .bias = params.bias.empty() ? nullptr : params.bias.data()};
}

void CpuOps::norm(const NormParams& params, TensorView x, TensorView out) {
  const int64_t group = params.group == 0 ? x.cols : params.group;
  INGOT_CHECK(x.rows == out.rows && x.cols == out.cols && group > 0 && x.cols % group == 0, "shapes of norm");
  INGOT_CHECK(params.weight.empty() || static_cast<int64_t>(params.weight.size()) == group, "one weight a value");
  INGOT_CHECK(params.bias.empty() || static_cast<int64_t>(params.bias.size()) == group, "one bias a value");
  const NormArgs args = norm_args(params);
  constexpr int64_t kValuesAtOnce = 16384;
  const int64_t grain = std::max<int64_t>(1, kValuesAtOnce / std::max<int64_t>(1, x.cols));
  pool_->parallel_for(x.rows, grain, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t col = 0; col < x.cols; col += group) {
        table_->norm(args, x.row(row) + col, group, out.row(row) + col);
      }
    }
  });
}

}  // namespace ingot::core
