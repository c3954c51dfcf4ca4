// Attention against the formula in double, and bit for bit against itself over chunks and threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attention_cases.h"

namespace ingot::core {
namespace {

// Writes and attends chunk by chunk, as a model does.
Matrix run(CpuOps& ops, const AttentionCase& c, AttentionInputs& inputs, int64_t chunk,
           TokenClass rows = TokenClass::kPrompt) {
  PagedCache cache(c);
  Matrix out(c.n_positions, c.n_heads * c.value_dim);
  for (int64_t first = 0; first < c.n_positions; first += chunk) {
    const int64_t n = std::min(chunk, c.n_positions - first);
    ops.write_kv(cache.view, first, inputs.k.view().row_range(first, n), inputs.v.view().row_range(first, n));
    ops.attention(step_of(rows, n), params_of(c, inputs), cache.view, first, inputs.q.view().row_range(first, n),
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
    const AttentionFormula formula(c, inputs);
    for (const TokenClass rows : kBothClasses) {
      formula.expect_near(run(ops, c, inputs, c.n_positions, rows), half_unit(GetParam(), rows));
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(Attention, ChunksAndThreadsDoNotChangeABit) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 1);
  for (const AttentionCase& c : kAttentionCases) {
    if (std::string(GetParam()) == "reference" && c.n_positions > 300) continue;  // the same code, only slower
    AttentionInputs inputs(c);
    for (const TokenClass rows : kBothClasses) {
      if (std::string(GetParam()) == "reference" && rows == TokenClass::kGenerated) continue;  // it knows no classes
      const Matrix whole = run(ops, c, inputs, c.n_positions, rows);
      // Every chunk with two threads, every number of threads with one ragged chunk.
      const std::pair<int, int64_t> ways[] = {{1, 7}, {2, 7}, {3, 7}, {4, 7}, {2, 1}, {2, 64}, {2, c.n_positions}};
      for (const auto& [n_threads, chunk] : ways) {
        ASSERT_TRUE(ops.set_n_threads(n_threads).has_value());
        ASSERT_EQ(run(ops, c, inputs, chunk, rows).values, whole.values)
            << chunk << " rows, " << n_threads << " threads";
      }
    }
  }
}

// As encoders read: the keys of all rows are there, and every row sees them.
TEST_P(Attention, RowsThatSeeAllOfAText) {
  for (const AttentionCase& c :
       {AttentionCase{.n_positions = 1, .whole = true}, AttentionCase{.n_positions = 63, .whole = true},
        AttentionCase{.n_positions = 64, .whole = true}, AttentionCase{.n_positions = 200, .whole = true},
        AttentionCase{.n_positions = 700, .whole = true}}) {
    AttentionInputs inputs(c);
    const AttentionFormula formula(c, inputs);
    std::vector<float> first_found;
    for (const auto& [n_threads, chunk] :
         {std::pair<int, int64_t>{1, c.n_positions}, {2, c.n_positions}, {3, 7}, {2, 1}}) {
      INGOT_OPS_OR_SKIP(ops, GetParam(), n_threads);
      PagedCache cache(c);
      Matrix out(c.n_positions, c.n_heads * c.value_dim);
      ops.write_kv(cache.view, 0, inputs.k.view(), inputs.v.view());
      for (int64_t first = 0; first < c.n_positions; first += chunk) {
        const int64_t n = std::min(chunk, c.n_positions - first);
        ops.attention({n, 0}, params_of(c, inputs), cache.view, first, inputs.q.view().row_range(first, n),
                      out.view().row_range(first, n));
      }
      formula.expect_near(out, half_unit(GetParam(), TokenClass::kPrompt));
      if (HasFatalFailure()) return;
      if (first_found.empty()) first_found = out.values;
      ASSERT_EQ(out.values, first_found) << n_threads << " threads, " << chunk << " rows of " << c.n_positions;
    }
  }
}

// Both classes in one step: each row as it would be among its own.
TEST_P(Attention, ClassesInOneStepStayApart) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  const AttentionCase c{.n_positions = 90};
  AttentionInputs inputs(c);
  const Matrix prompt = run(ops, c, inputs, c.n_positions, TokenClass::kPrompt);
  const Matrix generated = run(ops, c, inputs, c.n_positions, TokenClass::kGenerated);
  PagedCache cache(c);
  Matrix out(c.n_positions, c.n_heads * c.value_dim);
  ops.write_kv(cache.view, 0, inputs.k.view(), inputs.v.view());
  ops.attention({70, 20}, params_of(c, inputs), cache.view, 0, inputs.q.view(), out.view());
  for (int64_t row = 0; row < c.n_positions; ++row) {
    const Matrix& expected = row < 70 ? prompt : generated;
    for (int64_t col = 0; col < out.cols; ++col) ASSERT_EQ(out.at(row, col), expected.at(row, col)) << row;
  }
}

// What is not finite may not show in rows that do not see it: neither before it nor when the window has passed it.
TEST_P(Attention, AnInfinityThatIsNotSeenDoesNotShow) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  struct Placed {
    AttentionCase c;
    int64_t position;
  };
  const Placed all[] = {{{.n_positions = 80, .dtype = DType::kF32}, 79},
                        {{.n_heads = 8, .n_positions = 150, .window = 20}, 75},
                        {{.n_heads = 8, .n_positions = 150, .window = 20}, 76}};
  for (const auto& [c, position] : all) {
    for (const TokenClass rows : kBothClasses) {
      AttentionInputs inputs(c);
      const Matrix clean = run(ops, c, inputs, c.n_positions, rows);
      for (int64_t col = 0; col < inputs.v.cols; ++col) {
        inputs.k.at(position, col) = std::numeric_limits<float>::infinity();
        inputs.v.at(position, col) = std::numeric_limits<float>::quiet_NaN();
      }
      const Matrix found = run(ops, c, inputs, c.n_positions, rows);
      for (int64_t row = 0; row < c.n_positions; ++row) {
        if (row >= position && (c.window == 0 || row < position + c.window)) {
          ASSERT_TRUE(std::isnan(found.at(row, 0))) << row;
          continue;
        }
        for (int64_t col = 0; col < found.cols; ++col) ASSERT_EQ(found.at(row, col), clean.at(row, col)) << row;
      }
    }
  }
}

// A key that is minus infinity to a query is not looked at; a row that sees nothing else has no answer.
TEST_P(Attention, AScoreOfMinusInfinityHasNoWeight) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  const AttentionCase c{.n_heads = 1, .n_kv_heads = 1, .n_positions = 70, .dtype = DType::kF32};
  for (const TokenClass rows : kBothClasses) {
    AttentionInputs inputs(c);
    for (int64_t row = 0; row < c.n_positions; ++row) inputs.q.at(row, 0) = 1.0f;
    inputs.k.at(0, 0) = -std::numeric_limits<float>::infinity();
    const Matrix found = run(ops, c, inputs, c.n_positions, rows);
    EXPECT_TRUE(std::isnan(found.at(0, 0)));
    for (int64_t row = 1; row < c.n_positions; ++row) ASSERT_TRUE(std::isfinite(found.at(row, 0))) << row;
    // The only other position that row 1 sees is its own.
    const double error = 3 * half_unit(GetParam(), rows) * std::abs(inputs.v.at(1, 0));
    EXPECT_NEAR(found.at(1, 0), inputs.v.at(1, 0), error);
  }
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

// Generated rows keep FP32 products where those of prompts do not: the table of bf16 computes them like the one before.
TEST(AttentionClasses, GeneratedRowsAreTheSameWithAndWithoutBf16) {
  INGOT_OPS_OR_SKIP(with, "avx512_bf16", 2);
  INGOT_OPS_OR_SKIP(without, "avx512", 2);
  for (const AttentionCase& c : kAttentionCases) {
    AttentionInputs inputs(c);
    ASSERT_EQ(run(with, c, inputs, c.n_positions, TokenClass::kGenerated).values,
              run(without, c, inputs, c.n_positions, TokenClass::kGenerated).values);
    ASSERT_NE(run(with, c, inputs, c.n_positions, TokenClass::kPrompt).values,
              run(without, c, inputs, c.n_positions, TokenClass::kPrompt).values)
        << "prompts are multiplied in bf16";
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Attention, testing::ValuesIn(kTablesAndTiles),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ingot::core
