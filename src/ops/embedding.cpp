#include "ops/cpu_ops.h"

namespace ingot::core {

void CpuOps::embed(std::span<const int32_t> ids, const WeightMatrix& table, float scale, TensorView out) {
  INGOT_CHECK(out.rows == static_cast<int64_t>(ids.size()) && out.cols == table.cols, "shapes of embed");
  const DecodeRow decode = table_->decoder(table.type);
  pool_->parallel_for(out.rows, 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      const int32_t id = ids[static_cast<size_t>(row)];
      INGOT_CHECK(id >= 0 && id < table.rows, "ids inside the table");
      decode(table.row(0, id), out.row(row), out.cols);
      if (scale != 1.0f) table_->scale_in_place(scale, out.cols, out.row(row));
    }
  });
}

}  // namespace ingot::core
