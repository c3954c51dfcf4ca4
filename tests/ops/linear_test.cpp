#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "random_weight.h"
#include "tensor/quant_traits.h"

namespace ingot::core {
namespace {

class LinearOp : public testing::TestWithParam<const char*> {};

// The oracle is written out here; columns are ragged, so that rows are padded on the way.
TEST_P(LinearOp, FollowsTheFormulaOverThreads) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 1);
  std::mt19937 random(1);
  const int64_t n_rows = 530;  // more than are done at once
  Matrix x = Matrix::random(random, n_rows, 77);
  const Matrix w = Matrix::random(random, 53, 77);
  const Matrix bias = Matrix::random(random, 1, 53);
  Matrix residual = Matrix::random(random, n_rows, 53);
  const TensorView residual_view = residual.view();
  const WeightMatrix weight = weight_of(ops, w);
  const Epilogue epilogue{bias.values, 0.5f, Activation::kSilu, &residual_view};

  Matrix out(n_rows, 53);
  ops.linear({n_rows, 0}, x.view(), weight, epilogue, out.view());
  for (int64_t row = 0; row < n_rows; ++row) {
    for (int64_t col = 0; col < 53; ++col) {
      double sum = bias.at(0, col);
      double size = std::abs(sum);
      for (int64_t k = 0; k < 77; ++k) {
        sum += static_cast<double>(x.at(row, k)) * w.at(col, k);
        size += std::abs(static_cast<double>(x.at(row, k)) * w.at(col, k));
      }
      const double scaled = 0.5 * sum;
      const double expected = scaled / (1 + std::exp(-scaled)) + residual.at(row, col);
      // 77 additions of half an epsilon in one chain at worst, and a bias; silu's slope is below 1.1.
      const double bound = std::numeric_limits<float>::epsilon() * (1.1 * 39 * size + std::abs(residual.at(row, col)));
      ASSERT_NEAR(out.at(row, col), expected, bound);
    }
  }
  for (const int n_threads : {2, 3, 4}) {
    ASSERT_TRUE(ops.set_n_threads(n_threads).has_value());
    Matrix again(n_rows, 53);
    ops.linear({n_rows, 0}, x.view(), weight, epilogue, again.view());
    EXPECT_EQ(again.values, out.values);
    for (const int64_t row : {int64_t{0}, int64_t{511}, int64_t{512}, int64_t{529}}) {
      Matrix alone(1, 53);
      const TensorView residual_row = residual.view().row_range(row, 1);
      const Epilogue alone_epilogue{bias.values, 0.5f, Activation::kSilu, &residual_row};
      ops.linear({1, 0}, x.view().row_range(row, 1), weight, alone_epilogue, alone.view());
      for (int64_t col = 0; col < 53; ++col) ASSERT_EQ(alone.at(0, col), out.at(row, col));
    }
  }
}

TEST_P(LinearOp, RowsMayBeStrided) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  std::mt19937 random(2);
  Matrix wide = Matrix::random(random, 9, 100);
  const Matrix w = Matrix::random(random, 20, 32);
  Matrix out(9, 64);
  Matrix packed(9, 32);
  for (int64_t row = 0; row < 9; ++row) {
    for (int64_t col = 0; col < 32; ++col) packed.at(row, col) = wide.at(row, 40 + col);
  }
  Matrix expected(9, 20);
  const WeightMatrix weight = weight_of(ops, w);
  ops.linear({9, 0}, packed.view(), weight, {}, expected.view());
  ops.linear({9, 0}, wide.view().col_range(40, 32), weight, {}, out.view().col_range(10, 20));
  for (int64_t row = 0; row < 9; ++row) {
    for (int64_t col = 0; col < 64; ++col) {
      const bool inside = col >= 10 && col < 30;
      ASSERT_EQ(out.at(row, col), inside ? expected.at(row, col - 10) : 0.0f);
    }
  }
}

