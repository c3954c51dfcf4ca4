// Products of attention in bfloat16 (VDPBF16PS: two products and two FP32 additions a lane), for rows of prompts.
//
// Queries (with their scale), keys, values and weights are rounded to bf16; scores, powers and sums are FP32. A
// weight's rounding takes part in the sum that divides it. Of one page and head, in the order of use:
//
//   keys   : [key_dim / 2][64 slots][2]    two dimensions of a slot side by side: lanes are slots
//   values : [64 / 2 slots][value_dim][2]  two slots of a dimension side by side: lanes are dimensions
//
//   scores[state][slot 0:16]   += (q[2p], q[2p+1]) of the state * keys[p][slot 0:16]
//   weighted[state][col 0:16]  += (w[2s], w[2s+1]) of the state * values[s][col 0:16]
//
// Pages are packed once for all states of an item: some 3,000 cycles for a page of 128 dimensions, which 256 states
// multiply for 130,000. The instruction takes and gives subnormal numbers as zero.
// Included by table.cpp after attention.h, inside its region and namespace.

struct Bf16Products {
  static constexpr int kTileStates = 6;
  static constexpr int kVectors = 4;
  static constexpr int64_t kSlotPairs = kPageTokens / 2;

  struct Scratch {
    uint32_t* queries;      // (states, padded_key / 2) pairs
    uint32_t* keys;         // (padded_key / 2, kPageTokens) pairs
    uint32_t* values;       // (kSlotPairs, padded_value) pairs
    uint32_t* seen_values;  // the same, with what one row does not see made zero
  };
  struct Page {
    int64_t n_positions;
    bool finite;  // the values
  };

  static int64_t scratch_floats(const AttentionArgs&, const AttentionShape& shape) {
    return shape.n_states * shape.padded_key / 2 + kPageTokens * shape.padded_key / 2 +
           2 * kSlotPairs * shape.padded_value;
  }

  static Scratch divide(const AttentionArgs&, const AttentionShape& shape, float* scratch) {
    Scratch parts;
    parts.queries = reinterpret_cast<uint32_t*>(scratch);
    parts.keys = parts.queries + shape.n_states * shape.padded_key / 2;
    parts.values = parts.keys + kPageTokens * shape.padded_key / 2;
    parts.seen_values = parts.values + kSlotPairs * shape.padded_value;
    return parts;
  }

  static __m512i load_words(const void* p) { return _mm512_loadu_si512(p); }
  static __m512bh load_pairs(const uint32_t* p) { return (__m512bh)load_words(p); }
  static __m512bh broadcast_pair(const uint32_t* p) { return (__m512bh)_mm512_set1_epi32(static_cast<int>(*p)); }

  // Lane l: low[l] in its lower half, high[l] in its upper.
  static __m512i pair_up(F32 low, F32 high) {
    const __m512i halves = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                                           21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(order, halves);
  }

