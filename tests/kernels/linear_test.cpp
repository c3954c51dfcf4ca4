// Products of every table, type and ragged shape against the reference, and bit for bit against themselves.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "base/aligned_buffer.h"
#include "random_weights.h"

namespace ingot::core {
namespace {

struct Product {
  std::vector<std::byte> weights;
  std::vector<float> x;  // (n_x, padded cols)
  LinearArgs args;
  int64_t n_rows = 0;
};

Product make_product(DType type, int64_t n_rows, int64_t cols, int64_t n_x) {
  std::mt19937 random(static_cast<uint32_t>(n_rows * 1000003 + cols * 1009 + n_x));
  Product product;
  product.n_rows = n_rows;
  product.weights = random_matrix(random, type, n_rows, cols);
  product.x.assign(static_cast<size_t>(n_x * padded_columns(cols)), 0.0f);
  for (int64_t row = 0; row < n_x; ++row) {
    const std::vector<float> values = random_floats(random, cols);
    std::copy(values.begin(), values.end(), product.x.begin() + row * padded_columns(cols));
  }
  product.args.weights = product.weights.data();
  product.args.type = type;
  product.args.row_bytes = row_bytes(quant_traits(type), cols);
  product.args.cols = cols;
  product.args.x = product.x.data();
  product.args.x_stride = padded_columns(cols);
  product.args.n_x = n_x;
  product.args.out_stride = n_rows;
  return product;
}

// Weight rows in pieces of at most piece.
std::vector<float> run(const KernelTable& table, const Product& product, int64_t piece) {
  std::vector<float> out(static_cast<size_t>(product.args.n_x * product.n_rows), 777.0f);
  LinearArgs args = product.args;
  args.out = out.data();
  AlignedBuffer scratch = *AlignedBuffer::allocate(table.linear_scratch_bytes(args));
  for (int64_t first = 0; first < product.n_rows; first += piece) {
    table.linear(args, first, std::min(first + piece, product.n_rows), scratch.data());
  }
  return out;
}

// The bound of the sum in FP32: each product and each of the additions on the way of a term to the result may be off
// by half an epsilon of the sum of magnitudes; a quarter more for second-order terms and the final rounding.
double error_bound(const Product& product, int64_t row, int64_t x_row) {
  const LinearArgs& args = product.args;
  std::vector<float> weights(static_cast<size_t>(args.cols));
  quant_traits(args.type).dequantize_row(args.weights + row * args.row_bytes, weights.data(), args.cols);
  double magnitude = 0.0;
  for (int64_t col = 0; col < args.cols; ++col) {
    magnitude += std::abs(static_cast<double>(weights[static_cast<size_t>(col)]) * args.x[x_row * args.x_stride + col]);
  }
  constexpr int64_t kColumnBlock = 512;
  constexpr int64_t kFewestLanes = 4;
  const int64_t additions =
      std::min(args.cols, kColumnBlock) / kFewestLanes + 4 + (args.cols + kColumnBlock - 1) / kColumnBlock;
  const double half_epsilon = std::numeric_limits<float>::epsilon() / 2.0;
  return 1.25 * half_epsilon * static_cast<double>(additions + 1) * magnitude;
}

void expect_near_reference(const KernelTable& table, const Product& product) {
  const std::vector<float> expected = run(**find_kernel_table("reference"), product, product.n_rows);
  const std::vector<float> found = run(table, product, product.n_rows);
  for (int64_t x_row = 0; x_row < product.args.n_x; ++x_row) {
    for (int64_t row = 0; row < product.n_rows; ++row) {
      const auto at = static_cast<size_t>(x_row * product.n_rows + row);
      ASSERT_LE(std::abs(static_cast<double>(found[at]) - expected[at]), error_bound(product, row, x_row))
          << quant_traits(product.args.type).name << " (" << product.n_rows << ", " << product.args.cols << ") row "
          << row << " of x row " << x_row << " of " << product.args.n_x;
    }
  }
}

class Linear : public testing::TestWithParam<const char*> {};

TEST_P(Linear, EveryTypeIsWithinTheBoundOfItsSum) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  for (const DType type : decodable_types()) {
    const auto block = static_cast<int64_t>(quant_traits(type).block_values);
    for (const int64_t n_blocks : {1, 3, 5}) {
      const int64_t cols = block == 1 ? 256 * n_blocks + 1 : block * n_blocks;
      for (const int64_t n_x : {1, 7, 13}) expect_near_reference(table, make_product(type, 11, cols, n_x));
    }
  }
}

TEST_P(Linear, RaggedShapes) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  for (const DType type : {DType::kF32, DType::kF16}) {
    for (const int64_t cols : {1, 3, 15, 16, 17, 80, 511, 512, 513, 1000, 1536}) {
      for (const int64_t n_rows : {1, 4, 9, 67}) {
        for (const int64_t n_x : {1, 2, 5, 6, 14}) expect_near_reference(table, make_product(type, n_rows, cols, n_x));
      }
    }
  }
}

