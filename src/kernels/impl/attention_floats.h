// Products of attention in FP32: keys and values as the cache has them, F16 exactly widened.
//
// A tile is a few states (a query row of a head) times a few vectors. Lanes lie along positions for scores, along
// value dimensions for the weighted sums, so that no vector is ever summed over its lanes:
//
//   scores[state][slot 0:16]   += q[state][d]    * keys[d][slot 0:16]        d = 0 ... key_dim - 1
//   weighted[state][col 0:16]  += w[state][slot] * values[slot][col 0:16]    slots of the page in their order
//
// Few states (decode) multiply straight from the page: each byte of the cache is read once for all heads of the group.
// Many (prompts) share a page that was widened once. The bits are the same.
// Included by attention.h after attention_softmax.h, inside the region and namespace of table.cpp.

// The states of an item are its (row, head of the group) pairs, rows outermost.
struct AttentionShape {
  int64_t group;
  int64_t n_states;
  int64_t padded_key;
  int64_t padded_value;
  int64_t partial;
};

inline AttentionShape shape_of(const AttentionArgs& args, int64_t n_rows) {
  const int64_t group = args.n_heads / args.kv->n_kv_heads;
  return {group, n_rows * group, padded_columns(args.kv->key_dim), padded_columns(args.kv->value_dim),
          attention_partial_floats(args.kv->value_dim)};
}

// One page of one head of keys; what any row of the item sees of it lies below n_positions.
struct PageOfHead {
  const std::byte* keys;    // (key_dim, kPageTokens)
  const std::byte* values;  // (kPageTokens, value_dim)
  int64_t n_positions;
  const std::byte* next_keys = nullptr;  // of the page that is read next
};

inline PageOfHead page_of_head(const AttentionArgs& args, const AttentionItem& item, int64_t page) {
  const KvView& kv = *args.kv;
  const int64_t element = kv.dtype == DType::kF32 ? sizeof(float) : sizeof(uint16_t);
  const auto index = static_cast<size_t>(page);
  return {kv.key_pages[index] + item.kv_head * kPageTokens * kv.key_dim * element,
          kv.value_pages[index] + item.kv_head * kPageTokens * kv.value_dim * element,
          std::min(end_seen_by(args, item.end_row - 1) - page * kPageTokens, kPageTokens)};
}

// What is read next comes into the cache while this is multiplied: a step of a tile asks for as much as it reads. The
// processor's own prefetching ends with each page's few kilobytes. Into the second level: the first is full.
struct Ahead {
  const std::byte* next;
  const std::byte* end;
  void step(int64_t n_bytes) {
    if (next >= end) return;
    for (int64_t byte = 0; byte < n_bytes; byte += 64) __builtin_prefetch(next + byte, /*rw=*/0, /*locality=*/2);
    next += n_bytes;
  }
};

struct FloatValues {
  static constexpr int64_t kBytes = sizeof(float);
  const std::byte* data;
  F32 at(int64_t index) const { return load(reinterpret_cast<const float*>(data) + index); }
};
struct HalfValues {
  static constexpr int64_t kBytes = sizeof(uint16_t);
  const std::byte* data;
  F32 at(int64_t index) const { return load_f16(data + 2 * index); }
};

// scores[row][slot ..] for kRows states and kVectors vectors of slots.
template <int kRows, int kVectors, typename Values>
inline void score_tile(const float* queries, int64_t query_stride, Values keys, int64_t dim, int64_t slot, Ahead& ahead,
                       float* scores) {
  F32 sums[kRows][kVectors];
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    INGOT_UNROLL
    for (int vector = 0; vector < kVectors; ++vector) sums[row][vector] = zero();
  }
  for (int64_t d = 0; d < dim; ++d) {
    ahead.step(kPageTokens * Values::kBytes);
    F32 key[kVectors];
    INGOT_UNROLL
    for (int vector = 0; vector < kVectors; ++vector) key[vector] = keys.at(d * kPageTokens + slot + vector * kLanes);
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      const F32 query = broadcast(queries[row * query_stride + d]);
      INGOT_UNROLL
      for (int vector = 0; vector < kVectors; ++vector) sums[row][vector] = fma(query, key[vector], sums[row][vector]);
    }
  }
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    INGOT_UNROLL
    for (int vector = 0; vector < kVectors; ++vector) {
      store(scores + row * kPageTokens + slot + vector * kLanes, sums[row][vector]);
    }
  }
}

