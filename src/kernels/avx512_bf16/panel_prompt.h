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
// Included by table.cpp after unpack_panel.h and impl/panel_prompt.h, inside its region and namespace.

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

struct DotProducts {
  static constexpr PackedForm kForm = PackedForm::kBf16;
  static constexpr int64_t kPanels = kPromptPanels;
  static constexpr int64_t kRows = kPromptRows;
  static constexpr int64_t kUnpacked = kPromptPanels;
  static constexpr int64_t kColumns = kPromptColumns;

  explicit DotProducts(const PanelLinearArgs& product)
      : args(product), unpack(panel_unpacker<PutPairs>(product.type)) {}

  // Activations in blocks of kRows rows; pair p of columns of row r of a block is word p * kRows + r.
  static size_t block_bytes(int64_t cols) { return static_cast<size_t>(column_pairs(cols) * kRows) * sizeof(uint32_t); }
  static void pack_rows(const float* x, int64_t x_stride, int64_t n_rows, int64_t first_col, int64_t end_col,
                        int64_t row, std::byte* block) {
    // Some columns of all rows before the next ones: the words of a column of pairs share a cache line.
    uint32_t* words = reinterpret_cast<uint32_t*>(block) + first_col / 2 * kRows + row;
    for (int64_t col = first_col; col < end_col; col += 2 * kLanes, x += 2 * kLanes, words += kLanes * kRows) {
      const int64_t rest = end_col - col;
      int64_t n = 0;
      for (; n + 4 <= n_rows && rest >= 2 * kLanes; n += 4) pack_four(x + n * x_stride, x_stride, words + n);
      for (; n < n_rows; ++n) pack_one(x + n * x_stride, rest, words + n);
    }
  }
  // 16 pairs of columns, or what is left of them, of one row.
  static void pack_one(const float* x, int64_t rest, uint32_t* words) {
    alignas(64) uint32_t pairs[kLanes];
    _mm512_store_si512(pairs, load_as_bf16(x, rest));
    const int64_t n_pairs = std::min<int64_t>(kLanes, column_pairs(rest));
    for (int64_t pair = 0; pair < n_pairs; ++pair) words[pair * kRows] = pairs[pair];
  }
  // 16 pairs of columns of four rows, whose words are neighbours: fours of them are transposed within 128 bits.
  static void pack_four(const float* x, int64_t x_stride, uint32_t* words) {
    constexpr int64_t kAll = 2 * kLanes;
    const __m512i row0 = load_as_bf16(x, kAll);
    const __m512i row1 = load_as_bf16(x + x_stride, kAll);
    const __m512i row2 = load_as_bf16(x + 2 * x_stride, kAll);
    const __m512i row3 = load_as_bf16(x + 3 * x_stride, kAll);
    const __m512i low01 = _mm512_unpacklo_epi32(row0, row1);  // pairs 0 and 1 of each four
    const __m512i low23 = _mm512_unpacklo_epi32(row2, row3);
    const __m512i high01 = _mm512_unpackhi_epi32(row0, row1);  // pairs 2 and 3
    const __m512i high23 = _mm512_unpackhi_epi32(row2, row3);
    store_fours(_mm512_unpacklo_epi64(low01, low23), words);
    store_fours(_mm512_unpackhi_epi64(low01, low23), words + kRows);
    store_fours(_mm512_unpacklo_epi64(high01, high23), words + 2 * kRows);
    store_fours(_mm512_unpackhi_epi64(high01, high23), words + 3 * kRows);
  }
  // Four rows' words of every fourth pair.
  static void store_fours(__m512i words, uint32_t* out) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_castsi512_si128(words));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 4 * kRows), _mm512_extracti32x4_epi32(words, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 8 * kRows), _mm512_extracti32x4_epi32(words, 2));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 12 * kRows), _mm512_extracti32x4_epi32(words, 3));
  }

  int64_t unpacked_bytes() const { return column_pairs(std::min(args.cols, kColumns)) * kPanelLineBytes; }

  template <int64_t kTilePanels>
  void multiply(int64_t n_rows, int64_t row, int64_t col, int64_t n_cols, const std::byte* weights, bool accumulate,
                float* sums) const {
    const auto* x =
        reinterpret_cast<const uint32_t*>(args.x + static_cast<size_t>(row / kRows) * block_bytes(args.cols));
    const Tile tile = tile_of<kTilePanels>(n_rows, std::make_index_sequence<kRows>());
    tile(x + col / 2 * kRows, reinterpret_cast<const uint32_t*>(weights),
         unpacked_bytes() / static_cast<int64_t>(sizeof(uint32_t)), column_pairs(n_cols), accumulate, sums);
  }

  using Tile = void (*)(const uint32_t*, const uint32_t*, int64_t, int64_t, bool, float*);
  template <int64_t kTilePanels, size_t... kIndex>
  static Tile tile_of(int64_t n_rows, std::index_sequence<kIndex...>) {
    static constexpr Tile kTiles[] = {prompt_tile<static_cast<int>(kIndex) + 1, kTilePanels>...};
    return kTiles[n_rows - 1];
  }

  const PanelLinearArgs& args;
  UnpackPanel unpack;
};