// The rows of a step of both classes are those of steps of one class each, and of single rows.
TEST_P(LinearOp, KeepsTheClassesOfRowsApart) {
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  std::mt19937 random(3);
  for (const DType type : {DType::kQ4_K, DType::kF16, DType::kF32, DType::kIQ2_S}) {
    const WeightMatrix w = random_weight(ops, random, type, 50, 512);
    Matrix x = Matrix::random(random, 20, 512);
    Matrix residual = Matrix::random(random, 20, 50);
    const TensorView residual_view = residual.view();
    Matrix out(20, 50);
    ops.linear({13, 7}, x.view(), w, {.residual = &residual_view}, out.view());
    for (int64_t row = 0; row < 20; ++row) {
      Matrix alone(1, 50);
      const TensorView residual_row = residual.view().row_range(row, 1);
      const StepRows step = row < 13 ? StepRows{1, 0} : StepRows{0, 1};
      ops.linear(step, x.view().row_range(row, 1), w, {.residual = &residual_row}, alone.view());
      for (int64_t col = 0; col < 50; ++col) ASSERT_EQ(alone.at(0, col), out.at(row, col)) << row;
    }
  }
}

TEST_P(LinearOp, AGroupHasTheBitsOfItsProducts) {
  std::mt19937 random(4);
  for (const int n_threads : {1, 3}) {
    INGOT_OPS_OR_SKIP(ops, GetParam(), n_threads);
    const WeightMatrix q = random_weight(ops, random, DType::kQ4_K, 100, 256);
    const WeightMatrix k = random_weight(ops, random, DType::kQ6_K, 33, 256);
    const WeightMatrix v = random_weight(ops, random, DType::kF16, 16, 256);  // of another form when generated
    const Matrix bias = Matrix::random(random, 1, 33);
    Matrix x = Matrix::random(random, 15, 256);
    for (const StepRows step : {StepRows{15, 0}, StepRows{0, 15}, StepRows{9, 6}}) {
      Matrix all(15, 149);
      const LinearTarget targets[] = {{&q, {.scale = 0.5f}, all.view().col_range(0, 100)},
                                      {&k, {.bias = bias.values}, all.view().col_range(100, 33)},
                                      {&v, {}, all.view().col_range(133, 16)}};
      ops.linear_group(step, {.x = x.view()}, targets);
      Matrix expected(15, 149);
      for (const LinearTarget& target : targets) {
        const int64_t first = target.out.data - all.values.data();
        ops.linear(step, x.view(), *target.w, target.epilogue, expected.view().col_range(first, target.out.cols));
      }
      EXPECT_EQ(all.values, expected.values);
    }
  }
}

TEST_P(LinearOp, ProductsWithRowsOfTheirOwnHaveTheirBits) {
  std::mt19937 random(6);
  for (const int n_threads : {1, 3}) {
    INGOT_OPS_OR_SKIP(ops, GetParam(), n_threads);
    const WeightMatrix a = random_weight(ops, random, DType::kQ4_K, 100, 256);
    const WeightMatrix b = random_weight(ops, random, DType::kF32, 24, 96);
    const WeightMatrix c = random_weight(ops, random, DType::kF16, 17, 24);
    const Matrix bias = Matrix::random(random, 1, 24);
    Matrix wide = Matrix::random(random, 700, 256);
    Matrix middle = Matrix::random(random, 700, 96);
    Matrix narrow = Matrix::random(random, 700, 24);
    for (const StepRows step : {StepRows{1, 0}, StepRows{0, 1}, StepRows{9, 6}, StepRows{600, 100}}) {
      const int64_t n = step.total();
      const auto rows = [n](Matrix& matrix) { return matrix.view().row_range(0, n); };
      Matrix all(n, 241);
      Matrix expected(n, 241);
      // The first and the third share their rows.
      const auto jobs_into = [&](Matrix& out) {
        return std::array{
            LinearJob{{.x = rows(wide)}, {&a, {.scale = 0.5f}, out.view().col_range(0, 100)}},
            LinearJob{{.x = rows(middle)},
                      {&b, {.bias = bias.values, .activation = Activation::kTanh}, out.view().col_range(100, 24)}},
            LinearJob{{.x = rows(wide)}, {&a, {}, out.view().col_range(124, 100)}},
            LinearJob{{.x = rows(narrow)}, {&c, {}, out.view().col_range(224, 17)}}};
      };
      ops.linear_each(step, jobs_into(all));
      for (const LinearJob& job : jobs_into(expected)) {
        ops.linear(step, job.input.x, *job.target.w, job.target.epilogue, job.target.out);
      }
      EXPECT_EQ(all.values, expected.values);
    }
  }
}

