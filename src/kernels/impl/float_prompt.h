// Products of panels with rows of a prompt in FP32: of F32 weights everywhere, of all others on processors without
// products of bfloat16.
//
//   a panel of 16 weight rows unpacked : (columns, 16)            a line a column
//   activations, kRows at a time       : (columns / 16, kRows, 16)  broadcast one by one
//   sums                               : (kRows, kPanels * 16)    in registers
//
// An output is one chain of products over the columns, from the first to the last, in a register or stored and loaded
// between blocks of columns: so it has the same bits in any tile, and in every instruction set. The ceiling is that of
// FP32. Two products of whole numbers for each weight, as generated tokens have them (panel_digits.h), have the same
// rate at best where bytes are multiplied in pairs (VPMADDUBSW, then VPADDW), and overheads beside.
// Included by table.cpp after unpack_panel.h and panel_prompt.h, inside its region and namespace.

struct PutFloats {
  static constexpr int64_t kLineBytes = kPanelRows * sizeof(float);
  static constexpr bool kRounds = false;
  static constexpr int64_t kQuadBytes = 4 * kLineBytes;

  static void line(std::byte* out, int64_t part, F32 w) { store(reinterpret_cast<float*>(out) + part * kLanes, w); }
  static INGOT_ALWAYS_INLINE void quad(std::byte* out, int64_t part, F32 w0, F32 w1, F32 w2, F32 w3) {
    line(out, part, w0);
    line(out + kLineBytes, part, w1);
    line(out + 2 * kLineBytes, part, w2);
    line(out + 3 * kLineBytes, part, w3);
  }
  template <typename Plain>
  static void plain(const std::byte* panel, int64_t first_col, int64_t n_cols, std::byte* out) {
    constexpr int64_t kColumnBytes = Plain::kBytes * kPanelRows;
    const std::byte* column = panel + first_col * kColumnBytes;
    for (int64_t col = 0; col < n_cols; ++col, column += kColumnBytes, out += kLineBytes) {
      if (col * kColumnBytes % kPanelLineBytes == 0) prefetch_second_level(column + kPrefetchBytes);
      for (int64_t part = 0; part < kPanelParts; ++part) {
        line(out, part, Plain::load(column + part * kLanes * Plain::kBytes));
      }
    }
  }
};

// Columns of activations that lie together: rows are packed by copying vectors, and all kRows of a column are still at
// fixed distances from one address.
constexpr int64_t kFloatGroup = 16;

// sums: (kRows, kStride), added to where `accumulate`. x: (n_cols / 16, kBlockRows, 16). weights: panels of (n_cols,
// 16).
template <int kRows, int kPanels, int kBlockRows, int kStride>
void float_tile(const float* x, const float* weights, int64_t panel_stride, int64_t n_cols, bool accumulate,
                float* sums) {
  constexpr int kVectors = kPanels * static_cast<int>(kPanelParts);
  F32 tile[kRows][kVectors];
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    INGOT_UNROLL
    for (int v = 0; v < kVectors; ++v) tile[row][v] = accumulate ? load(sums + row * kStride + v * kLanes) : zero();
  }
  for (int64_t first = 0; first < n_cols; first += kFloatGroup, x += kBlockRows * kFloatGroup) {
    const int64_t n = std::min(kFloatGroup, n_cols - first);
    for (int64_t col = 0; col < n; ++col, weights += kPanelRows) {
      F32 w[kVectors];
      INGOT_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        w[v] = load(weights + v / kPanelParts * panel_stride + v % kPanelParts * kLanes);
      }
      INGOT_UNROLL
      for (int row = 0; row < kRows; ++row) {
        const F32 activation = broadcast(x[row * kFloatGroup + col]);
        INGOT_UNROLL
        for (int v = 0; v < kVectors; ++v) tile[row][v] = fma(w[v], activation, tile[row][v]);
      }
    }
  }
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    INGOT_UNROLL
    for (int v = 0; v < kVectors; ++v) store(sums + row * kStride + v * kLanes, tile[row][v]);
  }
}

struct FloatPromptProducts {
  static constexpr PackedForm kForm = PackedForm::kFloatBlocks;
  // Registers: 24 sums of 32 of AVX-512, 12 of 16 of AVX2.
  static constexpr int64_t kPanels = kLanes == 16 ? 2 : 1;
  static constexpr int64_t kRows = kLanes == 16 ? 12 : 6;
  static constexpr int64_t kUnpacked = 4;
  static constexpr int64_t kColumns = 512;

  explicit FloatPromptProducts(const PanelLinearArgs& product)
      : args(product), unpack(panel_unpacker<PutFloats>(product.type)) {}

  // Activations in blocks of kRows rows: (columns / kFloatGroup, kRows, kFloatGroup).
  static size_t block_bytes(int64_t cols) {
    return static_cast<size_t>((cols + kFloatGroup - 1) / kFloatGroup * kFloatGroup * kRows) * sizeof(float);
  }
  static void pack_rows(const float* x, int64_t x_stride, int64_t n_rows, int64_t first_col, int64_t end_col,
                        int64_t row, std::byte* block) {
    float* to = reinterpret_cast<float*>(block) + first_col * kRows + row * kFloatGroup;
    for (int64_t n = 0; n < n_rows; ++n) pack_row(x + n * x_stride, end_col - first_col, to + n * kFloatGroup);
  }
  static void pack_row(const float* x, int64_t n_cols, float* to) {
    int64_t col = 0;
    for (; col + kFloatGroup <= n_cols; col += kFloatGroup, to += kRows * kFloatGroup) {
      for (int64_t lane = 0; lane < kFloatGroup; lane += kLanes) store(to + lane, load(x + col + lane));
    }
    for (int64_t rest = col; rest < n_cols; ++rest) to[rest - col] = x[rest];
  }

  int64_t unpacked_bytes() const { return std::min(args.cols, kColumns) * PutFloats::kLineBytes; }
  template <int64_t kTilePanels>
  void multiply(int64_t n_rows, int64_t row, int64_t col, int64_t n_cols, const std::byte* weights, bool accumulate,
                float* sums) const {
    const auto* x = reinterpret_cast<const float*>(args.x + static_cast<size_t>(row / kRows) * block_bytes(args.cols));
    const Tile tile = tile_of<kTilePanels>(n_rows, std::make_index_sequence<kRows>());
    tile(x + col * kRows, reinterpret_cast<const float*>(weights),
         unpacked_bytes() / static_cast<int64_t>(sizeof(float)), n_cols, accumulate, sums);
  }

  using Tile = void (*)(const float*, const float*, int64_t, int64_t, bool, float*);
  template <int64_t kTilePanels, size_t... kIndex>
  static Tile tile_of(int64_t n_rows, std::index_sequence<kIndex...>) {
    static constexpr Tile kTiles[] = {
        float_tile<static_cast<int>(kIndex) + 1, kTilePanels, kRows, kPanels * kPanelRows>...};
    return kTiles[n_rows - 1];
  }

  const PanelLinearArgs& args;
  UnpackPanel unpack;
};
