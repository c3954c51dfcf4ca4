// Attention over a paged cache, softmax on the way.
//
// A row keeps its largest score, the sum of exponentials and the weighted sum of values, and brings them up to date
// page after page; after a segment of kSegmentTokens positions they are merged with those of the segments before.
// Pages and segments lie on the grid of absolute positions, and each row only does what it would do alone: so its
// result depends neither on the rows beside it nor on where a prompt was cut, nor on who computes a segment.
// What a row may not see is never touched: neither by a score that is masked later nor by a product with zero, which
// would let an infinity through.
// Included by table.cpp after dot_panel.h, inside its region and namespace.

// A partial result, in floats: [0] largest score, [1] sum of exponentials, [kColumnPadding ..] weighted values.
constexpr int64_t kLargest = 0;
constexpr int64_t kSum = 1;
constexpr int64_t kWeighted = kColumnPadding;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

inline float exp_of(float x) {
  float value[kLanes];
  store(value, exp(broadcast(x)));
  return value[0];
}

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

struct AttentionScratch {
  float* queries;   // (states, padded_key)
  float* keys;      // (kPageTokens, padded_key)
  float* values;    // (kPageTokens, padded_value)
  float* scores;    // (states, kPageTokens)
  float* partials;  // (states, partial): of one segment
  float* totals;    // (states, partial): of all segments so far
};

inline AttentionScratch divide_scratch(const AttentionShape& largest, std::byte* scratch) {
  AttentionScratch parts;
  parts.queries = reinterpret_cast<float*>(scratch);
  parts.keys = parts.queries + largest.n_states * largest.padded_key;
  parts.values = parts.keys + kPageTokens * largest.padded_key;
  parts.scores = parts.values + kPageTokens * largest.padded_value;
  parts.partials = parts.scores + largest.n_states * kPageTokens;
  parts.totals = parts.partials + largest.n_states * largest.partial;
  return parts;
}

size_t attention_scratch_bytes(const AttentionArgs& args) {
  const AttentionShape shape = shape_of(args, kMaxAttentionRows);
  return static_cast<size_t>(shape.n_states * (shape.padded_key + kPageTokens + 2 * shape.partial) +
                             kPageTokens * (shape.padded_key + shape.padded_value)) *
         sizeof(float);
}

// The first n_positions rows, (n_positions, dim), of one head in one page, as floats with rows padded by zeros.
inline void decode_page(const KvView& kv, const std::byte* page, int64_t dim, int64_t kv_head, int64_t n_positions,
                        float* out) {
  const int64_t padded = padded_columns(dim);
  const int64_t first = kv_head * kPageTokens * dim;
  for (int64_t position = 0; position < n_positions; ++position) {
    const int64_t offset = first + position * dim;
    float* row = out + position * padded;
    if (kv.dtype == DType::kF16) {
      decode_row<DecodeF16>(page + offset * static_cast<int64_t>(sizeof(uint16_t)), row, dim);
    } else {
      std::memcpy(row, reinterpret_cast<const float*>(page) + offset, static_cast<size_t>(dim) * sizeof(float));
    }
    std::fill(row + dim, row + padded, 0.0f);
  }
}

inline void gather_queries(const AttentionArgs& args, const AttentionItem& item, const AttentionShape& shape,
                           float* out) {
  const int64_t dim = args.kv->key_dim;
  for (int64_t state = 0; state < shape.n_states; ++state) {
    const int64_t row = item.first_row + state / shape.group;
    const int64_t head = item.kv_head * shape.group + state % shape.group;
    float* query = out + state * shape.padded_key;
    std::memcpy(query, args.q + row * args.q_stride + head * dim, static_cast<size_t>(dim) * sizeof(float));
    std::fill(query + dim, query + shape.padded_key, 0.0f);
  }
}

struct PositionRange {
  int64_t begin;
  int64_t end;
};

// The slots of the page from first_position on that the query at position sees; empty: begin >= end.
inline PositionRange seen_slots(const AttentionArgs& args, int64_t position, int64_t page_position) {
  const int64_t first = args.window > 0 ? std::max<int64_t>(0, position - args.window + 1) : 0;
  return {std::max<int64_t>(first - page_position, 0), std::min(position + 1 - page_position, kPageTokens)};
}

