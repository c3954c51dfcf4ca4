// Weights into the layout that this table's products read best.
#include <algorithm>

#include "kernels/panel_layout.h"
#include "ops/cpu_ops.h"
#include "tensor/quant_traits.h"

namespace ingot::core {

Result<WeightMatrix> CpuOps::pack_weight(const HostTensor& tensor) {
  const QuantTraits& traits = quant_traits(tensor.type);
  if (traits.dequantize_row == nullptr) {
    return fail(ErrorKind::kUnsupported, "type {}: {}", traits.name, traits.refusal);
  }
  if (tensor.rows <= 0 || tensor.cols <= 0 || tensor.n_slices <= 0 || tensor.cols % traits.block_values != 0) {
    return invalid("shape ({}, {}, {}): expected positive sizes and rows of whole blocks of {} values", tensor.n_slices,
                   tensor.rows, tensor.cols, traits.block_values);
  }
  WeightMatrix matrix;
  matrix.data = tensor.data;
  matrix.type = tensor.type;
  matrix.n_slices = tensor.n_slices;
  matrix.rows = tensor.rows;
  matrix.cols = tensor.cols;
  matrix.row_bytes = row_bytes(traits, tensor.cols);
  matrix.slice_bytes = matrix.rows * matrix.row_bytes;
  matrix.owner = tensor.owner;
  const bool in_panels = table_->takes_panels != nullptr && table_->takes_panels(tensor.type) && tensor.for_products;
  return in_panels ? pack_panels(tensor, std::move(matrix)) : matrix;
}

Result<std::shared_ptr<std::byte>> CpuOps::weight_room(size_t n_bytes) {
  constexpr size_t kChunkBytes = size_t{32} << 20;
  if (weight_chunk_ == nullptr || weight_chunk_->n_bytes() - weight_chunk_used_ < n_bytes) {
    INGOT_ASSIGN(AlignedBuffer chunk, AlignedBuffer::allocate_on_huge_pages(std::max(n_bytes, kChunkBytes)));
    auto shared = std::make_shared<AlignedBuffer>(std::move(chunk));
    // What is larger than a chunk has one of its own, and the rest of the current one stays in use.
    if (n_bytes > kChunkBytes) return std::shared_ptr<std::byte>(shared, shared->data());
    weight_chunk_ = std::move(shared);
    weight_chunk_used_ = 0;
  }
  std::byte* room = weight_chunk_->data() + weight_chunk_used_;
  weight_chunk_used_ += (n_bytes + kCacheLineBytes - 1) / kCacheLineBytes * kCacheLineBytes;
  return std::shared_ptr<std::byte>(weight_chunk_, room);
}

Result<WeightMatrix> CpuOps::pack_panels(const HostTensor& tensor, WeightMatrix matrix) {
  const PanelLayout& layout = *panel_layout(tensor.type);
  const int64_t panels_per_slice = panels_of(tensor.rows);
  matrix.layout = WeightLayout::kPanels;
  matrix.panel_bytes = layout.panel_bytes(tensor.cols);
  matrix.slice_bytes = panels_per_slice * matrix.panel_bytes;
  const int64_t n_panels = matrix.n_slices * panels_per_slice;
  INGOT_ASSIGN(const auto room, weight_room(static_cast<size_t>(n_panels * matrix.panel_bytes)));
  pool_->parallel_for(n_panels, 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t panel = begin; panel < end; ++panel) {
      const int64_t slice = panel / panels_per_slice;
      const int64_t first_row = panel % panels_per_slice * kPanelRows;
      pack_panel(layout, tensor.data + (slice * tensor.rows + first_row) * matrix.row_bytes, matrix.row_bytes,
                 std::min(kPanelRows, tensor.rows - first_row), tensor.cols, room.get() + panel * matrix.panel_bytes);
    }
  });
  matrix.data = room.get();
  matrix.owner = room;
  return matrix;
}

}  // namespace ingot::core