TEST_P(Linear, ARowDoesNotDependOnItsNeighbours) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  for (const DType type : {DType::kF32, DType::kF16, DType::kQ4_1, DType::kQ4_K}) {
    for (const int64_t cols : {256, 768, 1280}) {
      const Product all = make_product(type, 131, cols, 40);
      const std::vector<float> expected = run(table, all, all.n_rows);
      for (const int64_t piece : {1, 3, 16, 64, 100}) ASSERT_EQ(run(table, all, piece), expected);
      for (int64_t n_x = 1; n_x <= 13; ++n_x) {
        for (const int64_t first : {int64_t{0}, 40 - n_x}) {
          Product some = all;
          some.args.weights = some.weights.data();
          some.args.x = some.x.data() + first * some.args.x_stride;
          some.args.n_x = n_x;
          const std::vector<float> found = run(table, some, some.n_rows);
          ASSERT_TRUE(std::equal(found.begin(), found.end(), expected.begin() + first * all.n_rows))
              << n_x << " rows from " << first;
        }
      }
    }
  }
}

TEST_P(Linear, TheEpilogueInItsOrder) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  for (const Nonlinearity kind : {Nonlinearity::kNone, Nonlinearity::kSilu, Nonlinearity::kReluSquared}) {
    Product product = make_product(DType::kF32, 21, 32, 3);
    const std::vector<float> plain = run(table, product, product.n_rows);
    std::mt19937 random(5);
    const std::vector<float> bias = random_floats(random, 21);
    const std::vector<float> residual = random_floats(random, 3 * 21);
    product.args.bias = bias.data();
    product.args.scale = 0.5f;
    product.args.nonlinearity = kind;
    product.args.residual = residual.data();
    product.args.residual_stride = 21;
    const std::vector<float> found = run(table, product, 8);
    for (size_t at = 0; at < found.size(); ++at) {
      const double value = 0.5 * (static_cast<double>(plain[at]) + bias[at % 21]);
      const double activated = kind == Nonlinearity::kNone   ? value
                               : kind == Nonlinearity::kSilu ? value / (1 + std::exp(-value))
                                                             : (value > 0 ? value * value : 0.0);
      const double expected = activated + residual[at];
      const double size = std::abs(plain[at]) + std::abs(bias[at % 21]) + std::abs(residual[at]) + value * value + 1;
      EXPECT_NEAR(found[at], expected, 4 * std::numeric_limits<float>::epsilon() * size);
    }
    // The residual may be the output itself.
    std::vector<float> in_place = residual;
    LinearArgs args = product.args;
    args.residual = in_place.data();
    args.out = in_place.data();
    AlignedBuffer scratch = *AlignedBuffer::allocate(table.linear_scratch_bytes(args));
    table.linear(args, 0, 21, scratch.data());
    EXPECT_EQ(in_place, found);
  }
}

TEST_P(Linear, ANaNStaysInItsOwnOutputs) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  Product product = make_product(DType::kF32, 20, 48, 9);
  const std::vector<float> clean = run(table, product, product.n_rows);
  product.x[4 * 48 + 7] = std::numeric_limits<float>::quiet_NaN();
  product.args.x = product.x.data();
  const std::vector<float> found = run(table, product, product.n_rows);
  for (size_t at = 0; at < found.size(); ++at) {
    if (at / 20 == 4) {
      EXPECT_TRUE(std::isnan(found[at]));
    } else {
      EXPECT_EQ(found[at], clean[at]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Linear, testing::ValuesIn(kVectorTables),
                         [](const auto& test) { return std::string(test.param); });

// The oracle itself, against a sum in double over products in double.
TEST(ReferenceLinear, IsWithinTheRoundingOfItsProducts) {
  const KernelTable& table = **find_kernel_table("reference");
  for (const DType type : {DType::kF32, DType::kQ4_1, DType::kQ6_K}) {
    const Product product = make_product(type, 13, 768, 5);
    const std::vector<float> found = run(table, product, 5);
    std::vector<float> weights(768);
    for (int64_t row = 0; row < 13; ++row) {
      quant_traits(type).dequantize_row(product.args.weights + row * product.args.row_bytes, weights.data(), 768);
      for (int64_t x_row = 0; x_row < 5; ++x_row) {
        double sum = 0.0;
        double magnitude = 0.0;
        for (size_t col = 0; col < 768; ++col) {
          const double term = static_cast<double>(weights[col]) * product.x[static_cast<size_t>(x_row) * 768 + col];
          sum += term;
          magnitude += std::abs(term);
        }
        EXPECT_NEAR(found[static_cast<size_t>(x_row * 13 + row)], sum,
                    std::numeric_limits<float>::epsilon() * magnitude);
      }
    }
  }
}

}  // namespace
}  // namespace ingot::core
