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
  bool whole = false;  // every row sees all positions
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
  return {.n_heads = c.n_heads,
          .scale = 1.0f / std::sqrt(static_cast<float>(c.key_dim)),
          .softcap = c.softcap,
          .window = c.window,
          .end_seen = c.whole ? c.n_positions : 0,
          .sinks = inputs.sinks};
}

inline constexpr TokenClass kBothClasses[] = {TokenClass::kPrompt, TokenClass::kGenerated};

inline StepRows step_of(TokenClass rows, int64_t n) {
  return rows == TokenClass::kPrompt ? StepRows{n, 0} : StepRows{0, n};
}

// Half a unit in the last place of what a table multiplies.
inline double half_unit(const std::string& kernels, TokenClass rows) {
  const bool bf16 = kernels == "avx512_bf16" || kernels == "amx_bf16" || kernels == "emulated_tiles";
  return bf16 && rows == TokenClass::kPrompt ? std::ldexp(1.0, -9) : std::ldexp(1.0, -24);
}

// The formula in double, and how far from it products may be that round to a half unit u. A score is off by the
// roundings of its query and its keys, which add like steps of a random walk: 4 u |q * k|, the norm taken over the
// products. Its weight is off by that and, relatively, by its own rounding; the sum of all weights by the mean of that;
// the value by its rounding.
class AttentionFormula {
 public:
  AttentionFormula(const AttentionCase& c, const AttentionInputs& inputs)
      : case_(c), inputs_(inputs), keys_(stored_values(inputs.k)), values_(stored_values(inputs.v)) {
    const auto n_values = static_cast<size_t>(c.n_positions * c.n_heads * c.value_dim);
    expected_.resize(n_values);
    sizes_.resize(n_values);
    roundings_.resize(n_values);
    for (int64_t row = 0; row < c.n_positions; ++row) {
      for (int64_t head = 0; head < c.n_heads; ++head) attend(row, head);
    }
  }

  void expect_near(const Matrix& found, double half_unit) const {
    // What is summed in FP32 in any case: a score (of key_dim products, whose magnitudes stay below 10 here), exp, and
    // the sums over positions, 64 a page at worst in one lane of four.
    const double relative = std::numeric_limits<float>::epsilon() * (40.0 + static_cast<double>(case_.key_dim) / 4 +
                                                                     static_cast<double>(case_.n_positions) / 4);
    for (size_t n = 0; n < expected_.size(); ++n) {
      ASSERT_NEAR(found.values[n], expected_[n], relative * sizes_[n] + half_unit * roundings_[n])
          << "row " << n / static_cast<size_t>(found.cols) << " col " << n % static_cast<size_t>(found.cols);
    }
  }

 private:
  std::vector<double> stored_values(const Matrix& matrix) const {
    std::vector<double> values;
    for (const float value : matrix.values) {
      values.push_back(case_.dtype == DType::kF32 ? value : fp16_to_float(float_to_fp16(value)));
    }
    return values;
  }

  void attend(int64_t row, int64_t head) {
    const AttentionParams params = params_of(case_, inputs_);
    const int64_t kv_head = head / (case_.n_heads / case_.n_kv_heads);
    const int64_t first = case_.window > 0 ? std::max<int64_t>(0, row - case_.window + 1) : 0;
    std::vector<double> weights;  // not yet divided
    std::vector<double> errors;   // of scores, in half units
    double total = case_.sinks ? std::exp(static_cast<double>(inputs_.sinks[static_cast<size_t>(head)])) : 0.0;
    double total_error = 0.0;
    const int64_t end = case_.whole ? case_.n_positions : row + 1;
    for (int64_t position = first; position < end; ++position) {
      const double* key = keys_.data() + (position * case_.n_kv_heads + kv_head) * case_.key_dim;
      double score = 0.0;
      double squares = 0.0;
      for (int64_t col = 0; col < case_.key_dim; ++col) {
        const double product = static_cast<double>(inputs_.q.at(row, head * case_.key_dim + col)) * key[col];
        score += product;
        squares += product * product;
      }
      score *= params.scale;
      if (case_.softcap > 0) score = case_.softcap * std::tanh(score / case_.softcap);
      weights.push_back(std::exp(score));
      errors.push_back(4 * params.scale * std::sqrt(squares));
      total += weights.back();
      total_error += weights.back() * errors.back();
    }
    const auto out = static_cast<size_t>((row * case_.n_heads + head) * case_.value_dim);
    for (size_t seen = 0; seen < weights.size(); ++seen) {
      const int64_t position = first + static_cast<int64_t>(seen);
      const double* value = values_.data() + (position * case_.n_kv_heads + kv_head) * case_.value_dim;
      const double weight = weights[seen] / total;
      for (size_t col = 0; col < static_cast<size_t>(case_.value_dim); ++col) {
        const double size = weight * std::abs(value[col]);
        expected_[out + col] += weight * value[col];
        sizes_[out + col] += size;
        roundings_[out + col] += size * (errors[seen] + total_error / total + 3.0);
      }
    }
  }

  const AttentionCase& case_;
  const AttentionInputs& inputs_;
  std::vector<double> keys_;    // (n_positions, n_kv_heads * key_dim), as the cache has them
  std::vector<double> values_;  // (n_positions, n_kv_heads * value_dim)
  // Each (n_positions, n_heads * value_dim).
  std::vector<double> expected_;
  std::vector<double> sizes_;      // sums of weight * |value|
  std::vector<double> roundings_;  // the bound of what half a unit makes
};

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
    {.n_heads = 8, .n_kv_heads = 2, .key_dim = 128, .value_dim = 128, .n_positions = 330},
    {.n_heads = 5, .n_kv_heads = 5, .key_dim = 64, .value_dim = 64, .n_positions = 260, .dtype = DType::kF32},
    {.n_heads = 14, .n_kv_heads = 2, .key_dim = 33, .value_dim = 72, .n_positions = 270, .window = 130},
    {.n_heads = 8, .n_kv_heads = 1, .key_dim = 16, .value_dim = 16, .n_positions = 1100, .window = 600, .sinks = true},
};

}  // namespace ingot::core
