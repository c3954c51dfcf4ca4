// Products of panels with rows of a prompt in bfloat16 by tiles: TDPBF16PS multiplies 16 rows of activations with 16
// weight rows over 32 columns.
//
//                     B0: 32 columns   B1: 32 columns
//                     x 16 weights     x 16 weights
//   A0: 16 rows x 32  [ sums 00 ]      [ sums 01 ]       four products for four tiles loaded; the sums stay in tiles
//   A1: 16 rows x 32  [ sums 10 ]      [ sums 11 ]       over a whole block of columns
//
// Some panels are unpacked together (kTilePanels), so that activations are fetched once for all of them: 128 weight
// rows of 4096 columns are 1 MB of the second-level cache of 2 MB that processors with tiles have. A tile of B is 16
// lines of unpack_panel.h; a tile of A lies in memory as one piece of 1 KB, as rows a power of two apart would share
// the sets of the first-level cache.
//
// An output is a chain of products, 32 columns each, from the first to the last: it has the same bits in any tile. Rows
// of a tile that are not there are computed from what lies in their place, and not looked at.
//
// Tiles: the tile unit (amx_tiles.h), or what a test puts in its place.
// Included by table.cpp after unpack_panel.h and finish_row.h, inside its region and namespace.

constexpr int64_t kTileRows16 = 16;
constexpr int64_t kTilePairs = 16;
constexpr int64_t kTileWords = kTileRows16 * kTilePairs;  // 1 KB
constexpr int64_t kTilePanels = 8;
constexpr int64_t kTileColumns = 4096;          // a whole number of blocks of every type
constexpr int64_t kSumsWidth = 2 * kPanelRows;  // of the sums of two panels
constexpr int64_t kSumsRows = 2 * kTileRows16;

template <typename Tiles>
struct TilePrompt {
  static constexpr PackedForm kForm = PackedForm::kBf16;
  static constexpr int64_t kRows = kTileRows16;

  // Pairs of columns, up to whole tiles.
  static int64_t tile_pairs(int64_t cols) { return (column_pairs(cols) + kTilePairs - 1) / kTilePairs * kTilePairs; }

  // A block of activations: tile after tile along the columns.
  static size_t block_bytes(int64_t cols) { return static_cast<size_t>(tile_pairs(cols) * kRows) * sizeof(uint32_t); }
  static void pack_rows(const float* x, int64_t x_stride, int64_t n_rows, int64_t first_col, int64_t end_col,
                        int64_t row, std::byte* block) {
    constexpr int64_t kColumns = 2 * kTilePairs;
    uint32_t* words = reinterpret_cast<uint32_t*>(block) + first_col / kColumns * kTileWords + row * kTilePairs;
    for (int64_t col = first_col; col < end_col; col += kColumns, x += kColumns, words += kTileWords) {
      for (int64_t n = 0; n < n_rows; ++n) {
        _mm512_store_si512(words + n * kTilePairs, load_as_bf16(x + n * x_stride, end_col - col));
      }
    }
  }

  // Of one panel.
  static int64_t weight_words(int64_t cols) { return tile_pairs(std::min(cols, kTileColumns)) * kPanelRows; }
  // Rows of sums, up to whole pairs of tiles.
  static int64_t sum_rows(int64_t n_x) { return (n_x + kSumsRows - 1) / kSumsRows * kSumsRows; }
  static size_t scratch_bytes(const PanelLinearArgs& args) {
    return static_cast<size_t>(kTilePanels * weight_words(args.cols)) * sizeof(uint32_t) +
           static_cast<size_t>(kTilePanels / 2 * sum_rows(args.n_x) * kSumsWidth) * sizeof(float);
  }

  static void linear(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
    uint32_t* weights = reinterpret_cast<uint32_t*>(scratch);                                 // (panels, pairs, 16)
    float* sums = reinterpret_cast<float*>(weights + kTilePanels * weight_words(args.cols));  // (pairs of panels,
                                                                                              //  rows, kSumsWidth)
    Tiles tiles;
    for (int64_t panel = first; panel < end; panel += kTilePanels) {
      const int64_t n_panels = std::min(kTilePanels, end - panel);
      for (int64_t col = 0; col < args.cols; col += kTileColumns) {
        const int64_t n_cols = std::min(kTileColumns, args.cols - col);
        unpack_panels(args, panel, n_panels, col, n_cols, weights);
        add_columns(args, tiles, panel, n_panels, col, n_cols, weights, sums);
      }
    }
  }

 private:
  static void unpack_panels(const PanelLinearArgs& args, int64_t panel, int64_t n_panels, int64_t col, int64_t n_cols,
                            uint32_t* weights) {
    const UnpackPanel unpack = panel_unpacker<PutPairs>(args.type);
    const int64_t there = column_pairs(n_cols) * kPanelRows;
    const int64_t whole = tile_pairs(n_cols) * kPanelRows;
    for (int64_t n = 0; n < n_panels; ++n) {
      uint32_t* out = weights + n * weight_words(args.cols);
      unpack(args.panels + (panel + n) * args.panel_bytes, col, n_cols, reinterpret_cast<std::byte*>(out));
      std::fill(out + there, out + whole, 0u);
    }
  }

  // After the last columns outputs are finished, while their sums are in the nearest cache.
  static void add_columns(const PanelLinearArgs& args, Tiles& tiles, int64_t panel, int64_t n_panels, int64_t col,
                          int64_t n_cols, const uint32_t* weights, float* sums) {
    const bool last = col + n_cols == args.cols;
    const int64_t n_tiles = tile_pairs(n_cols) / kTilePairs;
    const int64_t block_words = tile_pairs(args.cols) * kRows;
    const int64_t panel_words = weight_words(args.cols);
    const int64_t n_sums = sum_rows(args.n_x) * kSumsWidth;
    for (int64_t row = 0; row < args.n_x; row += 2 * kRows) {
      const uint32_t* a0 = reinterpret_cast<const uint32_t*>(args.x) + row / kRows * block_words + col / 2 * kRows;
      const uint32_t* a1 = row + kRows < args.n_x ? a0 + block_words : a0;  // the second's sums are not looked at
      const int64_t n_rows = std::min(2 * kRows, args.n_x - row);
      for (int64_t n = 0; n < n_panels; n += 2) {
        const int64_t first = (panel + n) * kPanelRows;
        const int64_t n_outputs = std::min(std::min<int64_t>(n_panels - n, 2) * kPanelRows, args.rows - first);
        if (last) prefetch_rows(args, row, n_rows, first, n_outputs);
        const uint32_t* b0 = weights + n * panel_words;
        const uint32_t* b1 = n + 1 < n_panels ? b0 + panel_words : b0;
        float* out = sums + n / 2 * n_sums + row * kSumsWidth;
        tiles.begin_sums(col > 0 ? out : nullptr, kSumsWidth);
        for (int64_t tile = 0; tile < n_tiles; ++tile) {
          const int64_t at = tile * kTileWords;
          tiles.multiply(a0 + at, a1 + at, b0 + at, b1 + at);
        }
        tiles.store_sums(out, kSumsWidth);
        for (int64_t idx = 0; last && idx < n_rows; ++idx) {
          finish_row(args, row + idx, first, n_outputs, out + idx * kSumsWidth);
        }
      }
    }
  }
};
