// Products: weight rows are split over threads, every thread takes all rows of activations.
#include <algorithm>

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

void CpuOps::linear(const StepRows& step, TensorView x, const WeightMatrix& w, const Epilogue& epilogue,
                    TensorView out) {
  INGOT_CHECK(x.cols == w.cols && out.cols == w.rows && out.rows == x.rows && step.total() == x.rows,
              "shapes of linear");
  INGOT_CHECK(w.layout == WeightLayout::kRowMajor, "a layout of this backend");
  INGOT_CHECK(epilogue.bias.empty() || static_cast<int64_t>(epilogue.bias.size()) == w.rows, "one bias an output");
  if (x.rows == 0) return;
  const Result<TensorView> padded = padded_rows(x);
  if (!padded) return fail_step(padded.error(), out);

  for (int64_t first_row = 0; first_row < x.rows; first_row += kRowsAtOnce) {
    LinearArgs args;
    args.weights = w.data;
    args.type = w.type;
    args.row_bytes = w.row_bytes;
    args.cols = w.cols;
    args.n_x = std::min(kRowsAtOnce, x.rows - first_row);
    args.x = padded->row(first_row);
    args.x_stride = padded->row_stride;
    args.bias = epilogue.bias.empty() ? nullptr : epilogue.bias.data();
    args.scale = epilogue.scale;
    args.nonlinearity = to_nonlinearity(epilogue.activation);
    if (epilogue.residual != nullptr) {
      args.residual = epilogue.residual->row(first_row);
      args.residual_stride = epilogue.residual->row_stride;
    }
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
