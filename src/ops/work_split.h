// How the work of products is cut: what is done at once bounds scratch, which step_memory.cpp foretells.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/aligned_buffer.h"

namespace ingot::core {

// Rows of activations that weights are unpacked for; also rows of tokens whose experts are computed together.
inline constexpr int64_t kRowsAtOnce = 512;

// Where the next of several packed inputs begins.
inline constexpr size_t packed_stride(size_t n_bytes) {
  return (n_bytes + kCacheLineBytes - 1) / kCacheLineBytes * kCacheLineBytes;
}

// Weight rows that a thread takes at a time, whole groups of 16. n_rows of activations meet them.
// Many: enough pieces to balance threads that run unequally fast, and not so many that activations are fetched again
// for a few weight rows only. Few: the time goes into reading weights, and two matrices in turn (gate and up) are two
// streams; changing between them twice a thread, not with every 64 rows, gives a tenth more tokens a second (1.2 B).
inline int64_t weight_rows_at_once(int64_t n_weight_rows, int n_threads, int64_t n_rows) {
  constexpr int64_t kFewRows = 4;
  const bool few = n_rows <= kFewRows;
  const int64_t even = n_weight_rows / (static_cast<int64_t>(n_threads) * (few ? 2 : 8));
  const int64_t groups_of_16 = even / 16 * 16;
  return few ? std::max<int64_t>(groups_of_16, 16) : std::clamp<int64_t>(groups_of_16, 16, 64);
}

}  // namespace ingot::core
