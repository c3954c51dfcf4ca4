#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "make_ops.h"

namespace ingot::core {
namespace {

constexpr double kEpsilon = std::numeric_limits<float>::epsilon();

class Moe : public testing::TestWithParam<const char*> {};

TEST_P(Moe, RoutesToTheBestByTheirWeights) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  std::mt19937 random(1);
  Matrix logits = Matrix::random(random, 70, 12, 3.0f);
  logits.at(0, 3) = logits.at(0, 9) = 20.0f;  // a tie goes to the lower expert
  for (const bool normalize : {true, false}) {
    for (const bool softmax_before : {true, false}) {
      std::vector<int32_t> ids(70 * 4);
      std::vector<float> weights(70 * 4);
      ops.route({4, normalize, softmax_before, 1.5f}, logits.view(), ids, weights);
      EXPECT_EQ(ids[0], 3);
      EXPECT_EQ(ids[1], 9);
      for (int64_t row = 0; row < 70; ++row) {
        std::vector<int32_t> order(12);
        std::iota(order.begin(), order.end(), 0);
        std::ranges::stable_sort(order, [&](int32_t a, int32_t b) { return logits.at(row, a) > logits.at(row, b); });
        double all = 0;
        double chosen = 0;
        for (int64_t slot = 0; slot < 12; ++slot) {
          const double e = std::exp(static_cast<double>(logits.at(row, order[static_cast<size_t>(slot)])));
          all += e;
          if (slot < 4) chosen += e;
        }
        const double divisor = normalize || !softmax_before ? chosen : all;
        for (int64_t slot = 0; slot < 4; ++slot) {
          const auto at = static_cast<size_t>(row * 4 + slot);
          ASSERT_EQ(ids[at], order[static_cast<size_t>(slot)]);
          const double expected = 1.5 * std::exp(static_cast<double>(logits.at(row, ids[at]))) / divisor;
          ASSERT_NEAR(weights[at], expected, 2 * kEpsilon * expected);
        }
      }
    }
  }
}

TEST_P(Moe, AnyLogitsGiveDistinctExperts) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  Matrix logits(4, 5);
  logits.values = {nan, nan,       nan,       nan,       nan,       1,        nan,       2, nan, 0,
                   0,   -infinity, -infinity, -infinity, -infinity, infinity, -infinity, 0, nan, infinity};
  std::vector<int32_t> ids(4 * 4, -7);
  std::vector<float> weights(4 * 4);
  ops.route({4, true, true, 1.0f}, logits.view(), ids, weights);
  for (size_t row = 0; row < 4; ++row) {
    const std::set<int32_t> distinct(ids.begin() + static_cast<long>(row * 4),
                                     ids.begin() + static_cast<long>(row * 4 + 4));
    EXPECT_EQ(distinct.size(), 4u);
    EXPECT_GE(*distinct.begin(), 0);
    EXPECT_LT(*distinct.rbegin(), 5);
  }
  EXPECT_EQ((std::vector<int32_t>(ids.begin() + 4, ids.begin() + 7)), (std::vector<int32_t>{2, 0, 4}));
}

struct Experts {
  Matrix gate, up, down;
  int64_t n_experts, ffn_dim, dim;
  Experts(std::mt19937& random, int64_t experts, int64_t ffn, int64_t width)
      : gate(Matrix::random(random, experts * ffn, width, 0.2f)),
        up(Matrix::random(random, experts * ffn, width, 0.2f)),
        down(Matrix::random(random, experts * width, ffn, 0.2f)),
        n_experts(experts),
        ffn_dim(ffn),
        dim(width) {}
};

TEST_P(Moe, ExpertsFollowTheFormulaOverChunksAndThreads) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 1);
  std::mt19937 random(2);
  // Ragged on purpose; more rows than are done at once.
  const Experts experts(random, 5, 37, 20);
  const int64_t n_rows = 520;
  const int64_t n_used = 2;
  Matrix x = Matrix::random(random, n_rows, 20);
  std::vector<int32_t> ids;
  std::vector<float> weights;
  for (int64_t row = 0; row < n_rows; ++row) {
    const auto first = static_cast<int32_t>(random() % 4);  // expert 4 is hardly used
    const auto second = static_cast<int32_t>(row % 100 == 0 ? 4 : (first + 1) % 4);
    ids.insert(ids.end(), {first, second});
    weights.insert(weights.end(), {0.75f, 0.5f});
  }
  const WeightMatrix gate = weight_of(ops, experts.gate, 5);
  const WeightMatrix up = weight_of(ops, experts.up, 5);
  const WeightMatrix down = weight_of(ops, experts.down, 5);
  const ExpertParams params{&gate, &up, &down, Activation::kSilu};
  Matrix out(n_rows, 20);
  ops.experts({n_rows, 0}, params, ids, weights, n_used, x.view(), out.view());

  for (int64_t row = 0; row < n_rows; row += 13) {
    std::vector<double> expected(20, 0.0);
    std::vector<double> sizes(20, 0.0);
    for (int64_t slot = 0; slot < n_used; ++slot) {
      const int64_t expert = ids[static_cast<size_t>(row * n_used + slot)];
      const double weight = weights[static_cast<size_t>(row * n_used + slot)];
      for (int64_t hidden = 0; hidden < 37; ++hidden) {
        double g = 0, u = 0, g_size = 0, u_size = 0;
        for (int64_t col = 0; col < 20; ++col) {
          const double gate_term = static_cast<double>(x.at(row, col)) * experts.gate.at(expert * 37 + hidden, col);
          const double up_term = static_cast<double>(x.at(row, col)) * experts.up.at(expert * 37 + hidden, col);
          g += gate_term;
          u += up_term;
          g_size += std::abs(gate_term);
          u_size += std::abs(up_term);
        }
        for (int64_t col = 0; col < 20; ++col) {
          const double d = weight * experts.down.at(expert * 20 + col, hidden);
          expected[static_cast<size_t>(col)] += d * g / (1 + std::exp(-g)) * u;
          sizes[static_cast<size_t>(col)] += std::abs(d) * g_size * u_size;
        }
      }
    }
    for (int64_t col = 0; col < 20; ++col) {
      ASSERT_NEAR(out.at(row, col), expected[static_cast<size_t>(col)],
                  20 * kEpsilon * sizes[static_cast<size_t>(col)]);
    }
  }

  for (const int n_threads : {1, 2, 4}) {
    ASSERT_TRUE(ops.set_n_threads(n_threads).has_value());
    for (const int64_t chunk : {int64_t{1}, int64_t{7}, int64_t{64}, n_rows}) {
      Matrix again(n_rows, 20);
      for (int64_t first = 0; first < n_rows; first += chunk) {
        const int64_t n = std::min(chunk, n_rows - first);
        const auto at = static_cast<size_t>(first * n_used);
        const auto count = static_cast<size_t>(n * n_used);
        ops.experts({n, 0}, params, std::span(ids).subspan(at, count), std::span(weights).subspan(at, count), n_used,
                    x.view().row_range(first, n), again.view().row_range(first, n));
      }
      ASSERT_EQ(again.values, out.values) << chunk << " rows, " << n_threads << " threads";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Moe, testing::ValuesIn(kAllTables),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ingot::core
