// Attention over one segment in three stages, each over all of its pages: what a profile runs beside the fused kernel
// to tell how the time divides. The inner code is that of the fused kernel; the detour of the scores over memory is
// not, nor that each stage that needs a page loads it by itself. Included by table.cpp after attention.h, inside its
// region and namespace.
//
//   scores, one segment: (pages that the item sees, states, kPageTokens)

template <typename Products>
void score_segment_with(const AttentionArgs& args, const AttentionItem& item, int64_t segment, std::byte* scratch,
                        float* out_scores) {
  const AttentionShape shape = shape_of(args, item.end_row - item.first_row);
  const auto parts = divide_scratch<Products>(args, scratch);
  const PageRange pages = segment_pages(args, item, segment);
  Products::gather_queries(args, item, shape, parts.products);
  for (int64_t page = pages.begin; page < pages.end; ++page) {
    const auto loaded = Products::load_keys(args, shape, page_of_head(args, item, page), parts.products);
    const PageWork<Products> work{args, item, shape, parts.products, loaded, page * kPageTokens};
    attend_states<Products, kScore>(work, out_scores + (page - pages.begin) * shape.n_states * kPageTokens,
                                    /*scores_stride=*/kPageTokens, parts.partials);
  }
}

// The final reference first, then the weights: what was weighed by an earlier reference is not there to be corrected.
template <typename Products>
void softmax_segment_with(const AttentionArgs& args, const AttentionItem& item, int64_t segment, float* scores,
                          float* out_partials) {
  const AttentionShape shape = shape_of(args, item.end_row - item.first_row);
  const PageRange pages = segment_pages(args, item, segment);
  clear_partials(shape.n_states, shape.partial, out_partials);
  for (int64_t state = 0; state < shape.n_states; ++state) {
    float* partial = out_partials + state * shape.partial;
    const int64_t position = args.first_position + item.first_row + state / shape.group;
    for (const bool weights : {false, true}) {
      for (int64_t page = pages.begin; page < pages.end; ++page) {
        const PositionRange seen = seen_slots(args, position, page * kPageTokens);
        float* row_scores = scores + ((page - pages.begin) * shape.n_states + state) * kPageTokens;
        if (weights) {
          Products::soften(seen, row_scores, partial);
          continue;
        }
        const float candidate = Products::mask(args, seen, row_scores);
        if (candidate > partial[kReference]) partial[kReference] = std::ceil(candidate);
      }
    }
  }
  fold_sums(shape.n_states, shape.partial, out_partials);
}

template <typename Products>
void weigh_segment_with(const AttentionArgs& args, const AttentionItem& item, int64_t segment, const float* weights,
                        std::byte* scratch, float* partials) {
  const AttentionShape shape = shape_of(args, item.end_row - item.first_row);
  const auto parts = divide_scratch<Products>(args, scratch);
  const PageRange pages = segment_pages(args, item, segment);
  for (int64_t page = pages.begin; page < pages.end; ++page) {
    typename Products::Page loaded = {};
    Products::load_values(args, shape, page_of_head(args, item, page), parts.products, loaded);
    const PageWork<Products> work{args, item, shape, parts.products, loaded, page * kPageTokens};
    // Only read: this step makes nothing of scores any more.
    float* page_weights = const_cast<float*>(weights) + (page - pages.begin) * shape.n_states * kPageTokens;
    attend_states<Products, kWeigh>(work, page_weights, /*scores_stride=*/kPageTokens, partials);
  }
}

template <typename PromptProducts>
void score_segment(const AttentionArgs& args, const AttentionItem& item, int64_t segment, std::byte* scratch,
                   float* out_scores) {
  if (args.token_class == TokenClass::kGenerated)
    return score_segment_with<FloatProducts>(args, item, segment, scratch, out_scores);
  score_segment_with<PromptProducts>(args, item, segment, scratch, out_scores);
}

template <typename PromptProducts>
void softmax_segment(const AttentionArgs& args, const AttentionItem& item, int64_t segment, float* scores,
                     float* out_partials) {
  if (args.token_class == TokenClass::kGenerated)
    return softmax_segment_with<FloatProducts>(args, item, segment, scores, out_partials);
  softmax_segment_with<PromptProducts>(args, item, segment, scores, out_partials);
}

template <typename PromptProducts>
void weigh_segment(const AttentionArgs& args, const AttentionItem& item, int64_t segment, const float* weights,
                   std::byte* scratch, float* partials) {
  if (args.token_class == TokenClass::kGenerated)
    return weigh_segment_with<FloatProducts>(args, item, segment, weights, scratch, partials);
  weigh_segment_with<PromptProducts>(args, item, segment, weights, scratch, partials);
}
