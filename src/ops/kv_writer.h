// Rows of keys and values into the pages of a cache (tensor/kv_view.h), in whatever type it has.
#pragma once

#include "base/aligned_buffer.h"
#include "kernels/kernel_table.h"
#include "tensor/kv_view.h"
#include "tensor/tensor_view.h"

namespace ingot::core {

// Positions that one thread should write: their keys fill whole cache lines, one for each dimension.
inline constexpr int64_t kWrittenTogether = static_cast<int64_t>(kCacheLineBytes / sizeof(uint16_t));
static_assert(kPageTokens % kWrittenTogether == 0, "positions written together lie in one page");

// Programmer's mistakes: a type that no cache has, or no page for one of these positions.
void check_pages(const KvView& kv, int64_t first_position, int64_t n_rows);

// Rows of some heads from first_head on, (rows, heads * key_dim), at positions [first_position, first_position + rows).
void write_keys(const KernelTable& table, const KvView& kv, int64_t first_position, int64_t first_head, TensorView k);
// The same of values, (rows, heads * value_dim).
void write_values(const KernelTable& table, const KvView& kv, int64_t first_position, int64_t first_head, TensorView v);

}  // namespace ingot::core
