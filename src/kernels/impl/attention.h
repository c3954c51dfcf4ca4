// Attention over a paged cache, softmax on the way.
//
// A row keeps a reference score, the sum of powers and the weighted sum of values, and brings them up to date page
// after page; after a segment of kSegmentTokens positions they are merged with those of the segments before.
// Pages and segments lie on the grid of absolute positions, and each row only does what it would do alone: so its
// result depends neither on the rows beside it nor on where a prompt was cut, nor on who computes a segment.
// What a row may not see never shows: a score is masked before anything is made of it, and a value that is not finite
// is not multiplied, not even by zero.
//
// The walk is one for all kinds of products; a kind (FloatProducts; Bf16Products of avx512_bf16/) says how a page is
// loaded, scored, softened and weighed, a tile of states at a time.
// Included by table.cpp after rows.h and the decoders, inside its region and namespace.

#include "kernels/impl/attention_softmax.h"
// What follows needs what comes before.
#include "kernels/impl/attention_floats.h"

// The steps of a tile; a profile takes them one by one.
enum Steps : unsigned { kScore = 1, kSoften = 2, kWeigh = 4, kAllSteps = 7 };

template <typename Products>
struct AttentionScratch {
  typename Products::Scratch products;
  float* scores;    // (kTileStates, kPageTokens)
  float* partials;  // (states, partial): of one segment
  float* totals;    // (states, partial): of all segments so far
};

template <typename Products>
inline AttentionScratch<Products> divide_scratch(const AttentionArgs& args, std::byte* scratch) {
  const AttentionShape largest = shape_of(args, args.block_rows);
  AttentionScratch<Products> parts;
  parts.scores = reinterpret_cast<float*>(scratch);
  parts.partials = parts.scores + Products::kTileStates * kPageTokens;
  parts.totals = parts.partials + largest.n_states * largest.partial;
  parts.products = Products::divide(args, largest, parts.totals + largest.n_states * largest.partial);
  return parts;
}

template <typename Products>
inline size_t scratch_bytes_with(const AttentionArgs& args) {
  const AttentionShape shape = shape_of(args, args.block_rows);
  return static_cast<size_t>(Products::kTileStates * kPageTokens + 2 * shape.n_states * shape.partial +
                             Products::scratch_floats(args, shape)) *
         sizeof(float);
}

// What one page's work on an item refers to.
template <typename Products>
struct PageWork {
  const AttentionArgs& args;
  const AttentionItem& item;
  const AttentionShape& shape;
  const typename Products::Scratch& scratch;
  const typename Products::Page& page;
  int64_t page_position;
};

template <typename Products, int kRows, unsigned kSteps>
inline void attend_tile(const PageWork<Products>& work, int64_t state, float* scores, float* partials) {
  PositionRange seen[kRows];
  PositionRange any = {kPageTokens, 0};
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    const int64_t position = work.args.first_position + work.item.first_row + (state + row) / work.shape.group;
    seen[row] = seen_slots(work.args, position, work.page_position);
    any = {std::min(any.begin, seen[row].begin), std::max(any.end, seen[row].end)};
  }
  if (any.begin >= any.end) return;
  if constexpr ((kSteps & kScore) != 0) {
    Products::template score<kRows>(work.args, work.shape, work.scratch, work.page, state, any.end, scores);
  }
  if constexpr ((kSteps & kSoften) != 0) {
    for (int row = 0; row < kRows; ++row) {
      float* row_scores = scores + row * kPageTokens;
      float* partial = partials + row * work.shape.partial;
      const float candidate = Products::mask(work.args, seen[row], row_scores);
      if (candidate > partial[kReference]) raise_reference(candidate, work.shape.padded_value, partial);
      Products::soften(seen[row], row_scores, partial);
    }
  }
  if constexpr ((kSteps & kWeigh) != 0) {
    Products::template weigh<kRows>(work.shape, work.scratch, work.page, seen, scores, partials);
  }
}

// States [state, end) that fill no whole tile.
template <typename Products, int kRows, unsigned kSteps>
inline void attend_rest(const PageWork<Products>& work, int64_t state, float* scores, float* partials) {
  if constexpr (kRows > 0) {
    if (work.shape.n_states - state == kRows)
      return attend_tile<Products, kRows, kSteps>(work, state, scores, partials);
    return attend_rest<Products, kRows - 1, kSteps>(work, state, scores, partials);
  }
}

// scores: one tile's, or where it is scores_stride apart, every tile's.
template <typename Products, unsigned kSteps>
inline void attend_states(const PageWork<Products>& work, float* scores, int64_t scores_stride, float* partials) {
  constexpr int kTile = Products::kTileStates;
  int64_t state = 0;
  for (; state + kTile <= work.shape.n_states; state += kTile) {
    attend_tile<Products, kTile, kSteps>(work, state, scores + state * scores_stride,
                                         partials + state * work.shape.partial);
  }
  attend_rest<Products, kTile - 1, kSteps>(work, state, scores + state * scores_stride,
                                           partials + state * work.shape.partial);
}

