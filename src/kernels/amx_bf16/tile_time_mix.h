// RWKV-7's recurrence for rows of prompts: 16 rows of one head of 64 at a time, as products of tiles (TimeMixArgs).
//
// In a chunk, with P_t the product of the decays of rows 1 to t, a_t = -kk_t, b_t = kk_t times the rate a, and S the
// state before it, keys by values:
//
//   A_t = a_t P_(t-1),  R_t = r_t P_t,  K_t = k_t / P_t,  B_t = b_t / P_t                              16 x 64 keys
//   X_t = (A S)_t + sum over s < t of (A K')_ts v_s + (A B')_ts X_s     row after row, in FP32         16 x 64 values
//   Y_t = (R S)_t + sum over s <= t of (R K')_ts v_s + (R B')_ts X_s
//   S  <- P_16 (S + K' V + B' X)
//
// X_t is the u of row t. A decay is above 0.545 and P_16 above 6e-5, so that its quotients need no logarithms. Source:
// the chunked form of the delta rule, arXiv 2406.06484, section 3, with the decays of flash-linear-attention's
// generalized_delta_rule/dplr; but X is solved for row by row, without an inverse.
//
//   products                        tiles of 16 x 16 sums, each 32 columns deep
//   [A; R] [K' | B' | S]            2 x 6, 2 deep     pairs along keys
//   [R K' | R B'] [V; X]            1 x 4, 1 deep     pairs along rows
//   [K' | B'] [V; X]                4 x 4, 1 deep     pairs along rows
//
// Every factor is two bfloat16 numbers, x = high + low but for 2^-17 of it, and a product is three of tiles: 132
// instructions of 16 cycles for 16 rows, 132 cycles a row, where row after row takes 640 (5 x 64 x 64 / 16 FMAs, two a
// cycle). Single bfloat16 numbers would take 44, and leave a state that is wrong by 0.2 % and more.
//
// A row sees none after it, which have a weight of zero; and zeros follow where a chunk has fewer rows. So the first
// rows of a chunk get the same bits however many follow, unless one of them is not finite: then each goes by itself.
//
// Tiles: the tile unit (amx_tiles.h), or what a test puts in its place.
// Included by table.cpp after impl/time_mix.h and attention_products.h, inside its region and namespace.

// Each word a pair of bfloat16 numbers, whose low parts lie apart.
template <int64_t kSplitRows, int64_t kSplitWords>
struct SplitPairs {
  alignas(64) uint32_t high[kSplitRows][kSplitWords];
  alignas(64) uint32_t low[kSplitRows][kSplitWords];

  struct View {
    const uint32_t* high;
    const uint32_t* low;
    int64_t stride;
  };
  View from(int64_t row) const { return {high[row], low[row], kSplitWords}; }
};

// 16 numbers in two parts of bfloat16 each.
struct SplitVector {
  __m256i high;
  __m256i low;
};
inline SplitVector split(F32 x) {
  const auto high = (__m256i)_mm512_cvtneps_pbh(x);
  const F32 rest = sub(x, as_f32(shift_left(_mm512_cvtepu16_epi32(high), 16)));
  return {high, (__m256i)_mm512_cvtneps_pbh(rest)};
}

// Lanes 2i and 2i + 1 of each part as a pair: half a vector of words.
inline void store_neighbours(uint32_t* high, uint32_t* low, const SplitVector& x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(high), x.high);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(low), x.low);
}

// Lanes of `first` and `second` as pairs.
inline I32 pair_halves(__m256i first, __m256i second) {
  return or_i32(_mm512_cvtepu16_epi32(first), shift_left(_mm512_cvtepu16_epi32(second), 16));
}
inline void store_pairs_of(uint32_t* high, uint32_t* low, const SplitVector& first, const SplitVector& second) {
  _mm512_storeu_si512(high, pair_halves(first.high, second.high));
  _mm512_storeu_si512(low, pair_halves(first.low, second.low));
}

