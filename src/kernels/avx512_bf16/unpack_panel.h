// Weights of a panel and activations as bfloat16, for products of pairs of columns: a line of 16 words for each pair,
// word r the pair of weight row r. Such lines are what VDPBF16PS multiplies, and 16 of them are a B tile of AMX.
// Included by table.cpp after panel_formats.h, inside its region and namespace.

inline int64_t column_pairs(int64_t cols) {
  return (cols + 1) / 2;
}

inline __m512i round_to_bf16(F32 low, F32 high) {
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// 32 columns of a row of activations, of which `rest` are there, in pairs; zeros behind them.
inline __m512i load_as_bf16(const float* x, int64_t rest) {
  const F32 low = rest >= kLanes ? load(x) : load_partial(x, rest);
  const F32 high = rest >= 2 * kLanes ? load(x + kLanes)
                   : rest > kLanes    ? load_partial(x + kLanes, rest - kLanes)
                                      : zero();
  return round_to_bf16(low, high);
}

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
