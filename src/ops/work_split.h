// How the work of products is cut: what is done at once bounds scratch, which step_memory.cpp foretells.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/aligned_buffer.h"
#include "kernels/kernel_table.h"
#include "ops/ops.h"

namespace ingot::core {

// Rows of activations that weights are unpacked for; also rows of tokens whose experts are computed together.
inline constexpr int64_t kRowsAtOnce = 512;

// fn(class, first_row, n_rows) over all rows of a step, at a time rows of one class and at most kRowsAtOnce.
template <typename Fn>
void for_each_class(const StepRows& step, const Fn& fn) {
  for (int64_t first = 0; first < step.total();) {
    const bool prompt = first < step.n_prompt;
    const int64_t n_rows = std::min((prompt ? step.n_prompt : step.total()) - first, kRowsAtOnce);
    fn(prompt ? TokenClass::kPrompt : TokenClass::kGenerated, first, n_rows);
    first += n_rows;
  }
}

// Where the next of several packed inputs begins.
inline constexpr size_t packed_stride(size_t n_bytes) {
  return (n_bytes + kCacheLineBytes - 1) / kCacheLineBytes * kCacheLineBytes;
}

// Rows between a norm and their packing: few enough to stay in the nearest cache, and as many as packing takes at once.
inline constexpr int64_t kNormedTogether = 4;
inline constexpr size_t normed_rows_bytes(int64_t cols) {
  return static_cast<size_t>(kNormedTogether * cols) * sizeof(float);
}

// Weight rows that a thread takes at a time, whole groups of 16. n_rows of activations meet them.
// Many: enough pieces to balance threads that run unequally fast, and not so many that activations are fetched again
// for a few weight rows only. Few: the time goes into reading weights, and two matrices in turn (gate and up) are two
// streams; changing between them twice a thread, not with every 64 rows, gives a tenth more tokens a second (1.2 B).
// Finer pieces of single matrices gain nothing (four a thread: 20 of 34 pairs of runs won).
inline int64_t weight_rows_at_once(int64_t n_weight_rows, int n_threads, int64_t n_rows) {
  constexpr int64_t kFewRows = 4;
  const bool few = n_rows <= kFewRows;
  const int64_t even = n_weight_rows / (static_cast<int64_t>(n_threads) * (few ? 2 : 8));
  const int64_t groups_of_16 = even / 16 * 16;
  return few ? std::max<int64_t>(groups_of_16, 16) : std::clamp<int64_t>(groups_of_16, 16, 64);
}

// Where gated_linear() keeps what a thread works on: what the kernels need, then a tile of up, (n_rows, cols), and one
// of gate, if that does not go to its own place.
struct GatedTiles {
  int64_t cols = 0;
  size_t up_at = 0;
  size_t gate_at = 0;
  size_t n_bytes = 0;

  GatedTiles(size_t kernel_bytes, int64_t n_outputs, int n_threads, int64_t n_rows, bool own_gate) {
    // Whole groups of columns, which are packed together.
    cols = weight_rows_at_once(n_outputs, n_threads, n_rows);
    if (own_gate) cols = (cols + kPackedColumns - 1) / kPackedColumns * kPackedColumns;
    const size_t tile_bytes = static_cast<size_t>(n_rows * cols) * sizeof(float);
    up_at = packed_stride(kernel_bytes);
    gate_at = up_at + packed_stride(tile_bytes);
    n_bytes = own_gate ? gate_at + tile_bytes : up_at + tile_bytes;
  }
};

}  // namespace ingot::core
