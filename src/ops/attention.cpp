// Keys and values into the cache, and attention over it.
//
// Work items are blocks of query rows times heads of keys: the query heads that share a head of keys are done
// together, so that each page is decoded once for all of them. Few rows over a long cache (decode) are split by
// segments of the cache too; the kernels see to it that this does not change a bit.
#include <algorithm>
#include <cstring>

#include "ops/attention_args.h"
#include "ops/cpu_ops.h"

namespace ingot::core {
namespace {

// (rows, n_kv_heads * dim) -> pages (n_kv_heads, kPageTokens, dim).
void write_row(const KernelTable& table, const KvView& kv, std::span<std::byte* const> pages, int64_t dim,
               int64_t position, const float* row) {
  std::byte* page = pages[static_cast<size_t>(position / kPageTokens)];
  for (int64_t head = 0; head < kv.n_kv_heads; ++head) {
    const int64_t first = (head * kPageTokens + position % kPageTokens) * dim;
    if (kv.dtype == DType::kF32) {
      std::memcpy(reinterpret_cast<float*>(page) + first, row + head * dim, static_cast<size_t>(dim) * sizeof(float));
    } else {
      table.encode_f16(row + head * dim, dim, reinterpret_cast<uint16_t*>(page) + first);
    }
  }
}

}  // namespace

void CpuOps::write_kv(const KvView& kv, int64_t first_position, TensorView k, TensorView v) {
  INGOT_CHECK(kv.dtype == DType::kF16 || kv.dtype == DType::kF32, "a cache of F16 or F32");
  INGOT_CHECK(k.rows == v.rows && k.cols == kv.n_kv_heads * kv.key_dim && v.cols == kv.n_kv_heads * kv.value_dim,
              "shapes of write_kv");
  if (k.rows == 0) return;
  const auto last_page = static_cast<size_t>((first_position + k.rows - 1) / kPageTokens);
  INGOT_CHECK(last_page < kv.key_pages.size() && last_page < kv.value_pages.size(), "pages for every row");
  pool_->parallel_for(k.rows, 16, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      write_row(*table_, kv, kv.key_pages, kv.key_dim, first_position + row, k.row(row));
      write_row(*table_, kv, kv.value_pages, kv.value_dim, first_position + row, v.row(row));
    }
  });
}

void CpuOps::attention(const StepRows&, const AttentionParams& params, const KvView& kv, int64_t first_position,
                       TensorView q, TensorView out) {
  INGOT_CHECK(params.n_heads > 0 && kv.n_kv_heads > 0 && params.n_heads % kv.n_kv_heads == 0, "heads in whole groups");
  INGOT_CHECK(q.rows == out.rows && q.cols == params.n_heads * kv.key_dim && out.cols == params.n_heads * kv.value_dim,
              "shapes of attention");
  INGOT_CHECK(params.sinks.empty() || static_cast<int64_t>(params.sinks.size()) == params.n_heads, "one sink a head");
  if (q.rows == 0) return;
  const int64_t end_position = first_position + q.rows;
  const auto last_page = static_cast<size_t>((end_position - 1) / kPageTokens);
  INGOT_CHECK(last_page < kv.key_pages.size() && last_page < kv.value_pages.size(), "pages for every position");

  const AttentionArgs args = attention_args(params, kv, first_position, q, out);
  const size_t bytes_per_thread = table_->attention_scratch_bytes(args);
  const Result<std::byte*> scratch = scratch_.get_per_thread(bytes_per_thread);
  if (!scratch) return fail_step(scratch.error(), out);
  const auto thread_scratch = [&](int thread_idx) {
    return *scratch + Scratch::thread_stride(bytes_per_thread) * static_cast<size_t>(thread_idx);
  };
  const int64_t n_blocks = (q.rows + kMaxAttentionRows - 1) / kMaxAttentionRows;
  const auto item_of = [&](int64_t block, int64_t kv_head) {
    const int64_t first_row = block * kMaxAttentionRows;
    return AttentionItem{first_row, std::min(first_row + kMaxAttentionRows, q.rows), kv_head};
  };

  const SegmentRange seen = seen_segments(args, q.rows);  // not a structured binding: Clang 14 captures none
  const bool split = table_->attend_segment != nullptr && n_blocks == 1 && seen.count > 1 && pool_->n_threads() > 1;
  if (!split) {
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
  const int64_t group = params.n_heads / kv.n_kv_heads;
  const int64_t segment_stride = q.rows * params.n_heads * partial;
  const Result<std::byte*> bytes =
      scratch_.get(ScratchSlot::kPartials, static_cast<size_t>(seen.count * segment_stride) * sizeof(float));
  if (!bytes) return fail_step(bytes.error(), out);
  float* partials = reinterpret_cast<float*>(*bytes);
  pool_->parallel_for(seen.count * kv.n_kv_heads, 1, [&](int64_t begin, int64_t end, int thread_idx) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t segment = item / kv.n_kv_heads;
      const int64_t kv_head = item % kv.n_kv_heads;
      table_->attend_segment(args, item_of(0, kv_head), seen.first + segment, thread_scratch(thread_idx),
                             partials + segment * segment_stride + kv_head * q.rows * group * partial);
    }
  });
  pool_->parallel_for(q.rows * params.n_heads, 16, [&](int64_t begin, int64_t end, int thread_idx) {
    float* total = reinterpret_cast<float*>(thread_scratch(thread_idx));
    for (int64_t item = begin; item < end; ++item) {
      const int64_t row = item / params.n_heads;
      const int64_t head = item % params.n_heads;
      const int64_t offset = ((head / group * q.rows + row) * group + head % group) * partial;
      table_->merge_segments(args, row, head, partials + offset, seen.count, segment_stride, total);
    }
  });
}

}  // namespace ingot::core