// Scales and masks one page's scores in place; the largest of them.
inline float mask_scores(const AttentionArgs& args, PositionRange seen, float* scores) {
  const F32 scale = broadcast(args.scale);
  const F32 cap = broadcast(args.softcap);
  F32 page_largest = broadcast(kMinusInfinity);
  for (int64_t slot = 0; slot < kPageTokens; slot += kLanes) {
    F32 score = mul(load(scores + slot), scale);
    if (args.softcap > 0.0f) score = mul(cap, tanh(div(score, cap)));
    const int64_t first = std::clamp<int64_t>(seen.begin - slot, 0, kLanes);
    const int64_t end = std::clamp<int64_t>(seen.end - slot, first, kLanes);
    score = select_lanes(first, end, score, broadcast(kMinusInfinity));
    store(scores + slot, score);
    page_largest = max(page_largest, score);
  }
  return largest(page_largest);
}

// Scores of one row in one page -> weights, in place; brings the state's largest score and sum up to date and rescales
// what it has gathered.
inline void update_softmax(const AttentionArgs& args, PositionRange seen, int64_t padded_value, float* scores,
                           float* state) {
  const float candidate = mask_scores(args, seen, scores);
  const float before = state[kLargest];
  const float now = candidate > before ? candidate : before;
  // Where nothing but minus infinities was seen, any finite reference gives weights of zero.
  const F32 reference = broadcast(now == kMinusInfinity ? 0.0f : now);
  F32 sums = zero();
  for (int64_t slot = 0; slot < kPageTokens; slot += kLanes) {
    const F32 weight = exp(sub(load(scores + slot), reference));
    store(scores + slot, weight);
    sums = add(sums, weight);
  }
  if (now != before) {
    const float correction = exp_of(before - now);
    state[kSum] *= correction;
    scale_in_place(correction, padded_value, state + kWeighted);
  }
  state[kLargest] = now;
  state[kSum] += sum(sums);
}

// weighted[row] += weights[row, slot] * values[slot] for slots of a range in their order: kRows states, kVectors
// vectors of values.
template <int kRows, int kVectors>
inline void add_values_tile(const float* weights, const float* values, int64_t value_stride, PositionRange slots,
                            float* weighted, int64_t weighted_stride) {
  F32 sums[kRows][kVectors];
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    INGOT_UNROLL
    for (int vector = 0; vector < kVectors; ++vector) {
      sums[row][vector] = load(weighted + row * weighted_stride + vector * kLanes);
    }
  }
  for (int64_t slot = slots.begin; slot < slots.end; ++slot) {
    F32 value[kVectors];
    INGOT_UNROLL
    for (int vector = 0; vector < kVectors; ++vector)
      value[vector] = load(values + slot * value_stride + vector * kLanes);
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
      store(weighted + row * weighted_stride + vector * kLanes, sums[row][vector]);
    }
  }
}

constexpr int kValueRows = 4;
constexpr int kValueVectors = kLanes == 16 ? 4 : 2;

template <int kRows>
inline void add_values(const float* weights, const float* values, int64_t value_stride, PositionRange slots,
                       float* weighted, int64_t weighted_stride) {
  if (slots.begin >= slots.end) return;
  int64_t col = 0;
  for (; col + kValueVectors * kLanes <= value_stride; col += kValueVectors * kLanes) {
    add_values_tile<kRows, kValueVectors>(weights, values + col, value_stride, slots, weighted + col, weighted_stride);
  }
  for (; col < value_stride; col += kLanes) {
    add_values_tile<kRows, 1>(weights, values + col, value_stride, slots, weighted + col, weighted_stride);
  }
}

// The positions of the page that any state of the item sees.
inline int64_t page_positions(const AttentionArgs& args, const AttentionItem& item, int64_t page) {
  return std::min(args.first_position + item.end_row - page * kPageTokens, kPageTokens);
}

// scores: (states, kPageTokens), not yet scaled.
inline void score_page(const AttentionArgs& args, const AttentionItem& item, const AttentionShape& shape, int64_t page,
                       const AttentionScratch& scratch, float* scores) {
  const KvView& kv = *args.kv;
  const int64_t n_positions = page_positions(args, item, page);
  decode_page(kv, kv.key_pages[static_cast<size_t>(page)], kv.key_dim, item.kv_head, n_positions, scratch.keys);
  PanelArgs dots;
  dots.weights = scratch.keys;
  dots.weight_stride = shape.padded_key;
  dots.n_weights = n_positions;
  dots.x = scratch.queries;
  dots.x_stride = shape.padded_key;
  dots.n_x = shape.n_states;
  dots.n_cols = shape.padded_key;
  dots.out = scores;
  dots.out_stride = kPageTokens;
  dots.accumulate = false;
  dot_panel(dots);
}

