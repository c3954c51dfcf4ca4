// Attention over one segment in three stages, each over all of its pages: what a profile runs beside the fused kernel
// to tell how the time divides. The inner code is that of the fused kernel; the detour of the scores over memory is
// not. Included by table.cpp after attention.h, inside its region and namespace.
//
//   scores, one segment: (pages that the item sees, states, kPageTokens)

void score_segment(const AttentionArgs& args, const AttentionItem& item, int64_t segment, std::byte* scratch,
                   float* out_scores) {
  const AttentionShape shape = shape_of(args, item.end_row - item.first_row);
  const AttentionScratch parts = divide_scratch(shape_of(args, kMaxAttentionRows), scratch);
  const PageRange pages = segment_pages(args, item, segment);
  gather_queries(args, item, shape, parts.queries);
  for (int64_t page = pages.begin; page < pages.end; ++page) {
    score_page(args, item, shape, page, parts, out_scores + (page - pages.begin) * shape.n_states * kPageTokens);
  }
}

void softmax_segment(const AttentionArgs& args, const AttentionItem& item, int64_t segment, float* scores,
                     float* out_partials) {
  const AttentionShape shape = shape_of(args, item.end_row - item.first_row);
  const PageRange pages = segment_pages(args, item, segment);
  clear_partials(shape, out_partials);
  for (int64_t state = 0; state < shape.n_states; ++state) {
    float* partial = out_partials + state * shape.partial;
    const auto page_scores = [&](int64_t page) {
      return scores + ((page - pages.begin) * shape.n_states + state) * kPageTokens;
    };
    const auto unseen = [&](int64_t page) {
      const PositionRange seen = seen_by_state(args, item, shape, state, page);
      return seen.begin >= seen.end;
    };
    for (int64_t page = pages.begin; page < pages.end; ++page) {
      if (unseen(page)) continue;
      const float candidate = mask_scores(args, seen_by_state(args, item, shape, state, page), page_scores(page));
      if (candidate > partial[kLargest]) partial[kLargest] = candidate;
    }
    // As in update_softmax: with minus infinities alone, any finite reference gives weights of zero.
    const F32 reference = broadcast(partial[kLargest] == kMinusInfinity ? 0.0f : partial[kLargest]);
    for (int64_t page = pages.begin; page < pages.end; ++page) {
      if (unseen(page)) continue;
      F32 sums = zero();
      for (int64_t slot = 0; slot < kPageTokens; slot += kLanes) {
        const F32 weight = exp(sub(load(page_scores(page) + slot), reference));
        store(page_scores(page) + slot, weight);
        sums = add(sums, weight);
      }
      partial[kSum] += sum(sums);
    }
  }
}

void weigh_segment(const AttentionArgs& args, const AttentionItem& item, int64_t segment, const float* weights,
                   std::byte* scratch, float* partials) {
  const AttentionShape shape = shape_of(args, item.end_row - item.first_row);
  const AttentionScratch parts = divide_scratch(shape_of(args, kMaxAttentionRows), scratch);
  const PageRange pages = segment_pages(args, item, segment);
  for (int64_t page = pages.begin; page < pages.end; ++page) {
    weigh_page(args, item, shape, page, parts, weights + (page - pages.begin) * shape.n_states * kPageTokens, partials);
  }
}