// weighted[row] += weights[row][slot] * values[slot] over the slots: kRows states, kVectors vectors of values.
template <int kRows, int kVectors, typename Values>
inline void weigh_tile(const float* weights, Values values, int64_t value_stride, int64_t col, PositionRange slots,
                       Ahead& ahead, float* weighted, int64_t weighted_stride) {
  F32 sums[kRows][kVectors];
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    INGOT_UNROLL
    for (int vector = 0; vector < kVectors; ++vector) {
      sums[row][vector] = load(weighted + row * weighted_stride + col + vector * kLanes);
    }
  }
  for (int64_t slot = slots.begin; slot < slots.end; ++slot) {
    ahead.step(kPageTokens * Values::kBytes);
    F32 value[kVectors];
    INGOT_UNROLL
    for (int vector = 0; vector < kVectors; ++vector) {
      value[vector] = values.at(slot * value_stride + col + vector * kLanes);
    }
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      const F32 weight = broadcast(weights[row * kPageTokens + slot]);
      INGOT_UNROLL
      for (int vector = 0; vector < kVectors; ++vector) {
        sums[row][vector] = fma(weight, value[vector], sums[row][vector]);
      }
    }
  }
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    INGOT_UNROLL
    for (int vector = 0; vector < kVectors; ++vector) {
      store(weighted + row * weighted_stride + col + vector * kLanes, sums[row][vector]);
    }
  }
}

struct FloatProducts {
  // Sums of a tile, what they are multiplied from, and a broadcast fit the registers: 24 of 32, 12 of 16.
  static constexpr int kTileStates = kLanes == 4 ? 2 : 6;
  static constexpr int kVectors = kLanes == 8 ? 2 : 4;
  // Up to here a page is widened as often as it is multiplied; beyond, once.
  static constexpr int64_t kDirectStates = kLanes == 4 ? 2 : 12;

  struct Scratch {
    float* queries;  // (states, padded_key)
    float* keys;     // (key_dim, kPageTokens)
    float* values;   // (kPageTokens, padded_value)
  };
  struct Page {
    const std::byte* keys;
    const std::byte* values;
    int64_t value_stride;
    bool half_keys;
    bool half_values;
    Ahead while_scoring;   // the values of this page
    Ahead while_weighing;  // the keys of the next
  };

  static int64_t scratch_floats(const AttentionArgs&, const AttentionShape& shape) {
    return shape.n_states * shape.padded_key + kPageTokens * (shape.padded_key + shape.padded_value);
  }

  static Scratch divide(const AttentionArgs&, const AttentionShape& shape, float* scratch) {
    Scratch parts;
    parts.queries = scratch;
    parts.keys = parts.queries + shape.n_states * shape.padded_key;
    parts.values = parts.keys + kPageTokens * shape.padded_key;
    return parts;
  }

  static void gather_queries(const AttentionArgs& args, const AttentionItem& item, const AttentionShape& shape,
                             const Scratch& scratch) {
    const int64_t dim = args.kv->key_dim;
    for (int64_t state = 0; state < shape.n_states; ++state) {
      const int64_t row = item.first_row + state / shape.group;
      const int64_t head = item.kv_head * shape.group + state % shape.group;
      map(Scaled{broadcast(query_factor(args))}, args.q + row * args.q_stride + head * dim, nullptr, dim,
          scratch.queries + state * shape.padded_key);
    }
  }

