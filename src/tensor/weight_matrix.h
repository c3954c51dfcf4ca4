// A weight matrix in the layout that ops packed it into; the layout is explicit, because a kernel reads one only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "tensor/dtype.h"
#include "tensor/tensor_view.h"

namespace ingot::core {

enum class WeightLayout : uint8_t {
  kRowMajor,  // the file's own: row r at data + r * row_bytes, blocks of the type one after another
  kPanels,    // panels of 16 rows, rearranged for vectors of rows (kernels/panel_layout.h)
};

// Which part of the whole matrix this is; kNone until a model is split over ranks.
enum class Shard : uint8_t { kNone, kRows, kColumns };

// (rows, cols): y = W x has rows outputs and cols inputs. Expert stacks hold n_slices such matrices one after another.
struct WeightMatrix {
  const std::byte* data = nullptr;
  DType type = DType::kF32;
  WeightLayout layout = WeightLayout::kRowMajor;
  Shard shard = Shard::kNone;
  Device device = Device::kHost;
  int64_t n_slices = 1;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t row_bytes = 0;              // kRowMajor: from row to row; kPanels: what a row takes in the file
  int64_t panel_bytes = 0;            // kPanels: from panel to panel
  int64_t slice_bytes = 0;            // from slice to slice; what a product with one of them reads
  std::shared_ptr<const void> owner;  // keeps data alive: the mapped file, or a packed buffer

  bool empty() const { return data == nullptr; }
  const std::byte* slice(int64_t index) const { return data + index * slice_bytes; }
  // Precondition: kRowMajor.
  const std::byte* row(int64_t slice_idx, int64_t index) const { return slice(slice_idx) + index * row_bytes; }
};

}  // namespace ingot::core