// out[col][row] = in[row][col]
inline void transpose_16_by_16(const uint32_t* in, int64_t in_stride, uint32_t* out, int64_t out_stride) {
  __m512i lines[16];
  __m512i next[16];
  INGOT_UNROLL
  for (int row = 0; row < 16; ++row) lines[row] = _mm512_loadu_si512(in + row * in_stride);
  INGOT_UNROLL
  for (int pair = 0; pair < 8; ++pair) {
    next[2 * pair] = _mm512_unpacklo_epi32(lines[2 * pair], lines[2 * pair + 1]);
    next[2 * pair + 1] = _mm512_unpackhi_epi32(lines[2 * pair], lines[2 * pair + 1]);
  }
  // Four rows' words of one column side by side: quarter q of lines[4 g + c] is column 4 q + c of rows 4 g to 4 g + 3.
  INGOT_UNROLL
  for (int group = 0; group < 16; group += 4) {
    lines[group] = _mm512_unpacklo_epi64(next[group], next[group + 2]);
    lines[group + 1] = _mm512_unpackhi_epi64(next[group], next[group + 2]);
    lines[group + 2] = _mm512_unpacklo_epi64(next[group + 1], next[group + 3]);
    lines[group + 3] = _mm512_unpackhi_epi64(next[group + 1], next[group + 3]);
  }
  INGOT_UNROLL
  for (int col = 0; col < 4; ++col) {
    const __m512i low_even = _mm512_shuffle_i32x4(lines[col], lines[4 + col], 0x88);
    const __m512i low_odd = _mm512_shuffle_i32x4(lines[col], lines[4 + col], 0xDD);
    const __m512i high_even = _mm512_shuffle_i32x4(lines[8 + col], lines[12 + col], 0x88);
    const __m512i high_odd = _mm512_shuffle_i32x4(lines[8 + col], lines[12 + col], 0xDD);
    _mm512_storeu_si512(out + col * out_stride, _mm512_shuffle_i32x4(low_even, high_even, 0x88));
    _mm512_storeu_si512(out + (4 + col) * out_stride, _mm512_shuffle_i32x4(low_odd, high_odd, 0x88));
    _mm512_storeu_si512(out + (8 + col) * out_stride, _mm512_shuffle_i32x4(low_even, high_even, 0xDD));
    _mm512_storeu_si512(out + (12 + col) * out_stride, _mm512_shuffle_i32x4(low_odd, high_odd, 0xDD));
  }
}

template <typename Tiles>
class TileTimeMix {
 public:
  static constexpr int64_t kRows = kTimeMixChunk;
  static constexpr int64_t kSize = kTimeMixChunkHeadSize;

  static size_t scratch_bytes() { return sizeof(TileTimeMix) + time_mix_block_bytes(kRows, kSize); }

  static void run(const TimeMixArgs& args, std::byte* scratch) {
    [[maybe_unused]] const Tiles tiles{};
    auto& self = *reinterpret_cast<TileTimeMix*>(scratch);
    const TimeMixBlock block(scratch + sizeof(TileTimeMix), kRows, kSize);
    for (int64_t first = 0; first < args.n_rows; first += kRows) {
      const int64_t n_rows = std::min(kRows, args.n_rows - first);
      for (int64_t row = 0; row < n_rows; ++row) prepare_time_mix(args, first + row, row, block);
      if (all_finite(block, n_rows)) {
        self.advance(block, n_rows, args.state);
      } else {
        self.advance_row_by_row(block, n_rows, args.state);
      }
      for (int64_t row = 0; row < n_rows; ++row) finish_time_mix(args, first + row, row, block);
      const bool last_whole_chunk = n_rows == kRows && args.n_rows - first - n_rows < kRows;
      if (last_whole_chunk && args.grid_state != nullptr) std::copy_n(args.state, kSize * kSize, args.grid_state);
    }
  }

 private:
  enum Side : uint8_t { kA, kR, kSides };  // what multiplies from the left
  enum Quotient : uint8_t { kK, kB, kQuotients };
  static constexpr int64_t kKeyPairs = kSize / 2;
  static constexpr int64_t kRowPairs = kRows / 2;
  static constexpr int64_t kKeySteps = kSize / 32;

  // What is not finite of a row's receptance, key or rate shows in its bonus.
  static bool all_finite(const TimeMixBlock& block, int64_t n_rows) {
    F32 zeros_w = zero();  // unless a value is not finite
    F32 zeros_v = zero();
    for (int64_t i = 0; i < n_rows * kSize; i += kLanes) {
      zeros_w = fma(load(block.w + i), zero(), zeros_w);
      zeros_v = fma(load(block.v + i), zero(), zeros_v);
    }
    const F32 zeros_bonus = mul(_mm512_maskz_loadu_ps(first_lanes(n_rows), block.bonus), zero());
    return _mm512_cmp_ps_mask(add(add(zeros_w, zeros_v), zeros_bonus), zero(), _CMP_EQ_OQ) == 0xFFFF;
  }

