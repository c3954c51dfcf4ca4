// What the ways to run attention share: the kernels' arguments, and the segments of the cache that rows see.
#pragma once

#include <algorithm>

#include "kernels/kernel_table.h"
#include "ops/ops.h"

namespace ingot::core {

// kv and params outlive the arguments.
inline AttentionArgs attention_args(const AttentionParams& params, const KvView& kv, int64_t first_position,
                                    TensorView q, TensorView out) {
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
  return {first, (args.first_position + n_rows - 1) / kSegmentTokens + 1 - first};
}

}  // namespace ingot::core
