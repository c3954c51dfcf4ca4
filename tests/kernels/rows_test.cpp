// Operations on rows: accuracy against double, the edges of their ranges, and equal bits where they are promised.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "random_weights.h"

namespace ingot::core {
namespace {

constexpr double kEpsilon = std::numeric_limits<float>::epsilon();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

double exact(Nonlinearity kind, double x) {
  switch (kind) {
    case Nonlinearity::kNone:
      return x;
    case Nonlinearity::kSilu:
      return x / (1 + std::exp(-x));
    case Nonlinearity::kGelu:
      return 0.5 * x * std::erfc(-x * M_SQRT1_2);
    case Nonlinearity::kGeluTanh: {
      const double u = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
      return x / (1 + std::exp(-2 * u));
    }
    case Nonlinearity::kRelu:
      return x > 0 ? x : 0;
    case Nonlinearity::kReluSquared:
      return x > 0 ? x * x : 0;
    case Nonlinearity::kTanh:
      return std::tanh(x);
    case Nonlinearity::kSigmoid:
      return 1 / (1 + std::exp(-x));
  }
  return x;
}

class Rows : public testing::TestWithParam<const char*> {};

TEST_P(Rows, ActivationsAreAccurate) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  std::vector<float> x;
  for (int step = -200000; step <= 200000; ++step) x.push_back(static_cast<float>(step) * 1e-4f);
  for (const float magnitude : {0.0f, 1e-45f, 1e-38f, 1e-20f, 1e-6f, 30.0f, 60.0f, 1e3f, 1e10f}) {
    x.push_back(magnitude);
    x.push_back(-magnitude);
  }
  std::vector<float> out(x.size());
  for (const Nonlinearity kind :
       {Nonlinearity::kNone, Nonlinearity::kSilu, Nonlinearity::kGelu, Nonlinearity::kGeluTanh, Nonlinearity::kRelu,
        Nonlinearity::kReluSquared, Nonlinearity::kTanh, Nonlinearity::kSigmoid}) {
    table.activate(kind, x.data(), nullptr, static_cast<int64_t>(x.size()), out.data());
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = exact(kind, x[i]);
      // gelu's 1 + erf cancels for negative x: its error is that of a sum near 1, times x. gelu_tanh's exponent is
      // rounded before it is exponentiated: its error grows with the exponent.
      double bound = 4 * kEpsilon * std::abs(expected);
      if (kind == Nonlinearity::kGelu) bound = 4 * kEpsilon * std::abs(x[i]);
      if (kind == Nonlinearity::kGeluTanh && x[i] < 0) bound *= 1 + std::abs(x[i] * x[i] * x[i]);
      ASSERT_NEAR(out[i], expected, bound + 1e-37) << static_cast<int>(kind) << " of " << x[i];
    }
  }
}

TEST_P(Rows, ActivationsOfWhatIsNotFinite) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  const std::vector<float> x = {kNaN, kInfinity, 1.0f};
  std::vector<float> out(3);
  for (const Nonlinearity kind : {Nonlinearity::kSilu, Nonlinearity::kGelu, Nonlinearity::kGeluTanh,
                                  Nonlinearity::kRelu, Nonlinearity::kReluSquared}) {
    table.activate(kind, x.data(), nullptr, 3, out.data());
    EXPECT_TRUE(std::isnan(out[0])) << static_cast<int>(kind);
    EXPECT_EQ(out[1], kInfinity) << static_cast<int>(kind);
    EXPECT_NEAR(out[2], exact(kind, 1.0), 4 * kEpsilon);
  }
  for (const Nonlinearity kind : {Nonlinearity::kTanh, Nonlinearity::kSigmoid}) {
    table.activate(kind, x.data(), nullptr, 3, out.data());
    EXPECT_TRUE(std::isnan(out[0]));
    EXPECT_EQ(out[1], 1.0f);
  }
  EXPECT_EQ(table.sigmoid(-kInfinity), 0.0f);
  EXPECT_EQ(table.sigmoid(kInfinity), 1.0f);
  EXPECT_TRUE(std::isnan(table.sigmoid(kNaN)));
  EXPECT_EQ(table.sigmoid(0.0f), 0.5f);
}

TEST_P(Rows, SigmoidAndSoftcapAreAccurate) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  for (int step = 0; step < 4325; ++step) {
    const float x = -80.0f + 0.037f * static_cast<float>(step);
    const double expected = 1 / (1 + std::exp(-static_cast<double>(x)));
    ASSERT_NEAR(table.sigmoid(x), expected, 4 * kEpsilon * expected) << x;
    for (const float cap : {1.0f, 30.0f, 50.0f}) {
      float capped = x;
      table.softcap(cap, 1, &capped);
      const double exact_cap = cap * std::tanh(static_cast<double>(x) / cap);
      ASSERT_NEAR(capped, exact_cap, 4 * kEpsilon * std::abs(exact_cap)) << x << " under " << cap;
    }
  }
  float extremes[3] = {kInfinity, -kInfinity, kNaN};
  table.softcap(30.0f, 3, extremes);
  EXPECT_EQ(extremes[0], 30.0f);
  EXPECT_EQ(extremes[1], -30.0f);
  EXPECT_TRUE(std::isnan(extremes[2]));
}