inline PositionRange seen_by_state(const AttentionArgs& args, const AttentionItem& item, const AttentionShape& shape,
                                   int64_t state, int64_t page) {
  return seen_slots(args, args.first_position + item.first_row + state / shape.group, page * kPageTokens);
}

// weights: (states, kPageTokens).
inline void weigh_page(const AttentionArgs& args, const AttentionItem& item, const AttentionShape& shape, int64_t page,
                       const AttentionScratch& scratch, const float* weights, float* partials) {
  const KvView& kv = *args.kv;
  decode_page(kv, kv.value_pages[static_cast<size_t>(page)], kv.value_dim, item.kv_head,
              page_positions(args, item, page), scratch.values);
  const auto seen_by = [&](int64_t state) { return seen_by_state(args, item, shape, state, page); };
  const auto add_one = [&](int64_t state, PositionRange slots) {
    add_values<1>(weights + state * kPageTokens, scratch.values, shape.padded_value, slots,
                  partials + state * shape.partial + kWeighted, shape.partial);
  };
  int64_t state = 0;
  for (; state + kValueRows <= shape.n_states; state += kValueRows) {
    // What all rows of the tile see is done together; what only some see, before and after it, one by one.
    PositionRange shared = {0, kPageTokens};
    for (int64_t row = state; row < state + kValueRows; ++row) {
      const PositionRange seen = seen_by(row);
      shared = {std::max(shared.begin, seen.begin), std::min(shared.end, seen.end)};
    }
    if (shared.begin >= shared.end) {
      for (int64_t row = state; row < state + kValueRows; ++row) add_one(row, seen_by(row));
      continue;
    }
    for (int64_t row = state; row < state + kValueRows; ++row) add_one(row, {seen_by(row).begin, shared.begin});
    add_values<kValueRows>(weights + state * kPageTokens, scratch.values, shape.padded_value, shared,
                           partials + state * shape.partial + kWeighted, shape.partial);
    for (int64_t row = state; row < state + kValueRows; ++row) add_one(row, {shared.end, seen_by(row).end});
  }
  for (; state < shape.n_states; ++state) add_one(state, seen_by(state));
}

// One page for all states of an item.
inline void attend_page(const AttentionArgs& args, const AttentionItem& item, const AttentionShape& shape, int64_t page,
                        const AttentionScratch& scratch, float* partials) {
  score_page(args, item, shape, page, scratch, scratch.scores);
  for (int64_t state = 0; state < shape.n_states; ++state) {
    const PositionRange seen = seen_by_state(args, item, shape, state, page);
    if (seen.begin >= seen.end) continue;
    update_softmax(args, seen, shape.padded_value, scratch.scores + state * kPageTokens,
                   partials + state * shape.partial);
  }
  weigh_page(args, item, shape, page, scratch, scratch.scores, partials);
}

inline void clear_partials(const AttentionShape& shape, float* partials) {
  for (int64_t state = 0; state < shape.n_states; ++state) {
    float* partial = partials + state * shape.partial;
    std::fill_n(partial, shape.partial, 0.0f);
    partial[kLargest] = kMinusInfinity;
  }
}

struct PageRange {
  int64_t begin;
  int64_t end;
};

// The pages of a segment that any row of the item sees.
inline PageRange segment_pages(const AttentionArgs& args, const AttentionItem& item, int64_t segment) {
  constexpr int64_t kPagesPerSegment = kSegmentTokens / kPageTokens;
  const int64_t first_position = args.first_position + item.first_row;
  const int64_t last_position = args.first_position + item.end_row - 1;
  const int64_t first_seen = args.window > 0 ? std::max<int64_t>(0, first_position - args.window + 1) : 0;
  return {std::max(first_seen / kPageTokens, segment * kPagesPerSegment),
          std::min(last_position / kPageTokens + 1, (segment + 1) * kPagesPerSegment)};
}

