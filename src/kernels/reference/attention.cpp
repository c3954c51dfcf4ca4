// Attention as the formula has it: all scores of a row, their largest, the exponentials, the weighted sum.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/fp16.h"
#include "kernels/reference/reference.h"

namespace ingot::core::reference {
namespace {

float element(const KvView& kv, const std::byte* base, int64_t index) {
  if (kv.dtype == DType::kF32) return reinterpret_cast<const float*>(base)[index];
  return fp16_to_float(reinterpret_cast<const uint16_t*>(base)[index]);
}

size_t element_bytes(const KvView& kv) {
  return kv.dtype == DType::kF32 ? sizeof(float) : sizeof(uint16_t);
}

// (n_positions, key_dim) of one head in one page.
void decode_keys(const KvView& kv, const std::byte* page, int64_t kv_head, int64_t n_positions, float* out) {
  const int64_t dim = kv.key_dim;
  const std::byte* base = page + static_cast<size_t>(kv_head * kPageTokens * dim) * element_bytes(kv);
  for (int64_t slot = 0; slot < n_positions; ++slot) {
    for (int64_t d = 0; d < dim; ++d) out[slot * dim + d] = element(kv, base, d * kPageTokens + slot);
  }
}

// (n_positions, value_dim) of one head in one page.
void decode_values(const KvView& kv, const std::byte* page, int64_t kv_head, int64_t n_positions, float* out) {
  const int64_t dim = kv.value_dim;
  const std::byte* base = page + static_cast<size_t>(kv_head * kPageTokens * dim) * element_bytes(kv);
  for (int64_t index = 0; index < n_positions * dim; ++index) out[index] = element(kv, base, index);
}

double dot(const float* a, const float* b, int64_t n) {
  // Four sums in flight, added at the end: one alone would wait for each addition.
  double sums[4] = {};
  int64_t col = 0;
  for (; col + 4 <= n; col += 4) {
    for (int64_t lane = 0; lane < 4; ++lane) {
      const float product = a[col + lane] * b[col + lane];
      sums[lane] += static_cast<double>(product);
    }
  }
  for (; col < n; ++col) sums[0] += static_cast<double>(a[col] * b[col]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// What one row of one head has gathered so far.
struct RowState {
  double largest = -std::numeric_limits<double>::infinity();
  double sum = 0.0;
};

}  // namespace

// Pages are walked twice, so that scores need no more than a page's worth of memory: first for the largest score, then
// for exponentials and values.
size_t attention_scratch_bytes(const AttentionArgs& args) {
  const int64_t group = args.n_heads / args.kv->n_kv_heads;
  const int64_t states = args.block_rows * group;
  return static_cast<size_t>(kPageTokens * (args.kv->key_dim + args.kv->value_dim)) * sizeof(float) +
         static_cast<size_t>(states) * sizeof(RowState) +
         static_cast<size_t>(states * args.kv->value_dim) * sizeof(double);
}

void attend(const AttentionArgs& args, const AttentionItem& item, std::byte* scratch) {
  const KvView& kv = *args.kv;
  const int64_t group = args.n_heads / kv.n_kv_heads;
  const int64_t n_states = (item.end_row - item.first_row) * group;
  RowState* states = reinterpret_cast<RowState*>(scratch);
  double* sums = reinterpret_cast<double*>(states + args.block_rows * group);  // (states, value_dim)
  float* keys = reinterpret_cast<float*>(sums + args.block_rows * group * kv.value_dim);
  float* values = keys + kPageTokens * kv.key_dim;

  const auto first_seen = [&](int64_t position) {
    return args.window > 0 ? std::max<int64_t>(0, position - args.window + 1) : 0;
  };
  const int64_t first_page = first_seen(args.first_position + item.first_row) / kPageTokens;
  const int64_t last_position = end_seen_by(args, item.end_row - 1) - 1;
  const int64_t end_page = last_position / kPageTokens + 1;
  const auto score = [&](int64_t row, int64_t head, int64_t slot) {
    double value =
        args.scale * dot(args.q + row * args.q_stride + head * kv.key_dim, keys + slot * kv.key_dim, kv.key_dim);
    if (args.softcap > 0.0f) value = args.softcap * std::tanh(value / args.softcap);
    return value;
  };
  // visit(state, row, head, slot) for every pair that is seen, position by position.
  const auto for_each_seen = [&](int64_t page, const auto& visit) {
    for (int64_t state = 0; state < n_states; ++state) {
      const int64_t row = item.first_row + state / group;
      const int64_t head = item.kv_head * group + state % group;
      const int64_t position = args.first_position + row;
      const int64_t begin = std::max(first_seen(position), page * kPageTokens);
      const int64_t end = std::min(end_seen_by(args, row), (page + 1) * kPageTokens);
      for (int64_t seen = begin; seen < end; ++seen) visit(state, row, head, seen - page * kPageTokens);
    }
  };

  for (int64_t state = 0; state < n_states; ++state) {
    states[state] = RowState();
    if (args.sinks != nullptr) states[state].largest = args.sinks[item.kv_head * group + state % group];
  }
  std::fill_n(sums, n_states * kv.value_dim, 0.0);
  for (int64_t page = first_page; page < end_page; ++page) {
    const int64_t n_positions = std::min(kPageTokens, last_position + 1 - page * kPageTokens);
    decode_keys(kv, kv.key_pages[static_cast<size_t>(page)], item.kv_head, n_positions, keys);
    for_each_seen(page, [&](int64_t state, int64_t row, int64_t head, int64_t slot) {
      states[state].largest = std::max(states[state].largest, score(row, head, slot));
    });
  }
  for (int64_t page = first_page; page < end_page; ++page) {
    const int64_t n_positions = std::min(kPageTokens, last_position + 1 - page * kPageTokens);
    decode_keys(kv, kv.key_pages[static_cast<size_t>(page)], item.kv_head, n_positions, keys);
    decode_values(kv, kv.value_pages[static_cast<size_t>(page)], item.kv_head, n_positions, values);
    for_each_seen(page, [&](int64_t state, int64_t row, int64_t head, int64_t slot) {
      const double weight = std::exp(score(row, head, slot) - states[state].largest);
      states[state].sum += weight;
      double* sum = sums + state * kv.value_dim;
      for (int64_t col = 0; col < kv.value_dim; ++col) sum[col] += weight * values[slot * kv.value_dim + col];
    });
  }
  for (int64_t state = 0; state < n_states; ++state) {
    const int64_t row = item.first_row + state / group;
    const int64_t head = item.kv_head * group + state % group;
    double total = states[state].sum;
    if (args.sinks != nullptr) total += std::exp(args.sinks[head] - states[state].largest);
    float* out = args.out + row * args.out_stride + head * kv.value_dim;
    for (int64_t col = 0; col < kv.value_dim; ++col) {
      out[col] = static_cast<float>(sums[state * kv.value_dim + col] / total);
    }
  }
}

}  // namespace ingot::core::reference
