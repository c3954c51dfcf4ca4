// Once its working memory has grown, an operation allocates nothing: in the loop of a step that cost would be silent.
#include "base/sanitizer.h"
#include "make_ops.h"
#include "ops/allocation_counter.h"

namespace ingot::core {
namespace {

class Allocation : public testing::TestWithParam<const char*> {};

TEST_P(Allocation, ExpertsReuseTheirMemory) {
  if (INGOT_UNDER_SANITIZER) GTEST_SKIP() << "the sanitizer takes over allocation";
  INGOT_OPS_OR_SKIP(ops, GetParam(), 2);
  std::mt19937 random(7);
  const int64_t n_rows = 24;
  const Matrix gate = Matrix::random(random, 6 * 40, 32);
  const Matrix down = Matrix::random(random, 6 * 32, 40);
  const WeightMatrix gates = weight_of(ops, gate, 6);
  const WeightMatrix downs = weight_of(ops, down, 6);
  const ExpertParams params{&gates, &gates, &downs, Activation::kSilu};
  Matrix x = Matrix::random(random, n_rows, 32);
  Matrix out(n_rows, 32);
  std::vector<int32_t> ids;
  for (int64_t row = 0; row < n_rows; ++row) ids.insert(ids.end(), {static_cast<int32_t>(row % 5), 5});
  const std::vector<float> weights(ids.size(), 0.5f);
  const auto compute = [&](int64_t rows) {
    const auto n_pairs = static_cast<size_t>(2 * rows);
    ops.experts({rows, 0}, params, std::span(ids).first(n_pairs), std::span(weights).first(n_pairs), 2,
                x.view().row_range(0, rows), out.view().row_range(0, rows));
  };
  compute(n_rows);
  const std::vector<float> first = out.values;
  const int64_t before = count_allocations();
  for (const int64_t rows : {int64_t{1}, int64_t{7}, n_rows}) compute(rows);
  EXPECT_EQ(count_allocations(), before);
  EXPECT_GT(before, 0);  // the counter counts
  EXPECT_EQ(out.values, first);
}

INSTANTIATE_TEST_SUITE_P(Tables, Allocation, testing::ValuesIn(kAllTables),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace ingot::core
