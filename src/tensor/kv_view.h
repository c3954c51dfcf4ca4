// Keys and values of one layer of one sequence, scattered over pages.
//
//   page p of keys   : (n_kv_heads, key_dim, kPageTokens)   of dtype
//   page p of values : (n_kv_heads, kPageTokens, value_dim) of dtype
//
// Position t lies in page t / kPageTokens at slot t % kPageTokens. Heads are outermost inside a page, so that the
// keys of one head in one page are one contiguous matrix: the unit of attention and of the prefix cache. Keys lie with
// the slots innermost: scores of many slots are then lanes side by side, and nothing is ever transposed to be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/dtype.h"

namespace ingot::core {

inline constexpr int64_t kPageTokens = 64;

struct KvView {
  DType dtype = DType::kF16;  // kF16 or kF32
  int64_t n_kv_heads = 0;
  int64_t key_dim = 0;    // per head
  int64_t value_dim = 0;  // per head
  std::span<std::byte* const> key_pages;
  std::span<std::byte* const> value_pages;
};

}  // namespace ingot::core
