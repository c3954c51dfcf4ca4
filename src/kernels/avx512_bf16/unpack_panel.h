// Weights of a panel and activations as bfloat16, for products of pairs of columns: a line of 16 words for each pair,
// word r the pair of weight row r. Such lines are what VDPBF16PS multiplies, and 16 of them are a B tile of AMX.
// Included by table.cpp after impl/unpack_panel.h, inside its region and namespace.

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

struct PutPairs {
  static constexpr bool kRounds = true;
  static constexpr int64_t kQuadBytes = 2 * kPanelLineBytes;

  static INGOT_ALWAYS_INLINE void quad(std::byte* out, int64_t, F32 w0, F32 w1, F32 w2, F32 w3) {
    _mm512_store_si512(out, interleave_pairs(round_to_bf16(w0, w1)));
    _mm512_store_si512(out + kPanelLineBytes, interleave_pairs(round_to_bf16(w2, w3)));
  }
  template <typename Half>
  static void plain(const std::byte* panel, int64_t first_col, int64_t n_cols, std::byte* out) {
    const std::byte* line = panel + first_col / 2 * kPanelLineBytes;
    for (int64_t pair = 0; pair < column_pairs(n_cols); ++pair, line += kPanelLineBytes, out += kPanelLineBytes) {
      prefetch_second_level(line + kPrefetchBytes);
      const __m512i columns = std::is_same_v<Half, PanelBF16>
                                  ? load_i32(line)
                                  : round_to_bf16(Half::load(line), Half::load(line + kPanelHalfBytes));
      _mm512_store_si512(out, interleave_pairs(columns));
    }
  }
};
