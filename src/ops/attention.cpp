// Attention over the cache.
//
// Work items are blocks of query rows times heads of keys: the query heads that share a head of keys are done
// together, so that each page is read once for all of them. Few rows over a long cache (decode) are split by segments
// of the cache too; the kernels see to it that none of this changes a bit.
#include <algorithm>

#include "ops/attention_args.h"
#include "ops/cpu_ops.h"

namespace ingot::core {

void CpuOps::attention(const StepRows& step, const AttentionParams& params, const KvView& kv, int64_t first_position,
                       TensorView q, TensorView out) {
  INGOT_CHECK(step.total() == q.rows, "rows of a class each");
  INGOT_CHECK(params.n_heads > 0 && kv.n_kv_heads > 0 && params.n_heads % kv.n_kv_heads == 0, "heads in whole groups");
  INGOT_CHECK(q.rows == out.rows && q.cols == params.n_heads * kv.key_dim && out.cols == params.n_heads * kv.value_dim,
              "shapes of attention");
  INGOT_CHECK(params.sinks.empty() || static_cast<int64_t>(params.sinks.size()) == params.n_heads, "one sink a head");
  if (q.rows == 0) return;
  const int64_t end_position = first_position + q.rows;
  INGOT_CHECK(params.end_seen == 0 || params.end_seen >= end_position, "rows that see themselves");
  const auto last_page = static_cast<size_t>((std::max(params.end_seen, end_position) - 1) / kPageTokens);
  INGOT_CHECK(last_page < kv.key_pages.size() && last_page < kv.value_pages.size(), "pages for every position");
  const int64_t n_prompt = step.n_prompt;
  const auto attend_rows = [&](int64_t first, int64_t n_rows, TokenClass token_class) {
    if (n_rows == 0) return;
    attend(attention_args(params, kv, first_position + first, q.row_range(first, n_rows), out.row_range(first, n_rows),
                          token_class, pool_->n_threads()),
           out.row_range(first, n_rows));
  };
  attend_rows(0, n_prompt, TokenClass::kPrompt);
  attend_rows(n_prompt, step.n_generated, TokenClass::kGenerated);
}

void CpuOps::attend(const AttentionArgs& args, TensorView out) {
  const KvView& kv = *args.kv;
  const size_t bytes_per_thread = table_->attention_scratch_bytes(args);
  const Result<std::byte*> scratch = scratch_.get_per_thread(bytes_per_thread);
  if (!scratch) return fail_step(scratch.error(), out);
  const auto thread_scratch = [&](int thread_idx) {
    return *scratch + Scratch::thread_stride(bytes_per_thread) * static_cast<size_t>(thread_idx);
  };
  const int64_t n_blocks = (out.rows + args.block_rows - 1) / args.block_rows;
  const auto item_of = [&](int64_t block, int64_t kv_head) {
    const int64_t first_row = block * args.block_rows;
    return AttentionItem{first_row, std::min(first_row + args.block_rows, out.rows), kv_head};
  };

  const SegmentRange seen = seen_segments(args, out.rows);  // not a structured binding: Clang 14 captures none
  if (!split_over_cache(*table_, args, out.rows, pool_->n_threads())) {
    // Later rows see more: they go first, so that the last items are short ones.
    pool_->parallel_for(n_blocks * kv.n_kv_heads, 1, [&](int64_t begin, int64_t end, int thread_idx) {
      for (int64_t item = begin; item < end; ++item) {
        table_->attend(args, item_of(n_blocks - 1 - item / kv.n_kv_heads, item % kv.n_kv_heads),
                       thread_scratch(thread_idx));
      }
    });
    return;
  }

  // partials: (segments, n_kv_heads, rows, group, partial)
  const int64_t partial = attention_partial_floats(kv.value_dim);
  const int64_t group = args.n_heads / kv.n_kv_heads;
  const int64_t segment_stride = out.rows * args.n_heads * partial;
  const Result<std::byte*> bytes =
      scratch_.get(ScratchSlot::kPartials, static_cast<size_t>(seen.count * segment_stride) * sizeof(float));
  if (!bytes) return fail_step(bytes.error(), out);
  float* partials = reinterpret_cast<float*>(*bytes);
  pool_->parallel_for(seen.count * kv.n_kv_heads, 1, [&](int64_t begin, int64_t end, int thread_idx) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t segment = item / kv.n_kv_heads;
      const int64_t kv_head = item % kv.n_kv_heads;
      table_->attend_segment(args, item_of(0, kv_head), seen.first + segment, thread_scratch(thread_idx),
                             partials + segment * segment_stride + kv_head * out.rows * group * partial);
    }
  });
  pool_->parallel_for(out.rows * args.n_heads, 16, [&](int64_t begin, int64_t end, int thread_idx) {
    float* total = reinterpret_cast<float*>(thread_scratch(thread_idx));
    for (int64_t item = begin; item < end; ++item) {
      const int64_t row = item / args.n_heads;
      const int64_t head = item % args.n_heads;
      const int64_t offset = ((head / group * out.rows + row) * group + head % group) * partial;
      table_->merge_segments(args, row, head, partials + offset, seen.count, segment_stride, total);
    }
  });
}

}  // namespace ingot::core
