// Products of attention in bfloat16 by tiles, for rows of prompts: 16 states (pairs of row and query head) at a time.
//
//   scores   : A queries, 16 states x 32 dimensions;  B keys, 32 dimensions x 16 slots;  sums 16 states x 64 slots
//   weighted : A weights, 16 states x 32 slots;       B values, 32 slots x 16 dimensions; sums 16 states x value_dim
//
// A page packed for VDPBF16PS (avx512_bf16/attention_products.h) is made of such tiles already, lines of 16 words
// apart; queries and keys are padded with zeros to whole tiles. The softmax in between is that file's.
//
// What a state gets is the same beside any others: a product of a tile adds 32 columns in one way, and what a state
// does not see has a weight of zero, where the page's values are finite; else each state that does not see the whole
// page is computed by itself from values with zeros, by the same tiles.
//
// Tiles: the tile unit (amx_tiles.h), or what a test puts in its place; product<n>() multiplies 16 rows with n tiles.
// Included by table.cpp after avx512_bf16/attention_products.h, inside its region and namespace.

template <typename Tiles>
struct TileProducts : Bf16Products {
  static constexpr int kTileStates = 16;
  static constexpr int64_t kTilePairs = 16;
  static constexpr int64_t kTileLanes = 16;

  static int64_t key_pairs(const AttentionArgs& args) {
    return (args.kv->key_dim + 2 * kTilePairs - 1) / (2 * kTilePairs) * kTilePairs;
  }
  static int64_t query_rows(int64_t n_states) { return (n_states + kTileStates - 1) / kTileStates * kTileStates; }

  static int64_t scratch_floats(const AttentionArgs& args, const AttentionShape& shape) {
    return (query_rows(shape.n_states) + kPageTokens) * key_pairs(args) + 2 * kSlotPairs * shape.padded_value;
  }
  static Scratch divide(const AttentionArgs& args, const AttentionShape& shape, float* scratch) {
    Scratch parts;
    parts.queries = reinterpret_cast<uint32_t*>(scratch);
    parts.keys = parts.queries + query_rows(shape.n_states) * key_pairs(args);
    parts.values = parts.keys + kPageTokens * key_pairs(args);
    parts.seen_values = parts.values + kSlotPairs * shape.padded_value;
    return parts;
  }

