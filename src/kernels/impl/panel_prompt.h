// Products of panels with many rows: weights are unpacked once for all of them, into the second-level cache, and tiles
// of sums in registers meet one block of rows after another.
//
// Products, what one kind of arithmetic adds:
//   kForm, block_bytes, pack_rows  : how activations are packed, in blocks of kRows rows
//   kPanels, kRows                 : of a tile: weight panels side by side, rows of activations
//   kUnpacked, kColumns            : panels and columns unpacked at a time, whole blocks of every type. They stay in
//   the
//                                    second-level cache, kRows rows of so many columns in the first: activations are
//                                    fetched from further away only once for kUnpacked panels
//   explicit Products(args)
//   unpacked_bytes()               : of one panel and a block of columns, a multiple of 64
//   unpack(panel, col, n_cols, out)
//   multiply<kPanels>(n_rows, row, col, n_cols, weights, accumulate, sums)
//                                  : rows [row, row + n_rows) into sums, (n_rows, kPanels * kPanelRows)
//
// Included by table.cpp after finish_row.h, inside its region and namespace.

template <typename Products>
struct PanelPrompt {
  static constexpr PackedForm kForm = Products::kForm;
  static constexpr int64_t kRows = Products::kRows;
  static constexpr int64_t kTileWidth = Products::kPanels * kPanelRows;

  static size_t block_bytes(int64_t cols) { return Products::block_bytes(cols); }
  // Columns [first_col, end_col) of rows [row, row + n_rows) of a block, from x on.
  static void pack_rows(const float* x, int64_t x_stride, int64_t n_rows, int64_t first_col, int64_t end_col,
                        int64_t row, std::byte* block) {
    Products::pack_rows(x, x_stride, n_rows, first_col, end_col, row, block);
  }

  static size_t scratch_bytes(const PanelLinearArgs& args) {
    return static_cast<size_t>(Products::kUnpacked * Products(args).unpacked_bytes()) +
           static_cast<size_t>(args.n_x * Products::kUnpacked * kPanelRows) * sizeof(float);
  }

  static void linear(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
    const Products products(args);
    std::byte* weights = scratch;
    // (kUnpacked / kPanels, n_x, kTileWidth)
    float* sums = reinterpret_cast<float*>(scratch + Products::kUnpacked * products.unpacked_bytes());
    const int64_t n_sums = args.n_x * kTileWidth;
    for (int64_t panel = first; panel < end; panel += Products::kUnpacked) {
      const int64_t n_panels = std::min<int64_t>(Products::kUnpacked, end - panel);
      for (int64_t col = 0; col < args.cols; col += Products::kColumns) {
        const int64_t n_cols = std::min(Products::kColumns, args.cols - col);
        for (int64_t n = 0; n < n_panels; ++n) {
          products.unpack(args.panels + (panel + n) * args.panel_bytes, col, n_cols,
                          weights + n * products.unpacked_bytes());
        }
        const bool last = col + n_cols == args.cols;
        for (int64_t row = 0; row < args.n_x; row += Products::kRows) {
          const int64_t n_rows = std::min<int64_t>(Products::kRows, args.n_x - row);
          if (last) {
            const int64_t first_output = panel * kPanelRows;
            prefetch_rows(args, row, n_rows, first_output, end_output(args, panel + n_panels) - first_output);
          }
          for (int64_t n = 0; n < n_panels; n += Products::kPanels) {
            const std::byte* from = weights + n * products.unpacked_bytes();
            float* tile = sums + n / Products::kPanels * n_sums + row * kTileWidth;
            if constexpr (Products::kPanels > 1) {
              if (n_panels - n < Products::kPanels) {
                products.template multiply<1>(n_rows, row, col, n_cols, from, col > 0, tile);
                continue;
              }
            }
            products.template multiply<Products::kPanels>(n_rows, row, col, n_cols, from, col > 0, tile);
          }
          if (last) finish_rows(args, panel, n_panels, row, n_rows, sums, n_sums);
        }
      }
    }
  }

 private:
  static int64_t end_output(const PanelLinearArgs& args, int64_t end_panel) {
    return std::min(end_panel * kPanelRows, args.rows);
  }
  static void finish_rows(const PanelLinearArgs& args, int64_t panel, int64_t n_panels, int64_t row, int64_t n_rows,
                          float* sums, int64_t n_sums) {
    for (int64_t n = 0; n < n_panels; n += Products::kPanels, sums += n_sums) {
      const int64_t first = (panel + n) * kPanelRows;
      const int64_t n_outputs = end_output(args, panel + std::min(n + Products::kPanels, n_panels)) - first;
      for (int64_t idx = row; idx < row + n_rows; ++idx) {
        finish_row(args, idx, first, n_outputs, sums + idx * kTileWidth);
      }
    }
  }

  static_assert(Products::kPanels <= 2 && Products::kUnpacked % Products::kPanels == 0);
};
