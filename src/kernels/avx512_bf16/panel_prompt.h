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
// Included by table.cpp after panel_formats.h and finish_row.h, inside its region and namespace.

constexpr int64_t kPromptRows = 12;
constexpr int64_t kPromptPanels = 2;
constexpr int64_t kPromptColumns = 4096;  // a whole number of blocks of every type
constexpr int64_t kTileWidth = kPromptPanels * kPanelRows;

// ---- Activations: blocks of kPromptRows rows; pair p of columns of row r of a block is word p * kPromptRows + r ----

inline int64_t column_pairs(int64_t cols) {
  return (cols + 1) / 2;
}
inline size_t bf16_block_bytes(int64_t cols) {
  return static_cast<size_t>(column_pairs(cols) * kPromptRows) * sizeof(uint32_t);
}

inline __m512i round_to_bf16(F32 low, F32 high) {
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

inline void pack_bf16_row(const float* x, int64_t cols, uint32_t* out) {
  alignas(64) uint32_t pairs[kLanes];
  for (int64_t col = 0; col < cols; col += 2 * kLanes) {
    const int64_t rest = cols - col;
    const F32 low = rest >= kLanes ? load(x + col) : load_partial(x + col, rest);
    const F32 high = rest >= 2 * kLanes ? load(x + col + kLanes)
                     : rest > kLanes    ? load_partial(x + col + kLanes, rest - kLanes)
                                        : zero();
    _mm512_store_si512(pairs, round_to_bf16(low, high));
    const int64_t n_pairs = std::min<int64_t>(kLanes, column_pairs(rest));
    for (int64_t pair = 0; pair < n_pairs; ++pair) out[(col / 2 + pair) * kPromptRows] = pairs[pair];
  }
}

// ---- Weights: a panel as column_pairs lines of 16 words, word r the pair of weight row r ----

// Lines 2n and 2n + 1 as vectors by columns: low has 16 rows of the first column, high those of the second.
inline __m512i interleave_pairs(__m512i columns) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, columns);
}

template <typename Format, int kFirst>
INGOT_ALWAYS_INLINE void unpack_groups(const typename Format::Scales& scales, const std::byte* block,
                                       uint32_t* out_pairs) {
  using Scales = typename Format::Scales;
  constexpr int kQuads = Scales::kGroup / 4;
  if constexpr (kFirst * Scales::kGroup < Scales::kBlock) {
    const F32 scale = scales.scale(block, kFirst, 0);
    F32 constant = mul(scale, broadcast(static_cast<float>(-Scales::kOffset)));
    if constexpr (Scales::kHasMin) constant = scales.minimum(block, kFirst, 0);
    const I32 byte = broadcast_i32(255);
    INGOT_UNROLL
    for (int quad = 0; quad < kQuads; ++quad) {
      const I32 codes = Format::codes(block, kFirst * kQuads + quad, 0);
      const F32 w0 = fma(to_f32(and_i32(codes, byte)), scale, constant);
      const F32 w1 = fma(to_f32(and_i32(shift_right(codes, 8), byte)), scale, constant);
      const F32 w2 = fma(to_f32(and_i32(shift_right(codes, 16), byte)), scale, constant);
      const F32 w3 = fma(to_f32(shift_right(codes, 24)), scale, constant);
      uint32_t* line = out_pairs + (kFirst * kQuads + quad) * 2 * kPanelRows;
      _mm512_store_si512(line, interleave_pairs(round_to_bf16(w0, w1)));
      _mm512_store_si512(line + kPanelRows, interleave_pairs(round_to_bf16(w2, w3)));
    }
    unpack_groups<Format, kFirst + 1>(scales, block, out_pairs);
  }
}

// Columns [first_col, first_col + n_cols) of a panel; first_col is a multiple of kPromptColumns.
template <typename Format>
void unpack_blocks(const std::byte* panel, int64_t first_col, int64_t n_cols, uint32_t* out_pairs) {
  using Scales = typename Format::Scales;
  const std::byte* from = panel + first_col / Scales::kBlock * Format::Block::n_bytes();
  for (int64_t col = 0; col < n_cols; col += Scales::kBlock) {
    unpack_groups<Format, 0>(Scales::load(from, 0), from, out_pairs);
    from += Format::Block::n_bytes();
    out_pairs += Scales::kBlock / 2 * kPanelRows;
  }
}

template <bool kIsF16>
void unpack_halves(const std::byte* panel, int64_t first_col, int64_t n_cols, uint32_t* out_pairs) {
  const std::byte* line = panel + first_col / 2 * kPanelLineBytes;
  for (int64_t pair = 0; pair < column_pairs(n_cols); ++pair, line += kPanelLineBytes, out_pairs += kPanelRows) {
    const __m512i columns = kIsF16 ? round_to_bf16(load_f16(line), load_f16(line + 32)) : load_i32(line);
    _mm512_store_si512(out_pairs, interleave_pairs(columns));
  }
}

using UnpackPanel = void (*)(const std::byte* panel, int64_t first_col, int64_t n_cols, uint32_t* out_pairs);

inline UnpackPanel panel_unpacker(DType type) {
  switch (type) {
    case DType::kF16:
      return unpack_halves<true>;
    case DType::kBF16:
      return unpack_halves<false>;
    case DType::kQ4_0:
      return unpack_blocks<PanelQ4_0>;
    case DType::kQ4_1:
      return unpack_blocks<PanelQ4_1>;
    case DType::kQ5_0:
      return unpack_blocks<PanelQ5_0>;
    case DType::kQ5_1:
      return unpack_blocks<PanelQ5_1>;
    case DType::kQ8_0:
      return unpack_blocks<PanelQ8_0>;
    case DType::kQ2_K:
      return unpack_blocks<PanelQ2_K>;
    case DType::kQ3_K:
      return unpack_blocks<PanelQ3_K>;
    case DType::kQ4_K:
      return unpack_blocks<PanelQ4_K>;
    case DType::kQ5_K:
      return unpack_blocks<PanelQ5_K>;
    case DType::kQ6_K:
      return unpack_blocks<PanelQ6_K>;
    case DType::kIQ4_NL:
      return unpack_blocks<PanelIQ4_NL>;
    case DType::kIQ4_XS:
      return unpack_blocks<PanelIQ4_XS>;
    case DType::kMXFP4:
      return unpack_blocks<PanelMXFP4>;
    default:
      return nullptr;
  }
}

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

inline int64_t prompt_weight_words(int64_t cols) {
  return kPromptPanels * kPanelRows * column_pairs(std::min(cols, kPromptColumns));
}

inline void prompt_panel_linear(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
  const UnpackPanel unpack = panel_unpacker(args.type);
  const int64_t panel_stride = prompt_weight_words(args.cols) / kPromptPanels;
  uint32_t* weights = reinterpret_cast<uint32_t*>(scratch);                          // (2, pairs, 16)
  float* sums = reinterpret_cast<float*>(weights + prompt_weight_words(args.cols));  // (n_x, kTileWidth)
  const size_t block_words = bf16_block_bytes(args.cols) / sizeof(uint32_t);
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
