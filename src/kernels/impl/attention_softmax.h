// The softmax of attention, on the way: what a row keeps while it walks over pages, and how two walks are merged.
//
// Powers are of two: queries carry the factor log2(e) with their scale. The reference that is taken off each score is a
// whole number, not below the largest score so far, and changes only when a score exceeds it. So every correction is a
// power of two and exact, and most pages need none.
// Included by attention.h, inside the region and namespace of table.cpp.

// A partial result, in floats: [0] the reference, [1] the sum of powers, [kLaneSums ..] that sum still in lanes,
// [kWeighted ..] weighted values.
constexpr int64_t kReference = 0;
constexpr int64_t kSum = 1;
constexpr int64_t kLaneSums = kColumnPadding;
constexpr int64_t kWeighted = 2 * kColumnPadding;

constexpr float kLog2E = 1.44269504f;
constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
// The reference before anything is seen. Finite, so that a score of minus infinity has a weight of zero.
constexpr float kNoReference = std::numeric_limits<float>::lowest();

// 2^x for x <= 0, relative error 2e-9 before rounding; 0 below -126; a NaN stays one.
inline F32 exp2_to_one(F32 x) {
  const F32 least = broadcast(-126.0f);
  const F32 kept = max(least, x);
  const I32 n = to_i32(kept);
  const F32 r = sub(kept, to_f32(n));
  F32 q = broadcast(0.00015353362f);
  q = fma(q, r, broadcast(0.00133988739f));
  q = fma(q, r, broadcast(0.00961843692f));
  q = fma(q, r, broadcast(0.0555033237f));
  q = fma(q, r, broadcast(0.240226477f));
  q = fma(q, r, broadcast(0.693147182f));
  const F32 y = fma(q, r, broadcast(1.0f));
  return select_less(x, least, zero(), mul(y, as_f32(shift_left(add_i32(n, broadcast_i32(127)), 23))));
}

inline float exp2_to_one_of(float x) {
  float value[kLanes];
  store(value, exp2_to_one(broadcast(x)));
  return value[0];
}

struct PositionRange {
  int64_t begin;
  int64_t end;
  bool whole() const { return begin <= 0 && end >= kPageTokens; }
};

// The slots of the page from page_position on that the query at position sees; empty: begin >= end.
inline PositionRange seen_slots(const AttentionArgs& args, int64_t position, int64_t page_position) {
  const int64_t first = args.window > 0 ? std::max<int64_t>(0, position - args.window + 1) : 0;
  const int64_t end = end_seen_by(args, position - args.first_position);
  return {std::max<int64_t>(first - page_position, 0), std::min(end - page_position, kPageTokens)};
}

// A score by which queries were not scaled yet: the cap's own unit stands in between.
inline F32 capped_score(float softcap, F32 score) {
  return mul(broadcast(softcap * kLog2E), tanh(div(score, broadcast(softcap))));
}

// What queries are multiplied by beforehand.
inline float query_factor(const AttentionArgs& args) {
  return args.softcap > 0.0f ? args.scale : args.scale * kLog2E;
}

inline void clear_partials(int64_t n_states, int64_t partial_floats, float* partials) {
  for (int64_t state = 0; state < n_states; ++state) {
    float* partial = partials + state * partial_floats;
    std::fill_n(partial, partial_floats, 0.0f);
    partial[kReference] = kNoReference;
  }
}

// A score above the reference was seen.
inline void raise_reference(float score, int64_t padded_value, float* partial) {
  const float now = std::ceil(score);
  const float correction = exp2_to_one_of(partial[kReference] - now);
  partial[kReference] = now;
  scale_in_place(correction, kColumnPadding, partial + kLaneSums);
  scale_in_place(correction, padded_value, partial + kWeighted);
}

// Ends a walk.
inline void fold_sums(int64_t n_states, int64_t partial_floats, float* partials) {
  for (int64_t state = 0; state < n_states; ++state) {
    float* partial = partials + state * partial_floats;
    partial[kSum] = sum(load(partial + kLaneSums));
  }
}

struct Merged {
  F32 total_factor;
  F32 partial_factor;
  F32 value(F32 total, F32 partial) const { return fma(partial, partial_factor, mul(total, total_factor)); }
};

// total, of the segments before, takes in the partial result of the next. A segment that a row has not seen leaves no
// trace.
inline void merge(const float* partial, int64_t padded_value, float* total) {
  if (partial[kReference] == kNoReference && partial[kSum] == 0.0f) return;
  const float now = partial[kReference] > total[kReference] ? partial[kReference] : total[kReference];
  const float total_factor = exp2_to_one_of(total[kReference] - now);
  const float partial_factor = exp2_to_one_of(partial[kReference] - now);
  total[kReference] = now;
  total[kSum] = total[kSum] * total_factor + partial[kSum] * partial_factor;
  map(Merged{broadcast(total_factor), broadcast(partial_factor)}, total + kWeighted, partial + kWeighted, padded_value,
      total + kWeighted);
}

// Adding zero turns a negative zero, which a neighbour's products can leave where there is nothing, into a positive.
struct Divided {
  F32 factor;
  F32 value(F32 x, F32) const { return fma(x, factor, zero()); }
};

// Divides by the sum, in which the head's sink, if any, takes part.
inline void finish_state(const AttentionArgs& args, int64_t row, int64_t head, const float* total) {
  float factor = 1.0f / total[kSum];
  if (args.sinks != nullptr) {
    const float sink = args.sinks[head] * kLog2E;
    const float reference = sink > total[kReference] ? std::ceil(sink) : total[kReference];
    const float correction = exp2_to_one_of(total[kReference] - reference);
    factor = correction / (total[kSum] * correction + exp2_to_one_of(sink - reference));
  }
  const int64_t dim = args.kv->value_dim;
  map(Divided{broadcast(factor)}, total + kWeighted, nullptr, dim, args.out + row * args.out_stride + head * dim);
}

void merge_segments(const AttentionArgs& args, int64_t row, int64_t head, const float* partials, int64_t n_segments,
                    int64_t partial_stride, float* scratch_total) {
  clear_partials(1, attention_partial_floats(args.kv->value_dim), scratch_total);
  for (int64_t segment = 0; segment < n_segments; ++segment) {
    merge(partials + segment * partial_stride, padded_columns(args.kv->value_dim), scratch_total);
  }
  finish_state(args, row, head, scratch_total);
}
