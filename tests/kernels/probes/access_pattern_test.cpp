#include "kernels/probes/access_pattern.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace ingot::core {
namespace {

// Powers of two whose every subset has a sum of its own, exact in a float.
std::vector<float> powers_of_two(int n) {
  std::vector<float> values;
  for (int i = 0; i < n; ++i) values.push_back(std::ldexp(1.0f, i));
  return values;
}

TEST(AccessPattern, KeepsItsDistanceToTheEnd) {
  const std::vector<float> data = powers_of_two(24);
  for (const int64_t stride : {1, 2, 3, 5, 8, 23, 24, 25}) {
    float expected = 0;
    for (size_t place = 0; place < data.size(); place += static_cast<size_t>(stride)) expected += data[place];
    EXPECT_EQ(sum_strided(data, stride), expected) << "stride " << stride;
  }
  EXPECT_EQ(sum_strided({}, 8), 0.0f);
}

TEST(AccessPattern, RandomReadsReachEverywhereEvenly) {
  std::vector<float> data(256, 0.0f);
  constexpr int64_t kReads = 100000;
  for (size_t place = 0; place < data.size(); place += 51) {
    data[place] = 1.0f;
    const float hits = sum_random(data, 7, kReads);
    data[place] = 0.0f;
    // Binomial: 390.6 expected, standard deviation 19.7; five of them.
    EXPECT_NEAR(hits, 390.6, 100) << "place " << place;
  }
}

TEST(AccessPattern, RandomReadsTakeAnyCount) {
  const std::vector<float> ones(64, 1.0f);
  for (const int64_t n_reads : {0, 1, 7, 8, 9, 1000})
    EXPECT_EQ(sum_random(ones, 1, n_reads), static_cast<float>(n_reads));
  EXPECT_EQ(sum_random(std::span(ones).first(1), 1, 9), 9.0f);
}

}  // namespace
}  // namespace ingot::core