TEST_P(Rows, AValueDoesNotDependOnItsPlaceInTheRow) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  std::mt19937 random(3);
  const std::vector<float> x = random_floats(random, 67);
  for (const Nonlinearity kind : {Nonlinearity::kSilu, Nonlinearity::kGelu, Nonlinearity::kGeluTanh}) {
    std::vector<float> together(67);
    table.activate(kind, x.data(), nullptr, 67, together.data());
    for (size_t i = 0; i < 67; ++i) {
      float alone = 0.0f;
      table.activate(kind, &x[i], nullptr, 1, &alone);
      ASSERT_EQ(alone, together[i]);
    }
  }
}

TEST_P(Rows, RaggedLengthsStayInside) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  std::mt19937 random(4);
  for (int64_t n = 1; n <= 50; ++n) {
    const std::vector<float> a = random_floats(random, n);
    const std::vector<float> b = random_floats(random, n);
    std::vector<float> out(static_cast<size_t>(n) + 1, 99.0f);
    table.add(a.data(), b.data(), 0.25f, n, out.data());
    for (size_t i = 0; i < a.size(); ++i) {
      EXPECT_NEAR(out[i], a[i] + 0.25 * b[i], kEpsilon * (std::abs(a[i]) + std::abs(b[i])));
    }
    EXPECT_EQ(out.back(), 99.0f);
    table.activate(Nonlinearity::kSilu, a.data(), b.data(), n, out.data());
    for (size_t i = 0; i < a.size(); ++i) {
      const double expected = exact(Nonlinearity::kSilu, a[i]) * b[i];
      EXPECT_NEAR(out[i], expected, 5 * kEpsilon * std::abs(expected));
    }
    EXPECT_EQ(out.back(), 99.0f);
    table.scale_in_place(3.0f, n, out.data());
    EXPECT_EQ(out.back(), 99.0f);
  }
}

TEST_P(Rows, NormsAreAccurate) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  std::mt19937 random(6);
  for (const int64_t n : {1, 5, 20, 64, 576, 577, 4096}) {
    for (const bool subtract_mean : {false, true}) {
      std::vector<float> x = random_floats(random, n);
      for (float& value : x) value = 3 * value + 1;
      const std::vector<float> weight = random_floats(random, n);
      const std::vector<float> bias = random_floats(random, n);
      NormArgs args;
      args.subtract_mean = subtract_mean;
      args.epsilon = 1e-5f;
      args.weight = weight.data();
      args.bias = bias.data();
      double mean = 0;
      for (const float value : x) mean += value;
      mean = subtract_mean ? mean / static_cast<double>(n) : 0;
      double variance = 0;
      for (const float value : x) variance += (value - mean) * (value - mean);
      variance /= static_cast<double>(n);
      std::vector<float> out(x.size() + 1, 99.0f);
      table.norm(args, x.data(), n, out.data());
      EXPECT_EQ(out.back(), 99.0f);
      // Sums of n / 4 terms at worst in one lane, of magnitudes like the values themselves.
      const double relative = kEpsilon * (8 + static_cast<double>(n) / 8);
      for (size_t i = 0; i < x.size(); ++i) {
        const double factor = 1 / std::sqrt(variance + 1e-5);
        const double expected = (x[i] - mean) * factor * weight[i] + bias[i];
        const double size = (std::abs(x[i]) + std::abs(mean)) * factor * std::abs(weight[i]) + std::abs(bias[i]);
        ASSERT_NEAR(out[i], expected, relative * size) << n;
      }
      std::vector<float> in_place = x;
      table.norm(args, in_place.data(), n, in_place.data());
      EXPECT_TRUE(std::equal(in_place.begin(), in_place.end(), out.begin()));
    }
  }
}

TEST_P(Rows, RopeHasTheBitsOfTwoProductsAndASum) {
  INGOT_TABLE_OR_SKIP(table, GetParam());
  std::mt19937 random(7);
  for (const bool interleaved : {true, false}) {
    for (const int64_t rotary_dim : {2, 10, 20, 32, 64, 80, 96, 128}) {
      const int64_t head_dim = rotary_dim + 6;
      std::vector<float> cosines = random_floats(random, rotary_dim);
      std::vector<float> sines = random_floats(random, rotary_dim);
      const std::vector<float> x = random_floats(random, 3 * head_dim);
      std::vector<float> expected = x;
      for (int64_t head = 0; head < 3; ++head) {
        for (int64_t pair = 0; pair < rotary_dim / 2; ++pair) {
          const auto a = static_cast<size_t>(interleaved ? 2 * pair : pair);
          const auto b = static_cast<size_t>(interleaved ? 2 * pair + 1 : pair + rotary_dim / 2);
          const float* in = x.data() + head * head_dim;
          expected[static_cast<size_t>(head * head_dim) + a] = in[a] * cosines[a] + in[b] * sines[a];
          expected[static_cast<size_t>(head * head_dim) + b] = in[b] * cosines[b] + in[a] * sines[b];
        }
      }
      std::vector<float> turned = x;
      table.rope({interleaved, head_dim, rotary_dim, cosines.data(), sines.data()}, 3, turned.data());
      EXPECT_EQ(turned, expected) << rotary_dim;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, Rows, testing::ValuesIn(kVectorTables),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ingot::core
