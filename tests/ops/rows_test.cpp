// Norms, positions, activations and embeddings through the operations: shapes, strides, groups and threads. Their
// arithmetic is tested with the kernels.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "make_ops.h"

namespace ingot::core {
namespace {

constexpr double kEpsilon = std::numeric_limits<float>::epsilon();

class RowOps : public testing::TestWithParam<const char*> {};

TEST_P(RowOps, NormByRowAndByHead) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 3);
  std::mt19937 random(1);
  for (const int64_t group : {0, 20, 60}) {
    Matrix x = Matrix::random(random, 700, 60);
    const int64_t n = group == 0 ? 60 : group;
    const Matrix weight = Matrix::random(random, 1, n);
    Matrix out(700, 60);
    ops.norm({.kind = NormKind::kRms, .epsilon = 1e-6f, .weight = weight.values, .group = group}, x.view(), out.view());
    for (int64_t row = 0; row < x.rows; ++row) {
      for (int64_t col = 0; col < 60; ++col) {
        double squares = 0;
        for (int64_t other = col / n * n; other < (col / n + 1) * n; ++other) {
          squares += static_cast<double>(x.at(row, other)) * x.at(row, other);
        }
        const double expected =
            x.at(row, col) / std::sqrt(squares / static_cast<double>(n) + 1e-6) * weight.at(0, col % n);
        ASSERT_NEAR(out.at(row, col), expected, 12 * kEpsilon * std::abs(expected));
      }
    }
    ops.norm({.kind = NormKind::kRms, .epsilon = 1e-6f, .weight = weight.values, .group = group}, x.view(), x.view());
    EXPECT_EQ(x.values, out.values);
  }
}

TEST_P(RowOps, RopeTurnsByPositionTimesFrequency) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  std::mt19937 random(2);
  const std::vector<float> frequencies = {1.0f, 0.1f, 0.01f, 1e-4f};
  for (const RopeLayout layout : {RopeLayout::kInterleaved, RopeLayout::kHalves}) {
    for (const int32_t first : {0, 1000, 131072}) {
      std::vector<int32_t> positions(37);
      std::iota(positions.begin(), positions.end(), first);
      const Matrix x = Matrix::random(random, 37, 3 * 11);
      Matrix turned = x;
      ops.rope({layout, 11, 8, frequencies, 1.25f}, positions, turned.view());
      for (int64_t row = 0; row < 37; ++row) {
        for (int64_t head = 0; head < 3; ++head) {
          for (int64_t pair = 0; pair < 4; ++pair) {
            const int64_t a = head * 11 + (layout == RopeLayout::kInterleaved ? 2 * pair : pair);
            const int64_t b = layout == RopeLayout::kInterleaved ? a + 1 : a + 4;
            const double angle =
                static_cast<double>(positions[static_cast<size_t>(row)]) * frequencies[static_cast<size_t>(pair)];
            const double size = 1.25 * (std::abs(x.at(row, a)) + std::abs(x.at(row, b)));
            ASSERT_NEAR(turned.at(row, a), 1.25 * (x.at(row, a) * std::cos(angle) - x.at(row, b) * std::sin(angle)),
                        2 * kEpsilon * size);
            ASSERT_NEAR(turned.at(row, b), 1.25 * (x.at(row, b) * std::cos(angle) + x.at(row, a) * std::sin(angle)),
                        2 * kEpsilon * size);
          }
          for (int64_t col = 8; col < 11; ++col) ASSERT_EQ(turned.at(row, head * 11 + col), x.at(row, head * 11 + col));
        }
      }
      // The table of the call before must not serve another one.
      Matrix again = x;
      std::vector<float> other = frequencies;
      other[2] = 0.02f;
      ops.rope({layout, 11, 8, other, 1.25f}, positions, again.view());
      EXPECT_NE(again.values, turned.values);
      again = x;
      ops.rope({layout, 11, 8, frequencies, 1.25f}, positions, again.view());
      EXPECT_EQ(again.values, turned.values);
    }
  }
}

TEST_P(RowOps, ActivateAddAndGate) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 4);
  std::mt19937 random(3);
  // The second shape is cut within its rows.
  for (const auto& [rows, cols] : {std::pair<int64_t, int64_t>{50, 1000}, std::pair<int64_t, int64_t>{2, 40000}}) {
    Matrix gate = Matrix::random(random, rows, cols);
    Matrix up = Matrix::random(random, rows, cols);
    Matrix out(rows, cols);
    ops.activate(Activation::kSilu, gate.view(), up.view(), out.view());
    Matrix alone(rows, cols);
    ops.activate(Activation::kSilu, gate.view(), TensorView{}, alone.view());
    Matrix sum(rows, cols);
    ops.add(gate.view(), up.view(), 0.5f, sum.view());
    Matrix row_gates = Matrix::random(random, rows, 1);
    Matrix gated = up;
    ops.scale_rows_by_sigmoid(row_gates.view(), gated.view());
    Matrix capped = gate;
    ops.softcap(2.0f, capped.view());
    for (int64_t row = 0; row < rows; ++row) {
      const double row_gate = 1 / (1 + std::exp(-static_cast<double>(row_gates.at(row, 0))));
      for (int64_t col = 0; col < cols; ++col) {
        const double g = gate.at(row, col);
        const double u = up.at(row, col);
        const double silu = g / (1 + std::exp(-g));
        ASSERT_NEAR(out.at(row, col), silu * u, 5 * kEpsilon * std::abs(silu * u));
        ASSERT_NEAR(alone.at(row, col), silu, 4 * kEpsilon * std::abs(silu));
        ASSERT_NEAR(sum.at(row, col), g + 0.5 * u, kEpsilon * (std::abs(g) + std::abs(u)));
        ASSERT_NEAR(gated.at(row, col), u * row_gate, 5 * kEpsilon * std::abs(u * row_gate));
        ASSERT_NEAR(capped.at(row, col), 2 * std::tanh(g / 2), 4 * kEpsilon * std::abs(g));
      }
    }
    ops.activate(Activation::kSilu, gate.view(), up.view(), gate.view());
    EXPECT_EQ(gate.values, out.values);
  }
}

TEST_P(RowOps, EmbedTakesRowsOfTheTable) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  std::mt19937 random(4);
  const Matrix table = Matrix::random(random, 40, 33);
  const WeightMatrix weight = weight_of(ops, table);
  const std::vector<int32_t> ids = {39, 0, 7, 7, 12};
  Matrix out(5, 33);
  ops.embed(ids, weight, 2.5f, out.view());
  for (int64_t row = 0; row < 5; ++row) {
    for (int64_t col = 0; col < 33; ++col) {
      ASSERT_EQ(out.at(row, col), table.at(ids[static_cast<size_t>(row)], col) * 2.5f);
    }
  }
}

TEST_P(RowOps, NoRowsAreNoWork) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  Matrix empty(0, 32);
  const Matrix w(8, 32);
  Matrix out(0, 8);
  ops.linear({0, 0}, empty.view(), weight_of(ops, w), {}, out.view());
  ops.norm({}, empty.view(), empty.view());
  ops.activate(Activation::kRelu, empty.view(), TensorView{}, empty.view());
  ops.embed({}, weight_of(ops, w), 1.0f, empty.view());
  EXPECT_TRUE(ops.synchronise().has_value());
}

INSTANTIATE_TEST_SUITE_P(Tables, RowOps, testing::ValuesIn(kAllTables),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ingot::core