  // n values, 0 < n <= kLanes; the others are zero.
  static F32 load_stored(const std::byte* data, bool half, int64_t index, int64_t n) {
    const __mmask16 lanes = n < kLanes ? first_lanes(n) : static_cast<__mmask16>(0xFFFF);
    if (half) return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes, data + 2 * index));
    return _mm512_maskz_loadu_ps(lanes, data + 4 * index);
  }

  static void gather_queries(const AttentionArgs& args, const AttentionItem& item, const AttentionShape& shape,
                             const Scratch& scratch) {
    const int64_t dim = args.kv->key_dim;
    const F32 factor = broadcast(query_factor(args));
    for (int64_t state = 0; state < shape.n_states; ++state) {
      const int64_t row = item.first_row + state / shape.group;
      const int64_t head = item.kv_head * shape.group + state % shape.group;
      const auto* query = reinterpret_cast<const std::byte*>(args.q + row * args.q_stride + head * dim);
      auto* out = reinterpret_cast<uint16_t*>(scratch.queries + state * shape.padded_key / 2);
      for (int64_t d = 0; d < shape.padded_key; d += kLanes) {
        const F32 values = mul(factor, load_stored(query, /*half=*/false, d, dim - d));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + d), (__m256i)_mm512_cvtneps_pbh(values));
      }
    }
  }

  // Packing a page is a small part of the work: the processor's own prefetching will do.
  static void expect_keys(const AttentionArgs&, const AttentionShape&, const PageOfHead&) {}

  static Page load_keys(const AttentionArgs& args, const AttentionShape&, const PageOfHead& page,
                        const Scratch& scratch) {
    const int64_t dim = args.kv->key_dim;
    const bool half = args.kv->dtype == DType::kF16;
    for (int64_t d = 0; d < dim; d += 2) {
      uint32_t* out = scratch.keys + d / 2 * kPageTokens;
      for (int64_t slot = 0; slot < kPageTokens; slot += kLanes) {
        const F32 low = load_stored(page.keys, half, d * kPageTokens + slot, kLanes);
        const F32 high = d + 1 < dim ? load_stored(page.keys, half, (d + 1) * kPageTokens + slot, kLanes) : zero();
        _mm512_storeu_si512(out + slot, pair_up(low, high));
      }
    }
    return {page.n_positions, true};
  }

  static void load_values(const AttentionArgs& args, const AttentionShape& shape, const PageOfHead& page,
                          const Scratch& scratch, Page& loaded) {
    const int64_t dim = args.kv->value_dim;
    const bool half = args.kv->dtype == DType::kF16;
    const __m512i exponent = _mm512_set1_epi16(0x7F80);
    __mmask32 not_finite = 0;
    for (int64_t slot = 0; slot < kPageTokens; slot += 2) {
      uint32_t* out = scratch.values + slot / 2 * shape.padded_value;
      for (int64_t col = 0; col < dim; col += kLanes) {
        const int64_t n = dim - col;
        const F32 low = slot < page.n_positions ? load_stored(page.values, half, slot * dim + col, n) : zero();
        const F32 high =
            slot + 1 < page.n_positions ? load_stored(page.values, half, (slot + 1) * dim + col, n) : zero();
        const __m512i pairs = pair_up(low, high);
        not_finite =
            static_cast<__mmask32>(not_finite | _mm512_cmpeq_epi16_mask(_mm512_and_si512(pairs, exponent), exponent));
        _mm512_storeu_si512(out + col, pairs);
      }
    }
    loaded = {page.n_positions, not_finite == 0};
  }

  template <int kRows>
  static void score(const AttentionArgs& args, const AttentionShape& shape, const Scratch& scratch, const Page&,
                    int64_t state, int64_t end, float* scores) {
    const uint32_t* queries = scratch.queries + state * shape.padded_key / 2;
    const int64_t n_pairs = (args.kv->key_dim + 1) / 2;
    int64_t slot = 0;
    for (; slot + (kVectors - 1) * kLanes < end; slot += kVectors * kLanes) {
      score_tile<kRows, kVectors>(queries, shape.padded_key / 2, scratch.keys + slot, n_pairs, scores + slot);
    }
    for (; slot < end; slot += kLanes) {
      score_tile<kRows, 1>(queries, shape.padded_key / 2, scratch.keys + slot, n_pairs, scores + slot);
    }
  }

  template <int kRows, int kTileVectors>
  static void score_tile(const uint32_t* queries, int64_t query_stride, const uint32_t* keys, int64_t n_pairs,
                         float* scores) {
    F32 sums[kRows][kTileVectors];
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      INGOT_UNROLL
      for (int vector = 0; vector < kTileVectors; ++vector) sums[row][vector] = zero();
    }
    for (int64_t pair = 0; pair < n_pairs; ++pair) {
      __m512bh key[kTileVectors];
      INGOT_UNROLL
      for (int vector = 0; vector < kTileVectors; ++vector) {
        key[vector] = load_pairs(keys + pair * kPageTokens + vector * kLanes);
      }
      INGOT_UNROLL
      for (int row = 0; row < kRows; ++row) {
        const __m512bh query = broadcast_pair(queries + row * query_stride + pair);
        INGOT_UNROLL
        for (int vector = 0; vector < kTileVectors; ++vector) {
          sums[row][vector] = _mm512_dpbf16_ps(sums[row][vector], key[vector], query);
        }
      }
    }
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      INGOT_UNROLL
      for (int vector = 0; vector < kTileVectors; ++vector) {
        store(scores + row * kPageTokens + vector * kLanes, sums[row][vector]);
      }
    }
  }

  // Caps one state's scores of a page and makes minus infinity of what it does not see, in place; the largest.
  static float mask(const AttentionArgs& args, PositionRange seen, float* scores) {
    F32 page_largest = broadcast(kMinusInfinity);
    const bool whole = seen.whole();
    for (int64_t slot = 0; slot < kPageTokens; slot += kLanes) {
      F32 score = load(scores + slot);
      if (args.softcap > 0.0f) score = capped_score(args.softcap, score);
      if (!whole) {
        const int64_t first = std::clamp<int64_t>(seen.begin - slot, 0, kLanes);
        const int64_t end = std::clamp<int64_t>(seen.end - slot, first, kLanes);
        score = select_lanes(first, end, score, broadcast(kMinusInfinity));
      }
      if (!whole || args.softcap > 0.0f) store(scores + slot, score);
      page_largest = max(page_largest, score);
    }
    return largest(page_largest);
  }

  // 2^x for x <= 0, relative error 3e-6, a hundredth of what the rounding to bf16 costs; 0 below -126; a NaN stays one.
  static F32 exp2_for_bf16(F32 x) {
    const F32 rounder = broadcast(12582912.0f);  // 1.5 * 2^23: whole numbers land in the lowest bits
    const F32 shifted = add(x, rounder);
    const F32 r = sub(x, sub(shifted, rounder));
    F32 q = broadcast(0.00957010221f);
    q = fma(q, r, broadcast(0.0559178591f));
    q = fma(q, r, broadcast(0.240247443f));
    q = fma(q, r, broadcast(0.693121791f));
    q = fma(q, r, broadcast(0.999999285f));
    const __mmask16 kept = _mm512_cmp_ps_mask(x, broadcast(-126.0f), _CMP_NLT_UQ);
    const __m512i steps = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
    return _mm512_castsi512_ps(_mm512_maskz_add_epi32(kept, _mm512_castps_si512(q), steps));
  }

  // Scores -> pairs of weights, in the first half of their place; adds them to the state's sums.
  static void soften(PositionRange, float* scores, float* partial) {
    const F32 reference = broadcast(partial[kReference]);
    const __m512bh ones = (__m512bh)_mm512_set1_epi16(0x3F80);
    F32 sums = load(partial + kLaneSums);
    __m512bh weights[2];
    INGOT_UNROLL
    for (int half = 0; half < 2; ++half) {
      const F32 low = exp2_for_bf16(sub(load(scores + half * 32), reference));
      const F32 high = exp2_for_bf16(sub(load(scores + half * 32 + kLanes), reference));
      weights[half] = _mm512_cvtne2ps_pbh(high, low);
      sums = _mm512_dpbf16_ps(sums, weights[half], ones);
    }
    _mm512_storeu_si512(scores, (__m512i)weights[0]);
    _mm512_storeu_si512(scores + kLanes, (__m512i)weights[1]);
    store(partial + kLaneSums, sums);
  }

  template <int kRows>
  static void weigh(const AttentionShape& shape, const Scratch& scratch, const Page& page, const PositionRange* seen,
                    const float* weights, float* partials) {
    const auto* pairs = reinterpret_cast<const uint32_t*>(weights);
    int64_t begin = kPageTokens;
    int64_t end = 0;
    bool same = true;
    for (int row = 0; row < kRows; ++row) {
      if (seen[row].begin >= seen[row].end) {
        same = false;
        continue;
      }
      begin = std::min(begin, seen[row].begin);
      end = std::max(end, seen[row].end);
      same = same && seen[row].begin == 0 && seen[row].end == page.n_positions;
    }
    if (page.finite || same) {
      weigh_pairs<kRows>(shape, scratch.values, {begin / 2, (end + 1) / 2}, pairs, partials);
      return;
    }
    // A weight of zero would not be enough for what a row does not see.
    for (int row = 0; row < kRows; ++row) {
      if (seen[row].begin >= seen[row].end) continue;
      copy_seen(shape, scratch, seen[row]);
      weigh_pairs<1>(shape, scratch.seen_values, {seen[row].begin / 2, (seen[row].end + 1) / 2},
                     pairs + row * kPageTokens, partials + row * shape.partial);
    }
  }

  static void copy_seen(const AttentionShape& shape, const Scratch& scratch, PositionRange seen) {
    for (int64_t slot = 0; slot < kPageTokens; slot += 2) {
      const uint32_t low = slot >= seen.begin && slot < seen.end ? 0x0000FFFFu : 0;
      const uint32_t high = slot + 1 >= seen.begin && slot + 1 < seen.end ? 0xFFFF0000u : 0;
      const uint32_t* from = scratch.values + slot / 2 * shape.padded_value;
      uint32_t* to = scratch.seen_values + slot / 2 * shape.padded_value;
      for (int64_t col = 0; col < shape.padded_value; ++col) to[col] = from[col] & (low | high);
    }
  }

  template <int kRows>
  static void weigh_pairs(const AttentionShape& shape, const uint32_t* values, PositionRange pairs,
                          const uint32_t* weights, float* partials) {
    int64_t col = 0;
    for (; col + kVectors * kLanes <= shape.padded_value; col += kVectors * kLanes) {
      weigh_tile<kRows, kVectors>(weights, values + col, shape.padded_value, pairs, partials + kWeighted + col,
                                  shape.partial);
    }
    for (; col < shape.padded_value; col += kLanes) {
      weigh_tile<kRows, 1>(weights, values + col, shape.padded_value, pairs, partials + kWeighted + col, shape.partial);
    }
  }

  template <int kRows, int kTileVectors>
  static void weigh_tile(const uint32_t* weights, const uint32_t* values, int64_t value_stride, PositionRange pairs,
                         float* weighted, int64_t weighted_stride) {
    F32 sums[kRows][kTileVectors];
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      INGOT_UNROLL
      for (int vector = 0; vector < kTileVectors; ++vector) {
        sums[row][vector] = load(weighted + row * weighted_stride + vector * kLanes);
      }
    }
    for (int64_t pair = pairs.begin; pair < pairs.end; ++pair) {
      __m512bh value[kTileVectors];
      INGOT_UNROLL
      for (int vector = 0; vector < kTileVectors; ++vector) {
        value[vector] = load_pairs(values + pair * value_stride + vector * kLanes);
      }
      INGOT_UNROLL
      for (int row = 0; row < kRows; ++row) {
        const __m512bh weight = broadcast_pair(weights + row * kPageTokens + pair);
        INGOT_UNROLL
        for (int vector = 0; vector < kTileVectors; ++vector) {
          sums[row][vector] = _mm512_dpbf16_ps(sums[row][vector], value[vector], weight);
        }
      }
    }
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      INGOT_UNROLL
      for (int vector = 0; vector < kTileVectors; ++vector) {
        store(weighted + row * weighted_stride + vector * kLanes, sums[row][vector]);
      }
    }
  }
};
