// Products: weight rows are split over threads, every thread takes all rows of activations.
#include <algorithm>

#include "kernels/panel_layout.h"
#include "ops/cpu_ops.h"

namespace ingot::core {
namespace {

// Bounds the kernels' scratch; weights are decoded once for so many rows.
constexpr int64_t kRowsAtOnce = 512;

// Whole groups of 16 weight rows, enough pieces to balance threads that run unequally fast, and not so many that
// activations are fetched again for a few weight rows only.
int64_t weight_rows_at_once(int64_t n_rows, int n_threads) {
  const int64_t even = n_rows / (static_cast<int64_t>(n_threads) * 8);
  return std::clamp<int64_t>(even / 16 * 16, 16, 64);
}

}  // namespace

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

Result<const std::byte*> CpuOps::pack_activations(PackedForm form, TensorView x) {
  INGOT_ASSIGN(std::byte * packed, scratch_.get(ScratchSlot::kPackedRows, table_->packed_bytes(form, x.cols, x.rows)));
  const int64_t block_rows = table_->packed_block_rows(form);
  const int64_t n_blocks = (x.rows + block_rows - 1) / block_rows;
  // Less than that is done sooner than another thread is awake.
  constexpr int64_t kValuesAtOnce = 32768;
  const int64_t grain = std::max<int64_t>(1, kValuesAtOnce / (block_rows * x.cols));
  pool_->parallel_for(n_blocks, grain, [&](int64_t begin, int64_t end, int) {
    table_->pack_rows(form, x.data, x.row_stride, x.cols, begin * block_rows, std::min(end * block_rows, x.rows),
                      packed);
  });
  return packed;
}

void CpuOps::linear_of_class(TokenClass token_class, TensorView x, const WeightMatrix& w, LinearOutput output,
                             TensorView out) {
  for (int64_t first_row = 0; first_row < x.rows; first_row += kRowsAtOnce) {
    const int64_t n_rows = std::min(kRowsAtOnce, x.rows - first_row);
    PanelLinearArgs args;
    static_cast<LinearOutput&>(args) = output;
    if (output.residual != nullptr) args.residual = output.residual + first_row * output.residual_stride;
    args.out = out.row(first_row);
    args.out_stride = out.row_stride;
    args.panels = w.data;
    args.panel_bytes = w.panel_bytes;
    args.type = w.type;
    args.rows = w.rows;
    args.cols = w.cols;
    args.form = table_->packed_form(token_class, w.type);
    args.n_x = n_rows;
    const Result<const std::byte*> packed = pack_activations(args.form, x.row_range(first_row, n_rows));
    if (!packed) return fail_step(packed.error(), out);
    args.x = *packed;
    const size_t bytes_per_thread = table_->panel_scratch_bytes(args);
    const Result<std::byte*> scratch = scratch_.get_per_thread(bytes_per_thread);
    if (!scratch) return fail_step(scratch.error(), out);
    const size_t stride = Scratch::thread_stride(bytes_per_thread);
    const int64_t n_panels = panels_of(w.rows);
    pool_->parallel_for(n_panels, weight_rows_at_once(w.rows, pool_->n_threads()) / kPanelRows,
                        [&](int64_t begin, int64_t end, int thread_idx) {
                          table_->panel_linear(args, begin, end, *scratch + stride * static_cast<size_t>(thread_idx));
                        });
  }
}

void CpuOps::linear(const StepRows& step, TensorView x, const WeightMatrix& w, const Epilogue& epilogue,
                    TensorView out) {
  INGOT_CHECK(x.cols == w.cols && out.cols == w.rows && out.rows == x.rows && step.total() == x.rows,
              "shapes of linear");
  INGOT_CHECK(epilogue.bias.empty() || static_cast<int64_t>(epilogue.bias.size()) == w.rows, "one bias an output");
  if (x.rows == 0) return;
  LinearOutput output;
  output.bias = epilogue.bias.empty() ? nullptr : epilogue.bias.data();
  output.scale = epilogue.scale;
  output.nonlinearity = to_nonlinearity(epilogue.activation);
  if (epilogue.residual != nullptr) {
    output.residual = epilogue.residual->data;
    output.residual_stride = epilogue.residual->row_stride;
  }
  if (w.layout == WeightLayout::kPanels) {
    const int64_t n_prompt = step.n_prompt;
    LinearOutput generated = output;
    if (output.residual != nullptr) generated.residual += n_prompt * output.residual_stride;
    linear_of_class(TokenClass::kPrompt, x.row_range(0, n_prompt), w, output, out.row_range(0, n_prompt));
    linear_of_class(TokenClass::kGenerated, x.row_range(n_prompt, step.n_generated), w, generated,
                    out.row_range(n_prompt, step.n_generated));
    return;
  }
  const Result<TensorView> padded = padded_rows(x);
  if (!padded) return fail_step(padded.error(), out);

  for (int64_t first_row = 0; first_row < x.rows; first_row += kRowsAtOnce) {
    LinearArgs args;
    static_cast<LinearOutput&>(args) = output;
    args.weights = w.data;
    args.type = w.type;
    args.row_bytes = w.row_bytes;
    args.cols = w.cols;
    args.n_x = std::min(kRowsAtOnce, x.rows - first_row);
    args.x = padded->row(first_row);
    args.x_stride = padded->row_stride;
    if (output.residual != nullptr) args.residual = output.residual + first_row * output.residual_stride;
    args.out = out.row(first_row);
    args.out_stride = out.row_stride;

    const size_t bytes_per_thread = table_->linear_scratch_bytes(args);
    const Result<std::byte*> scratch = scratch_.get_per_thread(bytes_per_thread);
    if (!scratch) return fail_step(scratch.error(), out);
    const size_t stride = Scratch::thread_stride(bytes_per_thread);
    pool_->parallel_for(w.rows, weight_rows_at_once(w.rows, pool_->n_threads()),
                        [&](int64_t begin, int64_t end, int thread_idx) {
                          table_->linear(args, begin, end, *scratch + stride * static_cast<size_t>(thread_idx));
                        });
  }
}

}  // namespace ingot::core
