// What the ways to run attention share: the kernels' arguments, how rows are cut into items, and the segments of the
// cache that rows see.
#pragma once

#include <algorithm>

#include "kernels/kernel_table.h"
#include "ops/ops.h"

namespace ingot::core {

// How many states (rows times heads of a group) an item has at most. Prompts: so many that loading a page costs little
// beside multiplying it, while what is kept of them (a query and a weighted sum each) stays within a share of the L2
// cache. Generated rows: each reads the cache at its full speed anyway.
inline constexpr int64_t kPromptStates = 256;
inline constexpr int64_t kFewestPromptStates = 24;
inline constexpr int64_t kGeneratedRows = 16;

// Rows of an item: as many as keep every thread busy to the end.
inline int64_t attention_block_rows(const AttentionArgs& args, int64_t n_rows, int n_threads) {
  if (args.token_class == TokenClass::kGenerated) return std::min(n_rows, kGeneratedRows);
  const int64_t n_kv_heads = args.kv->n_kv_heads;
  const int64_t group = args.n_heads / n_kv_heads;
  const int64_t enough_items = int64_t{8} * n_threads;
  const int64_t blocks_per_head = (enough_items + n_kv_heads - 1) / n_kv_heads;
  const int64_t fewest = (kFewestPromptStates + group - 1) / group;
  const int64_t most = std::max(kPromptStates / group, fewest);
  return std::min(n_rows, std::clamp(n_rows / blocks_per_head, fewest, most));
}

// Of rows of one class. kv and params outlive the arguments.
inline AttentionArgs attention_args(const AttentionParams& params, const KvView& kv, int64_t first_position,
                                    TensorView q, TensorView out, TokenClass token_class, int n_threads) {
  AttentionArgs args;
  args.kv = &kv;
  args.n_heads = params.n_heads;
  args.scale = params.scale;
  args.softcap = params.softcap;
  args.window = params.window;
  args.sinks = params.sinks.empty() ? nullptr : params.sinks.data();
  args.q = q.data;
  args.q_stride = q.row_stride;
  args.out = out.data;
  args.out_stride = out.row_stride;
  args.first_position = first_position;
  args.end_seen = params.end_seen;
  args.token_class = token_class;
  args.block_rows = attention_block_rows(args, q.rows, n_threads);
  return args;
}

struct SegmentRange {
  int64_t first = 0;
  int64_t count = 0;
};

// Of rows [0, n_rows) together. Precondition: n_rows > 0.
inline SegmentRange seen_segments(const AttentionArgs& args, int64_t n_rows) {
  const int64_t first_seen = args.window > 0 ? std::max<int64_t>(0, args.first_position - args.window + 1) : 0;
  const int64_t first = first_seen / kSegmentTokens;
  return {first, (end_seen_by(args, n_rows - 1) - 1) / kSegmentTokens + 1 - first};
}

// Few rows over a long cache are split by segments too: else there might be fewer items than threads.
inline bool split_over_cache(const KernelTable& table, const AttentionArgs& args, int64_t n_rows, int n_threads) {
  constexpr int64_t kFewRows = 16;
  return table.attend_segment != nullptr && n_rows <= std::min(kFewRows, args.block_rows) && n_threads > 1 &&
         seen_segments(args, n_rows).count > 1;
}

}  // namespace ingot::core