  static void gather_queries(const AttentionArgs& args, const AttentionItem& item, const AttentionShape& shape,
                             const Scratch& scratch) {
    const int64_t dim = args.kv->key_dim;
    const int64_t n_pairs = key_pairs(args);
    const F32 factor = broadcast(query_factor(args));
    std::fill_n(scratch.queries, query_rows(shape.n_states) * n_pairs, 0u);
    for (int64_t state = 0; state < shape.n_states; ++state) {
      const int64_t row = item.first_row + state / shape.group;
      const int64_t head = item.kv_head * shape.group + state % shape.group;
      const auto* query = reinterpret_cast<const std::byte*>(args.q + row * args.q_stride + head * dim);
      auto* out = reinterpret_cast<uint16_t*>(scratch.queries + state * n_pairs);
      for (int64_t d = 0; d < dim; d += kLanes) {
        const F32 values = mul(factor, load_stored(query, /*half=*/false, d, dim - d));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + d), (__m256i)_mm512_cvtneps_pbh(values));
      }
    }
  }

  static Page load_keys(const AttentionArgs& args, const AttentionShape& shape, const PageOfHead& page,
                        const Scratch& scratch) {
    const Page loaded = Bf16Products::load_keys(args, shape, page, scratch);
    const int64_t there = (args.kv->key_dim + 1) / 2;
    std::fill(scratch.keys + there * kPageTokens, scratch.keys + key_pairs(args) * kPageTokens, 0u);
    return loaded;
  }

  template <int kRows>
  static void score(const AttentionArgs& args, const AttentionShape&, const Scratch& scratch, const Page&,
                    int64_t state, int64_t end, float* scores) {
    const int64_t n_pairs = key_pairs(args);
    const uint32_t* queries = scratch.queries + state * n_pairs;
    alignas(64) float own_scores[kRows == kTileStates ? 1 : kTileStates * kPageTokens];
    float* out = kRows == kTileStates ? scores : own_scores;  // rows that are not there have no place in scores
    if (end > kPageTokens - kTileLanes) {
      Tiles::template product<4>(queries, n_pairs, scratch.keys, kPageTokens, n_pairs / kTilePairs,
                                 /*accumulate=*/false, out, kPageTokens);
    } else {
      for (int64_t slot = 0; slot < end; slot += kTileLanes) {
        Tiles::template product<1>(queries, n_pairs, scratch.keys + slot, kPageTokens, n_pairs / kTilePairs,
                                   /*accumulate=*/false, out + slot, kPageTokens);
      }
    }
    if constexpr (kRows < kTileStates) {
      const int64_t n = std::min<int64_t>(kPageTokens, (end + kTileLanes - 1) / kTileLanes * kTileLanes);
      for (int row = 0; row < kRows; ++row) std::copy_n(own_scores + row * kPageTokens, n, scores + row * kPageTokens);
    }
  }

  template <int kRows>
  static void weigh(const AttentionShape& shape, const Scratch& scratch, const Page& page, const PositionRange* seen,
                    const float* weights, float* partials) {
    const auto* pairs = reinterpret_cast<const uint32_t*>(weights);
    bool whole = true;
    for (int row = 0; row < kRows; ++row) {
      whole = whole && seen[row].begin == 0 && seen[row].end == page.n_positions;
    }
    if (page.finite || whole) return weigh_rows<kRows>(shape, scratch.values, pairs, partials);
    for (int row = 0; row < kRows; ++row) {
      if (seen[row].begin >= seen[row].end) continue;
      copy_seen(shape, scratch, seen[row]);
      weigh_rows<1>(shape, scratch.seen_values, pairs + row * kPageTokens, partials + row * shape.partial);
    }
  }

  template <int kRows>
  static void weigh_rows(const AttentionShape& shape, const uint32_t* values, const uint32_t* weights,
                         float* partials) {
    if constexpr (kRows == kTileStates) {
      weigh_columns(shape, values, weights, partials + kWeighted, shape.partial);
    } else {
      // What stands below the last row is another's.
      alignas(64) uint32_t own_weights[kTileStates * kPageTokens] = {};
      alignas(64) float own_sums[kTileStates * kMostColumns];
      for (int row = 0; row < kRows; ++row) {
        std::copy_n(weights + row * kPageTokens, kSlotPairs, own_weights + row * kPageTokens);
      }
      for (int64_t first = 0; first < shape.padded_value; first += kMostColumns) {
        const int64_t n = std::min<int64_t>(kMostColumns, shape.padded_value - first);
        std::fill_n(own_sums, kTileStates * kMostColumns, 0.0f);
        for (int row = 0; row < kRows; ++row) {
          std::copy_n(partials + row * shape.partial + kWeighted + first, n, own_sums + row * kMostColumns);
        }
        for (int64_t col = 0; col < n; col += kTileLanes) {
          Tiles::template product<1>(own_weights, kPageTokens, values + first + col, shape.padded_value,
                                     kSlotPairs / kTilePairs, /*accumulate=*/true, own_sums + col, kMostColumns);
        }
        for (int row = 0; row < kRows; ++row) {
          std::copy_n(own_sums + row * kMostColumns, n, partials + row * shape.partial + kWeighted + first);
        }
      }
    }
  }

  static void weigh_columns(const AttentionShape& shape, const uint32_t* values, const uint32_t* weights,
                            float* weighted, int64_t weighted_stride) {
    constexpr int64_t kSteps = kSlotPairs / kTilePairs;
    int64_t col = 0;
    for (; col + 4 * kTileLanes <= shape.padded_value; col += 4 * kTileLanes) {
      Tiles::template product<4>(weights, kPageTokens, values + col, shape.padded_value, kSteps, /*accumulate=*/true,
                                 weighted + col, weighted_stride);
    }
    for (; col < shape.padded_value; col += kTileLanes) {
      Tiles::template product<1>(weights, kPageTokens, values + col, shape.padded_value, kSteps, /*accumulate=*/true,
                                 weighted + col, weighted_stride);
    }
  }

 private:
  static constexpr int64_t kMostColumns = 64;
};

// ---- The entries of a table ----

template <typename Tiles>
void tile_attend(const AttentionArgs& args, const AttentionItem& item, std::byte* scratch) {
  if (args.token_class == TokenClass::kGenerated) return attend_with<FloatProducts>(args, item, scratch);
  [[maybe_unused]] const Tiles tiles{};
  attend_with<TileProducts<Tiles>>(args, item, scratch);
}

template <typename Tiles>
void tile_attend_segment(const AttentionArgs& args, const AttentionItem& item, int64_t segment, std::byte* scratch,
                         float* out_partials) {
  [[maybe_unused]] const Tiles tiles{};
  attend_segment<TileProducts<Tiles>>(args, item, segment, scratch, out_partials);
}

template <typename Tiles>
void tile_score_segment(const AttentionArgs& args, const AttentionItem& item, int64_t segment, std::byte* scratch,
                        float* out_scores) {
  [[maybe_unused]] const Tiles tiles{};
  score_segment<TileProducts<Tiles>>(args, item, segment, scratch, out_scores);
}

template <typename Tiles>
void tile_weigh_segment(const AttentionArgs& args, const AttentionItem& item, int64_t segment, const float* weights,
                        std::byte* scratch, float* partials) {
  [[maybe_unused]] const Tiles tiles{};
  weigh_segment<TileProducts<Tiles>>(args, item, segment, weights, scratch, partials);
}

template <typename Tiles>
constexpr KernelTable with_tile_attention(KernelTable table) {
  table.attend = tile_attend<Tiles>;
  table.attention_scratch_bytes = attention_scratch_bytes<TileProducts<Tiles>>;
  table.attend_segment = tile_attend_segment<Tiles>;
  table.score_segment = tile_score_segment<Tiles>;
  table.softmax_segment = softmax_segment<TileProducts<Tiles>>;
  table.weigh_segment = tile_weigh_segment<Tiles>;
  return table;
}
