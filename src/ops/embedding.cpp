#include "kernels/panel_layout.h"
#include "ops/cpu_ops.h"

namespace ingot::core {

void CpuOps::embed(std::span<const int32_t> ids, const WeightMatrix& table, float scale, TensorView out) {
  INGOT_CHECK(out.rows == static_cast<int64_t>(ids.size()) && out.cols == table.cols, "shapes of embed");
  const DecodeRow decode = table_->decoder(table.type);
  const bool in_panels = table.layout == WeightLayout::kPanels;
  const auto row_bytes = static_cast<size_t>(table.row_bytes);
  const Result<std::byte*> scratch = scratch_.get_per_thread(in_panels ? row_bytes : 0);
  if (!scratch) return fail_step(scratch.error(), out);
  pool_->parallel_for(out.rows, 8, [&](int64_t begin, int64_t end, int thread_idx) {
    std::byte* restored = *scratch + Scratch::thread_stride(row_bytes) * static_cast<size_t>(thread_idx);

    for (int64_t row = begin; row < end; ++row) {
      const int32_t id = ids[static_cast<size_t>(row)];
      INGOT_CHECK(id >= 0 && id < table.rows, "ids inside the table");
      if (in_panels) {
        const std::byte* panel = table.data + id / kPanelRows * table.panel_bytes;
        restore_row(*panel_layout(table.type), panel, id % kPanelRows, table.cols, restored);
      }
      decode(in_panels ? restored : table.row(0, id), out.row(row), out.cols);
      if (scale != 1.0f) table_->scale_in_place(scale, out.cols, out.row(row));
    }
  });
}

}  // namespace ingot::core
