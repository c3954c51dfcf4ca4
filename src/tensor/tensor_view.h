// A matrix somewhere in memory that somebody else owns.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace ingot::core {

// Where data lives. Nothing outside ops/ and gpu/ may dereference what is not kHost.
enum class Device : uint8_t { kHost };

// (rows, cols) f32, row-major; row r begins at data + r * row_stride (in floats). Activations have this shape:
// one row a token.
struct TensorView {
  float* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t row_stride = 0;
  Device device = Device::kHost;

  static TensorView matrix(float* data, int64_t rows, int64_t cols) { return {data, rows, cols, cols}; }
  float* row(int64_t index) const { return data + index * row_stride; }
  // Rows [first, first + n_rows).
  TensorView row_range(int64_t first, int64_t n_rows) const {
    INGOT_CHECK(first >= 0 && n_rows >= 0 && first + n_rows <= rows, "row range inside the matrix");
    return {row(first), n_rows, cols, row_stride, device};
  }
  // Columns [first, first + n_cols).
  TensorView col_range(int64_t first, int64_t n_cols) const {
    INGOT_CHECK(first >= 0 && n_cols >= 0 && first + n_cols <= cols, "column range inside the matrix");
    return {data + first, rows, n_cols, row_stride, device};
  }
};

}  // namespace ingot::core
