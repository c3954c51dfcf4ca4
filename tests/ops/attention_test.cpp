// Attention against the formula in double, and bit for bit against itself over chunks and threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/fp16.h"
#include "make_ops.h"

namespace ingot::core {
namespace {

struct Case {
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
struct Cache {
  std::vector<std::vector<std::byte>> storage;
  std::vector<std::byte*> key_pages;
  std::vector<std::byte*> value_pages;
  KvView view;

  explicit Cache(const Case& c) {
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

struct Inputs {
  Matrix q, k, v;
  std::vector<float> sinks;

  explicit Inputs(const Case& c, uint32_t seed = 1) : q(0, 0), k(0, 0), v(0, 0) {
    std::mt19937 random(seed);
    q = Matrix::random(random, c.n_positions, c.n_heads * c.key_dim);
    k = Matrix::random(random, c.n_positions, c.n_kv_heads * c.key_dim);
    v = Matrix::random(random, c.n_positions, c.n_kv_heads * c.value_dim);
    if (c.sinks) sinks = Matrix::random(random, 1, c.n_heads, 2.0f).values;
  }
};

AttentionParams params_of(const Case& c, const Inputs& inputs) {
  return {c.n_heads, 1.0f / std::sqrt(static_cast<float>(c.key_dim)), c.softcap, c.window, inputs.sinks};
}

// Writes and attends chunk by chunk, as a model does.
Matrix run(CpuOps& ops, const Case& c, Inputs& inputs, int64_t chunk) {
  Cache cache(c);
  Matrix out(c.n_positions, c.n_heads * c.value_dim);
  for (int64_t first = 0; first < c.n_positions; first += chunk) {
    const int64_t n = std::min(chunk, c.n_positions - first);
    ops.write_kv(cache.view, first, inputs.k.view().row_range(first, n), inputs.v.view().row_range(first, n));
    ops.attention({n, 0}, params_of(c, inputs), cache.view, first, inputs.q.view().row_range(first, n),
                  out.view().row_range(first, n));
  }
  EXPECT_TRUE(ops.synchronise().has_value());
  return out;
}

float stored(const Case& c, float value) {
  return c.dtype == DType::kF32 ? value : fp16_to_float(float_to_fp16(value));
}

// The formula in double. out_sizes: sum over positions of weight * |value|, the scale of an output's error.
void naive(const Case& c, const Inputs& inputs, int64_t row, int64_t head, std::vector<double>& out,
           std::vector<double>& out_sizes) {
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

void expect_near_formula(const Case& c, const Inputs& inputs, const Matrix& found) {
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

const Case kCases[] = {
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

class Attention : public testing::TestWithParam<const char*> {};

TEST_P(Attention, FollowsTheFormula) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  for (const Case& c : kCases) {
    Inputs inputs(c);
    expect_near_formula(c, inputs, run(ops, c, inputs, c.n_positions));
    if (HasFatalFailure()) return;
  }
}

TEST_P(Attention, ChunksAndThreadsDoNotChangeABit) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 1);
  for (const Case& c : kCases) {
    if (std::string(GetParam()) == "reference" && c.n_positions > 300) continue;  // the same code, only slower
    Inputs inputs(c);
    const Matrix whole = run(ops, c, inputs, c.n_positions);
    for (const int n_threads : {1, 2, 3, 4}) {
      ASSERT_TRUE(ops.set_n_threads(n_threads).has_value());
      for (const int64_t chunk : {int64_t{1}, int64_t{7}, int64_t{64}, c.n_positions}) {
        ASSERT_EQ(run(ops, c, inputs, chunk).values, whole.values) << chunk << " rows, " << n_threads << " threads";
      }
    }
  }
}

// An infinity in the last position may not show in rows that do not see it.
TEST_P(Attention, ALaterInfinityIsNotSeen) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  const Case c{.n_positions = 80, .dtype = DType::kF32};
  Inputs inputs(c);
  const Matrix clean = run(ops, c, inputs, c.n_positions);
  for (int64_t col = 0; col < inputs.v.cols; ++col) {
    inputs.k.at(79, col) = std::numeric_limits<float>::infinity();
    inputs.v.at(79, col) = std::numeric_limits<float>::quiet_NaN();
  }
  const Matrix found = run(ops, c, inputs, c.n_positions);
  for (int64_t row = 0; row < 79; ++row) {
    for (int64_t col = 0; col < found.cols; ++col) ASSERT_EQ(found.at(row, col), clean.at(row, col)) << row;
  }
  EXPECT_TRUE(std::isnan(found.at(79, 0)));
}

TEST_P(Attention, LargeScoresDoNotOverflow) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  const Case c{.n_positions = 130, .dtype = DType::kF32};
  Inputs inputs(c);
  for (float& value : inputs.q.values) value *= 300.0f;
  const Matrix found = run(ops, c, inputs, c.n_positions);
  for (int64_t row = 0; row < c.n_positions; ++row) {
    for (int64_t col = 0; col < found.cols; ++col) {
      ASSERT_TRUE(std::isfinite(found.at(row, col)));
      ASSERT_LE(std::abs(found.at(row, col)), 6.0f);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Attention, testing::ValuesIn(kAllTables),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ingot::core
