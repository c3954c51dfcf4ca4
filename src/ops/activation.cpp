// Operations on single values.
#include "ops/cpu_ops.h"

namespace ingot::core {

void CpuOps::activate(Activation activation, TensorView gate, TensorView up, TensorView out) {
  INGOT_CHECK(gate.rows == out.rows && gate.cols == out.cols, "shapes of activate");
  INGOT_CHECK(up.data == nullptr || (up.rows == out.rows && up.cols == out.cols), "shape of up");
  const Nonlinearity nonlinearity = to_nonlinearity(activation);
  for_each_piece(out.rows, out.cols, [&](int64_t row, int64_t col, int64_t n) {
    const float* up_values = up.data == nullptr ? nullptr : up.row(row) + col;
    table_->activate(nonlinearity, gate.row(row) + col, up_values, n, out.row(row) + col);
  });
}

void CpuOps::add(TensorView a, TensorView b, float scale, TensorView out) {
  INGOT_CHECK(a.rows == out.rows && a.cols == out.cols && b.rows == out.rows && b.cols == out.cols, "shapes of add");
  for_each_piece(out.rows, out.cols, [&](int64_t row, int64_t col, int64_t n) {
    table_->add(a.row(row) + col, b.row(row) + col, scale, n, out.row(row) + col);
  });
}

void CpuOps::scale_rows_by_sigmoid(TensorView gate, TensorView x) {
  INGOT_CHECK(gate.rows == x.rows && gate.cols == 1, "one gate a row");
  for_each_piece(x.rows, x.cols, [&](int64_t row, int64_t col, int64_t n) {
    table_->scale_in_place(table_->sigmoid(*gate.row(row)), n, x.row(row) + col);
  });
}

void CpuOps::softcap(float cap, TensorView x) {
  for_each_piece(x.rows, x.cols,
                 [&](int64_t row, int64_t col, int64_t n) { table_->softcap(cap, n, x.row(row) + col); });
}

}  // namespace ingot::core