  static Ahead ahead_of_keys(const AttentionArgs& args, const std::byte* keys) {
    const int64_t element = args.kv->dtype == DType::kF16 ? sizeof(uint16_t) : sizeof(float);
    return {keys, keys + args.kv->key_dim * kPageTokens * element};
  }

  // The first page of a segment.
  static void expect_keys(const AttentionArgs& args, const AttentionShape& shape, const PageOfHead& page) {
    if (shape.n_states > kDirectStates) return;
    Ahead ahead = ahead_of_keys(args, page.keys);
    ahead.step(ahead.end - ahead.next);
  }

  static Page load_keys(const AttentionArgs& args, const AttentionShape& shape, const PageOfHead& page,
                        const Scratch& scratch) {
    Page loaded = {};
    const bool half = args.kv->dtype == DType::kF16;
    loaded.half_keys = half && shape.n_states <= kDirectStates;
    loaded.keys = page.keys;
    if (shape.n_states <= kDirectStates) {
      const int64_t element = half ? sizeof(uint16_t) : sizeof(float);
      loaded.while_scoring = {page.values, page.values + page.n_positions * args.kv->value_dim * element};
      if (page.next_keys != nullptr) loaded.while_weighing = ahead_of_keys(args, page.next_keys);
    }
    if (half && !loaded.half_keys) {
      decode_row<DecodeF16>(page.keys, scratch.keys, args.kv->key_dim * kPageTokens);
      loaded.keys = reinterpret_cast<const std::byte*>(scratch.keys);
    }
    return loaded;
  }

  static void load_values(const AttentionArgs& args, const AttentionShape& shape, const PageOfHead& page,
                          const Scratch& scratch, Page& loaded) {
    const int64_t dim = args.kv->value_dim;
    const bool half = args.kv->dtype == DType::kF16;
    const bool direct = dim % kLanes == 0 && (!half || shape.n_states <= kDirectStates);
    loaded.half_values = half && direct;
    loaded.value_stride = direct ? dim : shape.padded_value;
    loaded.values = direct ? page.values : reinterpret_cast<const std::byte*>(scratch.values);
    if (direct) return;
    for (int64_t position = 0; position < page.n_positions; ++position) {
      float* row = scratch.values + position * shape.padded_value;
      if (half) {
        decode_row<DecodeF16>(page.values + position * dim * static_cast<int64_t>(sizeof(uint16_t)), row, dim);
      } else {
        std::memcpy(row, reinterpret_cast<const float*>(page.values) + position * dim,
                    static_cast<size_t>(dim) * sizeof(float));
      }
      std::fill(row + dim, row + shape.padded_value, 0.0f);
    }
  }

  // Scores of the slots below end.
  template <int kRows>
  static void score(const AttentionArgs& args, const AttentionShape& shape, const Scratch& scratch, const Page& page,
                    int64_t state, int64_t end, float* scores) {
    const float* queries = scratch.queries + state * shape.padded_key;
    if (page.half_keys) {
      score_slots<kRows>(queries, shape.padded_key, HalfValues{page.keys}, args.kv->key_dim, end, page.while_scoring,
                         scores);
    } else {
      score_slots<kRows>(queries, shape.padded_key, FloatValues{page.keys}, args.kv->key_dim, end, page.while_scoring,
                         scores);
    }
  }

  template <int kRows, typename Values>
  static void score_slots(const float* queries, int64_t query_stride, Values keys, int64_t dim, int64_t end,
                          Ahead ahead, float* scores) {
    int64_t slot = 0;
    for (; slot + (kVectors - 1) * kLanes < end; slot += kVectors * kLanes) {
      score_tile<kRows, kVectors>(queries, query_stride, keys, dim, slot, ahead, scores);
    }
    for (; slot < end; slot += kLanes) score_tile<kRows, 1>(queries, query_stride, keys, dim, slot, ahead, scores);
  }

