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

TEST(AccessPattern, AWholeWalkReadsEachFloatOnce) {
  const std::vector<float> data = powers_of_two(24);
  const float all = std::ldexp(1.0f, 24) - 1.0f;
  for (const int64_t stride : {1, 2, 3, 8, 24}) {
    EXPECT_EQ(sum_strided(data, stride, 0, 24), all) << "stride " << stride;
    // In pieces, as a measurement walks.
    EXPECT_EQ(sum_strided(data, stride, 0, 5) + sum_strided(data, stride, 5, 19), all) << "stride " << stride;
  }
}

TEST(AccessPattern, KeepsItsDistance) {
  const std::vector<float> data = powers_of_two(24);
  EXPECT_EQ(sum_strided(data, 8, 0, 3), data[0] + data[8] + data[16]);
  EXPECT_EQ(sum_strided(data, 8, 3, 2), data[1] + data[9]) << "the second pass begins one later";
  EXPECT_EQ(sum_strided(data, 8, 24, 1), data[0]) << "a third walk begins anew";
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
