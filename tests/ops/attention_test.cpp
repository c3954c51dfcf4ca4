// Attention against the formula in double, and bit for bit against itself over chunks and threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attention_cases.h"

namespace ingot::core {
namespace {

// Writes and attends chunk by chunk, as a model does.
Matrix run(CpuOps& ops, const AttentionCase& c, AttentionInputs& inputs, int64_t chunk) {
  PagedCache cache(c);
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

class Attention : public testing::TestWithParam<const char*> {};

TEST_P(Attention, FollowsTheFormula) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  for (const AttentionCase& c : kAttentionCases) {
    AttentionInputs inputs(c);
    expect_near_formula(c, inputs, run(ops, c, inputs, c.n_positions));
    if (HasFatalFailure()) return;
  }
}

TEST_P(Attention, ChunksAndThreadsDoNotChangeABit) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 1);
  for (const AttentionCase& c : kAttentionCases) {
    if (std::string(GetParam()) == "reference" && c.n_positions > 300) continue;  // the same code, only slower
    AttentionInputs inputs(c);
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
  const AttentionCase c{.n_positions = 80, .dtype = DType::kF32};
  AttentionInputs inputs(c);
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
  const AttentionCase c{.n_positions = 130, .dtype = DType::kF32};
  AttentionInputs inputs(c);
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
