// Weights in panels: the bits of a file, rearranged without loss so that vectors of weight rows can be read at once.
//
// A panel holds 16 weight rows, block after block; panel_blocks.h draws the blocks. A word of quants holds four
// neighbouring values in the same bits of its bytes (a byte each, or a nibble, or two bits with more bits in other
// words), which is what dot products of bytes want; what a word of a type means stands in impl/panel_formats.h. F32,
// F16 and BF16 have no blocks: 16 values of one column and then 16 of the next. Missing rows and columns are zeros.
// That 16 rows lie side by side, in the order of the matrix units' tiles, is common to llama.cpp's AMX backend,
// KTransformers and oneDNN; keeping the file's own words is ours: packing is copying.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/panel_blocks.h"
#include "tensor/dtype.h"

namespace ingot::core {

struct PanelLayout {
  DType type;
  int64_t block_values;  // of one row
  int64_t block_bytes;   // of all 16 rows

  int64_t n_blocks(int64_t cols) const { return (cols + block_values - 1) / block_values; }
  // A panel begins on a line.
  int64_t panel_bytes(int64_t cols) const {
    const int64_t bytes = n_blocks(cols) * block_bytes;
    return (bytes + kPanelLineBytes - 1) / kPanelLineBytes * kPanelLineBytes;
  }
};

inline constexpr int64_t panels_of(int64_t rows) {
  return (rows + kPanelRows - 1) / kPanelRows;
}

// Null for types that have no panels.
const PanelLayout* panel_layout(DType type);

// Packs n_rows (1 to 16) rows of cols values, row_bytes apart, into one panel; out: panel_bytes(cols).
void pack_panel(const PanelLayout& layout, const std::byte* rows, int64_t row_bytes, int64_t n_rows, int64_t cols,
                std::byte* out);

// The file's blocks of one row of a panel, bit for bit. out: the row's bytes.
void restore_row(const PanelLayout& layout, const std::byte* panel, int64_t row, int64_t cols, std::byte* out);

}  // namespace ingot::core