  template <int kTiles, typename A, typename B>
  static void multiply(const A& a, const B& b, int64_t n_steps, bool accumulate, float* out, int64_t out_stride) {
    Tiles::template product<kTiles>(a.high, a.stride, b.high, b.stride, n_steps, accumulate, out, out_stride);
    Tiles::template product<kTiles>(a.high, a.stride, b.low, b.stride, n_steps, /*accumulate=*/true, out, out_stride);
    Tiles::template product<kTiles>(a.low, a.stride, b.high, b.stride, n_steps, /*accumulate=*/true, out, out_stride);
  }

  // The first n_rows rows of the block: their y, and the state after them.
  void advance(const TimeMixBlock& block, int64_t n_rows, float* state) {
    scale_rows(block, n_rows);
    split_state(state);
    for (const Side side : {kA, kR}) {
      float* out = side == kA ? x_[0] : block.y;
      multiply<4>(left_[side].from(0), state_.from(0), kKeySteps, /*accumulate=*/false, out, kSize);
      for (const Quotient quotient : {kK, kB}) {
        multiply<1>(left_[side].from(0), by_key_[quotient].from(0), kKeySteps, /*accumulate=*/false,
                    seen_[side][quotient][0], kRows);
      }
    }
    solve(block, n_rows);
    split_weights();
    split_added(block, n_rows);
    multiply<4>(weights_.from(0), added_.from(0), 1, /*accumulate=*/true, block.y, kSize);
    for (int64_t key = 0; key < kSize; key += kRows) {
      multiply<4>(quotients_.from(key), added_.from(0), 1, /*accumulate=*/true, state + key * kSize, kSize);
    }
    for (int64_t key = 0; key < kSize; ++key) {
      const F32 decay = broadcast(decay_[key]);
      for (int64_t value = 0; value < kSize; value += kLanes) {
        store(state + key * kSize + value, mul(decay, load(state + key * kSize + value)));
      }
    }
  }

  // The same, with nothing of a later row in an earlier one's products.
  void advance_row_by_row(const TimeMixBlock& block, int64_t n_rows, float* state) {
    std::copy_n(state, kSize * kSize, state_before_);
    for (int64_t row = 0; row < n_rows; ++row) {
      std::copy_n(state_before_, kSize * kSize, state);
      advance(block, row + 1, state);
      std::copy_n(block.y + row * kSize, kSize, y_[row]);
    }
    std::copy_n(y_[0], n_rows * kSize, block.y);
  }

  // A, R, K and B, and the product of all decays.
  void scale_rows(const TimeMixBlock& block, int64_t n_rows) {
    SplitPairs<kRows, kKeyPairs> right[kQuotients];
    SplitPairs<kRows, kSize> pairs;  // of rows: those of K, then those of B
    for (int64_t key = 0; key < kSize; key += kLanes) {
      F32 decay = broadcast(1.0f);
      SplitVector earlier[kQuotients] = {};
      for (int64_t row = 0; row < kRows; ++row) {
        SplitVector left[kSides] = {};
        SplitVector quotients[kQuotients] = {};
        if (row < n_rows) {
          const int64_t at = row * kSize + key;
          left[kA] = split(mul(load(block.minus_kk + at), decay));
          decay = mul(decay, load(block.w + at));
          const F32 inverse = div(broadcast(1.0f), decay);
          left[kR] = split(mul(load(block.r + at), decay));
          quotients[kK] = split(mul(load(block.k + at), inverse));
          quotients[kB] = split(mul(load(block.kk_a + at), inverse));
        }
        for (const Side side : {kA, kR}) {
          store_neighbours(left_[side].high[row] + key / 2, left_[side].low[row] + key / 2, left[side]);
        }
        for (const Quotient quotient : {kK, kB}) {
          SplitPairs<kRows, kKeyPairs>& rows = right[quotient];
          store_neighbours(rows.high[row] + key / 2, rows.low[row] + key / 2, quotients[quotient]);
          if (row % 2 == 1) {
            const int64_t pair = quotient * kRowPairs + row / 2;
            store_pairs_of(pairs.high[pair] + key, pairs.low[pair] + key, earlier[quotient], quotients[quotient]);
          }
          earlier[quotient] = quotients[quotient];
        }
      }
      store(decay_ + key, decay);
    }
    for (int64_t pair = 0; pair < kKeyPairs; pair += 16) {
      for (const Quotient quotient : {kK, kB}) {
        transpose_16_by_16(right[quotient].high[0] + pair, kKeyPairs, by_key_[quotient].high[pair], kRows);
        transpose_16_by_16(right[quotient].low[0] + pair, kKeyPairs, by_key_[quotient].low[pair], kRows);
      }
    }
    for (int64_t key = 0; key < kSize; key += 16) {
      transpose_16_by_16(pairs.high[0] + key, kSize, quotients_.high[key], kRows);
      transpose_16_by_16(pairs.low[0] + key, kSize, quotients_.low[key], kRows);
    }
  }