inline void attend_pages(const AttentionArgs& args, const AttentionItem& item, const AttentionShape& shape,
                         int64_t segment, const AttentionScratch& scratch, float* partials) {
  const PageRange pages = segment_pages(args, item, segment);
  clear_partials(shape, partials);
  for (int64_t page = pages.begin; page < pages.end; ++page) attend_page(args, item, shape, page, scratch, partials);
}

struct Merged {
  F32 total_factor;
  F32 partial_factor;
  F32 value(F32 total, F32 partial) const { return fma(partial, partial_factor, mul(total, total_factor)); }
};

// total, of the segments before, takes in the partial result of the next. A segment that a row has not seen leaves no
// trace.
inline void merge(const float* partial, int64_t padded_value, float* total) {
  if (partial[kLargest] == kMinusInfinity && partial[kSum] == 0.0f) return;
  const float now = partial[kLargest] > total[kLargest] ? partial[kLargest] : total[kLargest];
  const float reference = now == kMinusInfinity ? 0.0f : now;
  const float total_factor = exp_of(total[kLargest] - reference);
  const float partial_factor = exp_of(partial[kLargest] - reference);
  total[kLargest] = now;
  total[kSum] = total[kSum] * total_factor + partial[kSum] * partial_factor;
  map(Merged{broadcast(total_factor), broadcast(partial_factor)}, total + kWeighted, partial + kWeighted, padded_value,
      total + kWeighted);
}

// Divides by the sum, in which the head's sink, if any, takes part.
inline void finish_state(const AttentionArgs& args, int64_t row, int64_t head, const float* total) {
  float factor = 1.0f / total[kSum];
  if (args.sinks != nullptr) {
    const float sink = args.sinks[head];
    const float reference = sink > total[kLargest] ? sink : total[kLargest];
    const float correction = exp_of(total[kLargest] - reference);
    factor = correction / (total[kSum] * correction + exp_of(sink - reference));
  }
  const int64_t dim = args.kv->value_dim;
  map(Scaled{broadcast(factor)}, total + kWeighted, nullptr, dim, args.out + row * args.out_stride + head * dim);
}

void attend_segment(const AttentionArgs& args, const AttentionItem& item, int64_t segment, std::byte* scratch,
                    float* out_partials) {
  const AttentionShape shape = shape_of(args, item.end_row - item.first_row);
  const AttentionScratch parts = divide_scratch(shape_of(args, kMaxAttentionRows), scratch);
  gather_queries(args, item, shape, parts.queries);
  attend_pages(args, item, shape, segment, parts, out_partials);
}

void attend(const AttentionArgs& args, const AttentionItem& item, std::byte* scratch) {
  const AttentionShape shape = shape_of(args, item.end_row - item.first_row);
  const AttentionScratch parts = divide_scratch(shape_of(args, kMaxAttentionRows), scratch);
  const int64_t first_position = args.first_position + item.first_row;
  const int64_t first_seen = args.window > 0 ? std::max<int64_t>(0, first_position - args.window + 1) : 0;
  const int64_t end_segment = (args.first_position + item.end_row - 1) / kSegmentTokens + 1;
  gather_queries(args, item, shape, parts.queries);
  clear_partials(shape, parts.totals);
  for (int64_t segment = first_seen / kSegmentTokens; segment < end_segment; ++segment) {
    attend_pages(args, item, shape, segment, parts, parts.partials);
    for (int64_t state = 0; state < shape.n_states; ++state) {
      merge(parts.partials + state * shape.partial, shape.padded_value, parts.totals + state * shape.partial);
    }
  }
  for (int64_t state = 0; state < shape.n_states; ++state) {
    finish_state(args, item.first_row + state / shape.group, item.kv_head * shape.group + state % shape.group,
                 parts.totals + state * shape.partial);
  }
}

void merge_segments(const AttentionArgs& args, int64_t row, int64_t head, const float* partials, int64_t n_segments,
                    int64_t partial_stride, float* scratch_total) {
  const int64_t n_floats = attention_partial_floats(args.kv->value_dim);
  std::fill_n(scratch_total, n_floats, 0.0f);
  scratch_total[kLargest] = kMinusInfinity;
  for (int64_t segment = 0; segment < n_segments; ++segment) {
    merge(partials + segment * partial_stride, padded_columns(args.kv->value_dim), scratch_total);
  }
  finish_state(args, row, head, scratch_total);
}