struct PageRange {
  int64_t begin;
  int64_t end;
};

// The pages of a segment that any row of the item sees.
inline PageRange segment_pages(const AttentionArgs& args, const AttentionItem& item, int64_t segment) {
  constexpr int64_t kPagesPerSegment = kSegmentTokens / kPageTokens;
  const int64_t first_position = args.first_position + item.first_row;
  const int64_t last_seen = end_seen_by(args, item.end_row - 1) - 1;
  const int64_t first_seen = args.window > 0 ? std::max<int64_t>(0, first_position - args.window + 1) : 0;
  return {std::max(first_seen / kPageTokens, segment * kPagesPerSegment),
          std::min(last_seen / kPageTokens + 1, (segment + 1) * kPagesPerSegment)};
}

template <typename Products>
inline void attend_pages(const AttentionArgs& args, const AttentionItem& item, const AttentionShape& shape,
                         int64_t segment, const AttentionScratch<Products>& scratch, float* partials) {
  const PageRange pages = segment_pages(args, item, segment);
  clear_partials(shape.n_states, shape.partial, partials);
  if (pages.begin < pages.end) Products::expect_keys(args, shape, page_of_head(args, item, pages.begin));
  for (int64_t page = pages.begin; page < pages.end; ++page) {
    PageOfHead stored = page_of_head(args, item, page);
    if (page + 1 < pages.end) stored.next_keys = page_of_head(args, item, page + 1).keys;
    auto loaded = Products::load_keys(args, shape, stored, scratch.products);
    Products::load_values(args, shape, stored, scratch.products, loaded);
    const PageWork<Products> work{args, item, shape, scratch.products, loaded, page * kPageTokens};
    attend_states<Products, kAllSteps>(work, scratch.scores, /*scores_stride=*/0, partials);
  }
  fold_sums(shape.n_states, shape.partial, partials);
}

template <typename Products>
void attend_segment_with(const AttentionArgs& args, const AttentionItem& item, int64_t segment, std::byte* scratch,
                         float* out_partials) {
  const AttentionShape shape = shape_of(args, item.end_row - item.first_row);
  const auto parts = divide_scratch<Products>(args, scratch);
  Products::gather_queries(args, item, shape, parts.products);
  attend_pages<Products>(args, item, shape, segment, parts, out_partials);
}

template <typename Products>
void attend_with(const AttentionArgs& args, const AttentionItem& item, std::byte* scratch) {
  const AttentionShape shape = shape_of(args, item.end_row - item.first_row);
  const auto parts = divide_scratch<Products>(args, scratch);
  const int64_t first_position = args.first_position + item.first_row;
  const int64_t first_seen = args.window > 0 ? std::max<int64_t>(0, first_position - args.window + 1) : 0;
  const int64_t end_segment = (end_seen_by(args, item.end_row - 1) - 1) / kSegmentTokens + 1;
  Products::gather_queries(args, item, shape, parts.products);
  clear_partials(shape.n_states, shape.partial, parts.totals);
  for (int64_t segment = first_seen / kSegmentTokens; segment < end_segment; ++segment) {
    attend_pages<Products>(args, item, shape, segment, parts, parts.partials);
    for (int64_t state = 0; state < shape.n_states; ++state) {
      merge(parts.partials + state * shape.partial, shape.padded_value, parts.totals + state * shape.partial);
    }
  }
  for (int64_t state = 0; state < shape.n_states; ++state) {
    finish_state(args, item.first_row + state / shape.group, item.kv_head * shape.group + state % shape.group,
                 parts.totals + state * shape.partial);
  }
}

// The entries of a table: prompts by one kind of products, generated rows in FP32.

template <typename PromptProducts>
size_t attention_scratch_bytes(const AttentionArgs& args) {
  return args.token_class == TokenClass::kGenerated ? scratch_bytes_with<FloatProducts>(args)
                                                    : scratch_bytes_with<PromptProducts>(args);
}

template <typename PromptProducts>
void attend(const AttentionArgs& args, const AttentionItem& item, std::byte* scratch) {
  if (args.token_class == TokenClass::kGenerated) return attend_with<FloatProducts>(args, item, scratch);
  attend_with<PromptProducts>(args, item, scratch);
}

template <typename PromptProducts>
void attend_segment(const AttentionArgs& args, const AttentionItem& item, int64_t segment, std::byte* scratch,
                    float* out_partials) {
  if (args.token_class == TokenClass::kGenerated)
    return attend_segment_with<FloatProducts>(args, item, segment, scratch, out_partials);
  attend_segment_with<PromptProducts>(args, item, segment, scratch, out_partials);
}