  void split_state(const float* state) {
    for (int64_t pair = 0; pair < kKeyPairs; ++pair) {
      const float* rows = state + 2 * pair * kSize;
      for (int64_t value = 0; value < kSize; value += kLanes) {
        store_pairs_of(state_.high[pair] + value, state_.low[pair] + value, split(load(rows + value)),
                       split(load(rows + kSize + value)));
      }
    }
  }

  // x_ holds A S, and becomes X.
  void solve(const TimeMixBlock& block, int64_t n_rows) {
    for (int64_t row = 1; row < n_rows; ++row) {
      for (int64_t value = 0; value < kSize; value += 4 * kLanes) {
        F32 sums[4];
        INGOT_UNROLL
        for (int n = 0; n < 4; ++n) sums[n] = load(x_[row] + value + n * kLanes);
        for (int64_t earlier = 0; earlier < row; ++earlier) {
          const F32 of_v = broadcast(seen_[kA][kK][row][earlier]);
          const F32 of_x = broadcast(seen_[kA][kB][row][earlier]);
          INGOT_UNROLL
          for (int n = 0; n < 4; ++n) {
            const int64_t at = value + n * kLanes;
            sums[n] = fma(of_v, load(block.v + earlier * kSize + at), fma(of_x, load(x_[earlier] + at), sums[n]));
          }
        }
        INGOT_UNROLL
        for (int n = 0; n < 4; ++n) store(x_[row] + value + n * kLanes, sums[n]);
      }
    }
  }

  // What R has of each row up to its own.
  void split_weights() {
    for (int64_t row = 0; row < kRows; ++row) {
      for (const Quotient quotient : {kK, kB}) {
        const F32 seen = select_lanes(0, row + 1, load(seen_[kR][quotient][row]), zero());
        const int64_t at = quotient * kRowPairs;
        store_neighbours(weights_.high[row] + at, weights_.low[row] + at, split(seen));
      }
    }
  }

  // [V; X], with zeros for rows that are not there: X has them already.
  void split_added(const TimeMixBlock& block, int64_t n_rows) {
    alignas(64) static constexpr float kNoRow[kSize] = {};
    const auto v_of = [&](int64_t row) { return row < n_rows ? block.v + row * kSize : kNoRow; };
    for (int64_t pair = 0; pair < kRowPairs; ++pair) {
      const int64_t row = 2 * pair;
      const int64_t of_x = kRowPairs + pair;
      for (int64_t value = 0; value < kSize; value += kLanes) {
        store_pairs_of(added_.high[pair] + value, added_.low[pair] + value, split(load(v_of(row) + value)),
                       split(load(v_of(row + 1) + value)));
        store_pairs_of(added_.high[of_x] + value, added_.low[of_x] + value, split(load(x_[row] + value)),
                       split(load(x_[row + 1] + value)));
      }
    }
  }

  SplitPairs<kRows, kKeyPairs> left_[kSides];        // rows by keys
  SplitPairs<kKeyPairs, kRows> by_key_[kQuotients];  // keys by rows, pairs of keys
  SplitPairs<kSize, kRows> quotients_;               // keys by rows of K, then of B, pairs of rows
  SplitPairs<kKeyPairs, kSize> state_;               // keys by values, pairs of keys
  SplitPairs<kRows, kSize> added_;                   // rows of V, then of X, by values, pairs of rows
  SplitPairs<kRows, kRows> weights_;                 // rows by rows seen in V, then in X
  alignas(64) float seen_[kSides][kQuotients][kRows][kRows];
  alignas(64) float x_[kRows][kSize];
  alignas(64) float y_[kRows][kSize];
  alignas(64) float state_before_[kSize * kSize];
  alignas(64) float decay_[kSize];  // of the whole chunk
};

template <typename Tiles>
constexpr KernelTable with_tile_time_mix(KernelTable table) {
  table.time_mix_chunks = TileTimeMix<Tiles>::run;
  table.time_mix_chunks_scratch_bytes = TileTimeMix<Tiles>::scratch_bytes;
  return table;
}
