// Shapes of attention for tests, their inputs and caches, and the formula in double.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/fp16.h"
#include "make_ops.h"

namespace ingot::core {

struct AttentionCase {
  int64_t n_heads = 4;
  int64_t n_kv_heads = 2;
  int64_t key_dim = 32;
  int64_t value_dim = 32;
  int64_t n_positions = 150;
  DType dtype = DType::kF16;
  float softcap = 0.0f;
  int64_t window = 0;
  bool sinks = false;
};

// Pages filled with NaN at first: what was never written must never be read into a result.
struct PagedCache {
  std::vector<std::vector<std::byte>> storage;
  std::vector<std::byte*> key_pages;
  std::vector<std::byte*> value_pages;
  KvView view;

  explicit PagedCache(const AttentionCase& c) {
    const auto element = static_cast<int64_t>(c.dtype == DType::kF32 ? sizeof(float) : sizeof(uint16_t));
    const int64_t n_pages = (c.n_positions + kPageTokens - 1) / kPageTokens;
    storage.reserve(static_cast<size_t>(2 * n_pages));
    for (int64_t page = 0; page < n_pages; ++page) {
      for (const int64_t dim : {c.key_dim, c.value_dim}) {
        const auto n_bytes = static_cast<size_t>(c.n_kv_heads * kPageTokens * dim * element);
        storage.emplace_back(n_bytes, std::byte{0xFF});
        (dim == c.key_dim && key_pages.size() == value_pages.size() ? key_pages : value_pages)
            .push_back(storage.back().data());
      }
    }
    view = {c.dtype, c.n_kv_heads, c.key_dim, c.value_dim, key_pages, value_pages};
  }
};

struct AttentionInputs {
  Matrix q, k, v;
  std::vector<float> sinks;

  explicit AttentionInputs(const AttentionCase& c, uint32_t seed = 1) : q(0, 0), k(0, 0), v(0, 0) {
    std::mt19937 random(seed);
    q = Matrix::random(random, c.n_positions, c.n_heads * c.key_dim);
    k = Matrix::random(random, c.n_positions, c.n_kv_heads * c.key_dim);
    v = Matrix::random(random, c.n_positions, c.n_kv_heads * c.value_dim);
    if (c.sinks) sinks = Matrix::random(random, 1, c.n_heads, 2.0f).values;
  }
};

inline AttentionParams params_of(const AttentionCase& c, const AttentionInputs& inputs) {
  return {c.n_heads, 1.0f / std::sqrt(static_cast<float>(c.key_dim)), c.softcap, c.window, inputs.sinks};
}

inline float stored(const AttentionCase& c, float value) {
  return c.dtype == DType::kF32 ? value : fp16_to_float(float_to_fp16(value));
}

// The formula in double. out_sizes: sum over positions of weight * |value|, the scale of an output's error.
inline void naive(const AttentionCase& c, const AttentionInputs& inputs, int64_t row, int64_t head,
                  std::vector<double>& out, std::vector<double>& out_sizes) {
  const AttentionParams params = params_of(c, inputs);
  const int64_t kv_head = head / (c.n_heads / c.n_kv_heads);
  const int64_t first = c.window > 0 ? std::max<int64_t>(0, row - c.window + 1) : 0;
  std::vector<double> scores;
  for (int64_t position = first; position <= row; ++position) {
    double score = 0.0;
    for (int64_t col = 0; col < c.key_dim; ++col) {
      score += static_cast<double>(inputs.q.at(row, head * c.key_dim + col)) *
               stored(c, inputs.k.at(position, kv_head * c.key_dim + col));
    }
    score *= params.scale;
    if (c.softcap > 0) score = c.softcap * std::tanh(score / c.softcap);
    scores.push_back(score);
  }
  double total = c.sinks ? std::exp(static_cast<double>(inputs.sinks[static_cast<size_t>(head)])) : 0.0;
  for (const double score : scores) total += std::exp(score);
  out.assign(static_cast<size_t>(c.value_dim), 0.0);
  out_sizes.assign(static_cast<size_t>(c.value_dim), 0.0);
  for (int64_t position = first; position <= row; ++position) {
    const double weight = std::exp(scores[static_cast<size_t>(position - first)]) / total;
    for (int64_t col = 0; col < c.value_dim; ++col) {
      const double value = stored(c, inputs.v.at(position, kv_head * c.value_dim + col));
      out[static_cast<size_t>(col)] += weight * value;
      out_sizes[static_cast<size_t>(col)] += weight * std::abs(value);
    }
  }
}

inline void expect_near_formula(const AttentionCase& c, const AttentionInputs& inputs, const Matrix& found) {
  std::vector<double> expected;
  std::vector<double> sizes;
  // Errors of a weight: of its score (a sum of key_dim products, whose magnitudes stay below 10 here), of exp, and of
  // the sums over positions, 64 a page at worst in one lane of four.
  const double relative = std::numeric_limits<float>::epsilon() *
                          (40.0 + static_cast<double>(c.key_dim) / 4 + static_cast<double>(c.n_positions) / 4);
  for (int64_t row = 0; row < c.n_positions; ++row) {
    for (int64_t head = 0; head < c.n_heads; ++head) {
      naive(c, inputs, row, head, expected, sizes);
      for (int64_t col = 0; col < c.value_dim; ++col) {
        ASSERT_NEAR(found.at(row, head * c.value_dim + col), expected[static_cast<size_t>(col)],
                    relative * sizes[static_cast<size_t>(col)])
            << "row " << row << " head " << head << " col " << col;
      }
    }
  }
}

inline const AttentionCase kAttentionCases[] = {
    {},
    {.n_heads = 9, .n_kv_heads = 3, .key_dim = 64, .value_dim = 64, .n_positions = 200},
    {.n_heads = 2, .n_kv_heads = 2, .key_dim = 20, .value_dim = 20, .n_positions = 130, .dtype = DType::kF32},
    {.n_heads = 3, .n_kv_heads = 1, .key_dim = 80, .value_dim = 80, .n_positions = 70},
    {.n_heads = 2, .n_kv_heads = 1, .key_dim = 96, .value_dim = 48, .n_positions = 100},
    {.n_heads = 4, .n_kv_heads = 1, .key_dim = 256, .value_dim = 256, .n_positions = 90},
    {.n_heads = 2, .n_kv_heads = 1, .key_dim = 7, .value_dim = 5, .n_positions = 66},
    {.n_positions = 150, .softcap = 5.0f},
    {.n_positions = 150, .sinks = true},
    {.n_positions = 300, .window = 1},
    {.n_positions = 300, .window = 63},
    {.n_positions = 300, .window = 64, .sinks = true},
    {.n_positions = 300, .softcap = 3.0f, .window = 100},
    {.n_positions = 700},
    {.n_heads = 8, .n_kv_heads = 1, .key_dim = 16, .value_dim = 16, .n_positions = 1100, .window = 600, .sinks = true},
};

}  // namespace ingot::core
