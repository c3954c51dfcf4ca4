// Rotary positions. Angles are products in double: position times frequency in FP32 would lose, at position 100,000,
// as much as the turn between two positions of the slower pairs.
#include <algorithm>
#include <cmath>

#include "ops/cpu_ops.h"

namespace ingot::core {

const CpuOps::RopeTable& CpuOps::rope_table(const RopeParams& params, std::span<const int32_t> positions) {
  INGOT_CHECK(params.rotary_dim <= params.head_dim, "heads of rope");
  INGOT_CHECK(static_cast<int64_t>(params.frequencies.size()) * 2 == params.rotary_dim, "one frequency a pair");
  for (const RopeTable& table : rope_tables_) {
    if (table.layout == params.layout && table.magnitude == params.magnitude &&
        std::ranges::equal(table.positions, positions) && std::ranges::equal(table.frequencies, params.frequencies)) {
      return table;
    }
  }
  RopeTable& table = rope_tables_[next_rope_table_];
  next_rope_table_ = (next_rope_table_ + 1) % rope_tables_.size();
  table.layout = params.layout;
  table.magnitude = params.magnitude;
  table.positions.assign(positions.begin(), positions.end());
  table.frequencies.assign(params.frequencies.begin(), params.frequencies.end());
  const size_t n_pairs = params.frequencies.size();
  table.cosines.resize(positions.size() * 2 * n_pairs);
  table.signed_sines.resize(positions.size() * 2 * n_pairs);

  const bool interleaved = params.layout == RopeLayout::kInterleaved;
  pool_->parallel_for(static_cast<int64_t>(positions.size()), 16, [&](int64_t begin, int64_t end, int) {
    for (size_t row = static_cast<size_t>(begin); row < static_cast<size_t>(end); ++row) {
      float* cosines = table.cosines.data() + row * 2 * n_pairs;
      float* sines = table.signed_sines.data() + row * 2 * n_pairs;
      for (size_t pair = 0; pair < n_pairs; ++pair) {
        const double angle = static_cast<double>(positions[row]) * static_cast<double>(params.frequencies[pair]);
        const double magnitude = params.magnitude;
        const size_t a = interleaved ? 2 * pair : pair;
        const size_t b = interleaved ? 2 * pair + 1 : pair + n_pairs;
        cosines[a] = cosines[b] = static_cast<float>(std::cos(angle) * magnitude);
        sines[b] = static_cast<float>(std::sin(angle) * magnitude);
        sines[a] = -sines[b];
      }
    }
  });
  return table;
}

RopeArgs CpuOps::rope_args(const RopeParams& params, const RopeTable& table, int64_t row) {
  return {.interleaved = params.layout == RopeLayout::kInterleaved,
          .head_dim = params.head_dim,
          .rotary_dim = params.rotary_dim,
          .cosines = table.cosines.data() + row * params.rotary_dim,
          .signed_sines = table.signed_sines.data() + row * params.rotary_dim};
}

void CpuOps::rope(const RopeParams& params, std::span<const int32_t> positions, TensorView x) {
  INGOT_CHECK(params.head_dim > 0 && x.cols % params.head_dim == 0, "heads of rope");
  INGOT_CHECK(static_cast<int64_t>(positions.size()) == x.rows, "one position a row");
  if (x.rows == 0 || params.rotary_dim == 0) return;
  const RopeTable& table = rope_table(params, positions);
  constexpr int64_t kValuesAtOnce = 16384;
  const int64_t grain = std::max<int64_t>(1, kValuesAtOnce / x.cols);
  pool_->parallel_for(x.rows, grain, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      table_->rope(rope_args(params, table, row), x.cols / params.head_dim, x.row(row));
    }
  });
}

}  // namespace ingot::core