TEST_P(LinearOp, AGatedProductHasTheBitsOfItsParts) {
  std::mt19937 random(5);
  for (const int n_threads : {1, 2}) {
    INGOT_OPS_OR_SKIP(ops, GetParam(), n_threads);
    for (const DType up_type : {DType::kQ4_0, DType::kQ8_0, DType::kF16}) {
      const WeightMatrix gate = random_weight(ops, random, DType::kQ4_0, 210, 96);
      const WeightMatrix up = random_weight(ops, random, up_type, 210, 96);
      const Matrix bias = Matrix::random(random, 1, 210);
      Matrix x = Matrix::random(random, 700, 96);
      const StepRows step{600, 100};
      const LinearTarget gate_target{&gate, {.bias = bias.values}, {}};
      const LinearTarget up_target{&up, {.scale = 2.0f}, {}};
      Matrix spare(700, 210);
      Matrix out(700, 210);
      const LinearInput result = ops.gated_linear(step, {.x = x.view()},
                                                  {.gate = gate_target,
                                                   .up = up_target,
                                                   .activation = Activation::kSilu,
                                                   .out = out.view(),
                                                   .spare = spare.view()});
      EXPECT_EQ(result.packed, nullptr);
      Matrix gates(700, 210);
      Matrix ups(700, 210);
      ops.linear(step, x.view(), gate, gate_target.epilogue, gates.view());
      ops.linear(step, x.view(), up, up_target.epilogue, ups.view());
      ops.activate(Activation::kSilu, gates.view(), ups.view(), gates.view());
      EXPECT_EQ(out.values, gates.values);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, LinearOp, testing::ValuesIn(kAllTables),
                         [](const auto& test) { return std::string(test.param); });

TEST(PackWeight, SharesTheBytes) {
  const auto ops = make_ops("", 1);
  auto owner = std::make_shared<std::vector<std::byte>>(3 * 2 * 36);
  const auto weight = ops->pack_weight({owner->data(), DType::kQ4_0, 3, 2, 64, owner, /*for_products=*/false});
  ASSERT_TRUE(weight.has_value());
  EXPECT_EQ(weight->data, owner->data());
  EXPECT_EQ(weight->row_bytes, 36);
  EXPECT_EQ(weight->row(2, 1), owner->data() + 5 * 36);
  EXPECT_EQ(owner.use_count(), 2);
}

TEST(PackWeight, RefusesWhatItCannotRead) {
  const auto ops = make_ops("", 1);
  const std::byte byte{};
  for (const HostTensor& tensor : {HostTensor{&byte, DType::kQ4_0, 1, 2, 33, nullptr, true},
                                   HostTensor{&byte, DType::kF32, 1, 0, 32, nullptr, true}}) {
    const auto weight = ops->pack_weight(tensor);
    ASSERT_FALSE(weight.has_value());
    EXPECT_EQ(weight.error().kind, ErrorKind::kInvalidInput);
  }
  for (const QuantTraits& traits : all_quant_traits()) {
    if (traits.dequantize_row != nullptr) continue;
    const auto weight = ops->pack_weight({&byte, traits.type, 1, 1, traits.block_values, nullptr, true});
    ASSERT_FALSE(weight.has_value());
    EXPECT_EQ(weight.error().kind, ErrorKind::kUnsupported);
  }
}

}  // namespace
}  // namespace ingot::core
