#include "ops/kv_writer.h"

#include <algorithm>
#include <cstring>

#include "ops/cpu_ops.h"

namespace ingot::core {
namespace {

// Keys of one head at positions [position, position + n_rows), which are written together: (rows, key_dim), from col of
// k on, -> (key_dim, kPageTokens).
void write_head_keys(const KernelTable& table, const KvView& kv, int64_t position, int64_t head, TensorView k,
                     int64_t col) {
  std::byte* page = kv.key_pages[static_cast<size_t>(position / kPageTokens)];
  const int64_t out = head * kv.key_dim * kPageTokens + position % kPageTokens;
  if (kv.dtype == DType::kF32) {
    float* keys = reinterpret_cast<float*>(page) + out;
    for (int64_t row = 0; row < k.rows; ++row) {
      for (int64_t d = 0; d < kv.key_dim; ++d) keys[d * kPageTokens + row] = k.row(row)[col + d];
    }
    return;
  }
  constexpr int64_t kDims = 64;
  uint16_t halves[kWrittenTogether * kDims];  // (rows, kDims)
  for (int64_t first = 0; first < kv.key_dim; first += kDims) {
    const int64_t n_dims = std::min(kDims, kv.key_dim - first);
    for (int64_t row = 0; row < k.rows; ++row) table.encode_f16(k.row(row) + col + first, n_dims, halves + row * kDims);
    uint16_t* keys = reinterpret_cast<uint16_t*>(page) + out + first * kPageTokens;
    for (int64_t d = 0; d < n_dims; ++d) {
      for (int64_t row = 0; row < k.rows; ++row) keys[d * kPageTokens + row] = halves[row * kDims + d];
    }
  }
}

}  // namespace

void check_pages(const KvView& kv, int64_t first_position, int64_t n_rows) {
  INGOT_CHECK(kv.dtype == DType::kF16 || kv.dtype == DType::kF32, "a cache of F16 or F32");
  const auto n_pages = static_cast<size_t>((first_position + n_rows + kPageTokens - 1) / kPageTokens);
  INGOT_CHECK(n_rows == 0 || (n_pages <= kv.key_pages.size() && n_pages <= kv.value_pages.size()),
              "pages for every row");
}

void write_keys(const KernelTable& table, const KvView& kv, int64_t first_position, int64_t first_head, TensorView k) {
  const int64_t n_heads = k.cols / kv.key_dim;
  for (int64_t first = 0; first < k.rows;) {
    const int64_t position = first_position + first;
    const int64_t n_rows = std::min(kWrittenTogether - position % kWrittenTogether, k.rows - first);
    for (int64_t head = 0; head < n_heads; ++head) {
      write_head_keys(table, kv, position, first_head + head, k.row_range(first, n_rows), head * kv.key_dim);
    }
    first += n_rows;
  }
}

void write_values(const KernelTable& table, const KvView& kv, int64_t first_position, int64_t first_head,
                  TensorView v) {
  const int64_t dim = kv.value_dim;
  const int64_t n_heads = v.cols / dim;
  for (int64_t row = 0; row < v.rows; ++row) {
    const int64_t position = first_position + row;
    std::byte* page = kv.value_pages[static_cast<size_t>(position / kPageTokens)];
    for (int64_t head = 0; head < n_heads; ++head) {
      const int64_t out = ((first_head + head) * kPageTokens + position % kPageTokens) * dim;
      const float* values = v.row(row) + head * dim;
      if (kv.dtype == DType::kF32) {
        std::memcpy(reinterpret_cast<float*>(page) + out, values, static_cast<size_t>(dim) * sizeof(float));
      } else {
        table.encode_f16(values, dim, reinterpret_cast<uint16_t*>(page) + out);
      }
    }
  }
}

void CpuOps::write_kv(const KvView& kv, int64_t first_position, TensorView k, TensorView v) {
  check_pages(kv, first_position, k.rows);
  INGOT_CHECK(k.rows == v.rows && k.cols == kv.n_kv_heads * kv.key_dim && v.cols == kv.n_kv_heads * kv.value_dim,
              "shapes of write_kv");
  if (k.rows == 0) return;
  const int64_t first_block = first_position / kWrittenTogether;
  const int64_t end_position = first_position + k.rows;
  const int64_t n_blocks = (end_position - 1) / kWrittenTogether + 1 - first_block;
  pool_->parallel_for(n_blocks, 1, [&](int64_t begin, int64_t end, int) {
    const int64_t position = std::max((first_block + begin) * kWrittenTogether, first_position);
    const int64_t n_rows = std::min((first_block + end) * kWrittenTogether, end_position) - position;
    write_keys(*table_, kv, position, 0, k.row_range(position - first_position, n_rows));
    write_values(*table_, kv, position, 0, v.row_range(position - first_position, n_rows));
  });
}

}  // namespace ingot::core