  // Caps and masks one state's scores of a page in place, as far as it sees any; the largest.
  static float mask(const AttentionArgs& args, PositionRange seen, float* scores) {
    F32 page_largest = broadcast(kMinusInfinity);
    for (int64_t slot = seen.begin / kLanes * kLanes; slot < seen.end; slot += kLanes) {
      F32 score = load(scores + slot);
      const int64_t first = std::max<int64_t>(seen.begin - slot, 0);
      const int64_t end = std::min<int64_t>(seen.end - slot, kLanes);
      const bool partly = first > 0 || end < kLanes;
      if (args.softcap > 0.0f) score = capped_score(args.softcap, score);
      if (partly) score = select_lanes(first, end, score, broadcast(kMinusInfinity));
      if (partly || args.softcap > 0.0f) store(scores + slot, score);
      page_largest = max(page_largest, score);
    }
    return largest(page_largest);
  }

  // Scores -> weights, in place; adds them to the state's sums.
  static void soften(PositionRange seen, float* scores, float* partial) {
    const F32 reference = broadcast(partial[kReference]);
    F32 sums = load(partial + kLaneSums);
    for (int64_t slot = seen.begin / kLanes * kLanes; slot < seen.end; slot += kLanes) {
      const F32 weight = exp2_to_one(sub(load(scores + slot), reference));
      store(scores + slot, weight);
      sums = add(sums, weight);
    }
    store(partial + kLaneSums, sums);
  }

  // What all rows of a tile see is done together; what only some see, before and after it, one by one.
  template <int kRows>
  static void weigh(const AttentionShape& shape, const Scratch&, const Page& page, const PositionRange* seen,
                    const float* weights, float* partials) {
    if (page.half_values) {
      weigh_seen<kRows>(shape, HalfValues{page.values}, page.value_stride, page.while_weighing, seen, weights,
                        partials);
    } else {
      weigh_seen<kRows>(shape, FloatValues{page.values}, page.value_stride, page.while_weighing, seen, weights,
                        partials);
    }
  }

  template <int kRows, typename Values>
  static void weigh_seen(const AttentionShape& shape, Values values, int64_t value_stride, Ahead ahead,
                         const PositionRange* seen, const float* weights, float* partials) {
    PositionRange shared = seen[0];
    for (int row = 1; row < kRows; ++row) {
      shared = {std::max(shared.begin, seen[row].begin), std::min(shared.end, seen[row].end)};
    }
    if (shared.begin >= shared.end) shared = {kPageTokens, kPageTokens};
    const auto alone = [&](int row, int64_t begin, int64_t end) {
      weigh_slots<1>(shape, values, value_stride, {begin, end}, ahead, weights + row * kPageTokens,
                     partials + row * shape.partial);
    };
    if constexpr (kRows > 1) {
      for (int row = 0; row < kRows; ++row) alone(row, seen[row].begin, std::min(seen[row].end, shared.begin));
    }
    weigh_slots<kRows>(shape, values, value_stride, shared, ahead, weights, partials);
    if constexpr (kRows > 1) {
      for (int row = 0; row < kRows; ++row) alone(row, std::max(shared.end, seen[row].begin), seen[row].end);
    }
  }

  template <int kRows, typename Values>
  static void weigh_slots(const AttentionShape& shape, Values values, int64_t value_stride, PositionRange slots,
                          Ahead& ahead, const float* weights, float* partials) {
    if (slots.begin >= slots.end) return;
    float* weighted = partials + kWeighted;
    int64_t col = 0;
    for (; col + kVectors * kLanes <= value_stride; col += kVectors * kLanes) {
      weigh_tile<kRows, kVectors>(weights, values, value_stride, col, slots, ahead, weighted, shape.partial);
    }
    for (; col < value_stride; col += kLanes) {
      weigh_tile<kRows, 1>(weights, values, value_stride, col, slots, ahead, weighted, shape.partial);
    }
  }
};
