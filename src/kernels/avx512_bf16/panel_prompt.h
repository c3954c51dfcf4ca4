// Products of panels with rows of a prompt in bfloat16: weights and activations are rounded to it, sums are FP32.
//
// Two panels (32 weight rows) are unpacked once for all rows of activations; 12 rows at a time meet them:
//
//            16 weight rows   16 weight rows
//   row 0    |  one register |  one register |     24 registers of sums; for each pair of columns two vectors of
//   ...      |               |               |     weights (16 rows x 2 columns) are loaded, and each row's pair of
//   row 11   |               |               |     activations is broadcast: 24 VDPBF16PS for 14 loads
//
// An output is one chain of products over pairs of columns, from the first to the last, in a register or stored and
// loaded between blocks of columns: so it has the same bits in any tile. Weights of a block of columns stay in the
// second-level cache (2 x 16 x 4096 x 2 bytes = 256 KB).
// Included by table.cpp after unpack_panel.h and finish_row.h, inside its region and namespace.

constexpr int64_t kPromptRows = 12;
constexpr int64_t kPromptPanels = 2;
constexpr int64_t kPromptColumns = 4096;  // a whole number of blocks of every type
constexpr int64_t kTileWidth = kPromptPanels * kPanelRows;

// ---- The tile ----

// sums: (kRows, kTileWidth), added to where `accumulate`.
template <int kRows, int kPanels>
void prompt_tile(const uint32_t* x, const uint32_t* weights, int64_t panel_stride, int64_t n_pairs, bool accumulate,
                 float* sums) {
  F32 tile[kRows][kPanels];
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    INGOT_UNROLL
    for (int panel = 0; panel < kPanels; ++panel) {
      tile[row][panel] = accumulate ? load(sums + row * kTileWidth + panel * kPanelRows) : zero();
    }
  }
  for (int64_t pair = 0; pair < n_pairs; ++pair) {
    __m512i w[kPanels];
    INGOT_UNROLL
    for (int panel = 0; panel < kPanels; ++panel) w[panel] = _mm512_load_si512(weights + panel * panel_stride);
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      const __m512i activations = _mm512_set1_epi32(static_cast<int>(x[row]));
      INGOT_UNROLL
      for (int panel = 0; panel < kPanels; ++panel) {
        tile[row][panel] = _mm512_dpbf16_ps(tile[row][panel], (__m512bh)activations, (__m512bh)w[panel]);
      }
    }
    weights += kPanelRows;
    x += kPromptRows;
  }
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    INGOT_UNROLL
    for (int panel = 0; panel < kPanels; ++panel) {
      store(sums + row * kTileWidth + panel * kPanelRows, tile[row][panel]);
    }
  }
}

template <int kPanels>
inline void prompt_rows(int64_t n_rows, const uint32_t* x, const uint32_t* weights, int64_t panel_stride,
                        int64_t n_pairs, bool accumulate, float* sums) {
  using Tile = void (*)(const uint32_t*, const uint32_t*, int64_t, int64_t, bool, float*);
  static constexpr Tile kTiles[kPromptRows] = {
      prompt_tile<1, kPanels>, prompt_tile<2, kPanels>,  prompt_tile<3, kPanels>,  prompt_tile<4, kPanels>,
      prompt_tile<5, kPanels>, prompt_tile<6, kPanels>,  prompt_tile<7, kPanels>,  prompt_tile<8, kPanels>,
      prompt_tile<9, kPanels>, prompt_tile<10, kPanels>, prompt_tile<11, kPanels>, prompt_tile<12, kPanels>};
  kTiles[n_rows - 1](x, weights, panel_stride, n_pairs, accumulate, sums);
}

struct DotPrompt {
  static constexpr int64_t kRows = kPromptRows;

  // Activations in blocks of kRows rows; pair p of columns of row r of a block is word p * kRows + r.
  static size_t block_bytes(int64_t cols) { return static_cast<size_t>(column_pairs(cols) * kRows) * sizeof(uint32_t); }
  static void pack_row(const float* x, int64_t cols, int64_t row, uint32_t* block) {
    alignas(64) uint32_t pairs[kLanes];
    for (int64_t col = 0; col < cols; col += 2 * kLanes) {
      _mm512_store_si512(pairs, load_as_bf16(x + col, cols - col));
      const int64_t n_pairs = std::min<int64_t>(kLanes, column_pairs(cols - col));
      for (int64_t pair = 0; pair < n_pairs; ++pair) block[(col / 2 + pair) * kRows + row] = pairs[pair];
    }
  }

  static int64_t weight_words(int64_t cols) {
    return kPromptPanels * kPanelRows * column_pairs(std::min(cols, kPromptColumns));
  }
  static size_t scratch_bytes(const PanelLinearArgs& args) {
    return static_cast<size_t>(weight_words(args.cols)) * sizeof(uint32_t) +
           static_cast<size_t>(args.n_x * kTileWidth) * sizeof(float);
  }

  static void linear(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
    const UnpackPanel unpack = panel_unpacker(args.type);
    const int64_t panel_stride = weight_words(args.cols) / kPromptPanels;
    uint32_t* weights = reinterpret_cast<uint32_t*>(scratch);                   // (2, pairs, 16)
    float* sums = reinterpret_cast<float*>(weights + weight_words(args.cols));  // (n_x, kTileWidth)
    const size_t block_words = block_bytes(args.cols) / sizeof(uint32_t);
    for (int64_t panel = first; panel < end; panel += kPromptPanels) {
      const int64_t n_panels = std::min(kPromptPanels, end - panel);
      for (int64_t col = 0; col < args.cols; col += kPromptColumns) {
        const int64_t n_cols = std::min(kPromptColumns, args.cols - col);
        for (int64_t n = 0; n < n_panels; ++n) {
          unpack(args.panels + (panel + n) * args.panel_bytes, col, n_cols, weights + n * panel_stride);
        }
        const uint32_t* x = reinterpret_cast<const uint32_t*>(args.x) + col / 2 * kPromptRows;
        for (int64_t row = 0; row < args.n_x; row += kPromptRows, x += block_words) {
          const int64_t n_rows = std::min(kPromptRows, args.n_x - row);
          (n_panels == 1 ? prompt_rows<1> : prompt_rows<2>)(n_rows, x, weights, panel_stride, column_pairs(n_cols),
                                                            /*accumulate=*/col > 0, sums + row * kTileWidth);
        }
      }
      const int64_t first_row = panel * kPanelRows;
      const int64_t n_weight_rows = std::min(n_panels * kPanelRows, args.rows - first_row);
      for (int64_t row = 0; row < args.n_x; ++row) {
        finish_row(args, row, first_row, n_weight_rows, sums + row * kTileWidth);
      }
    }
  }
};
