#include "kernels/probes/access_pattern.h"

#include <algorithm>
#include <bit>

namespace ingot::core {
namespace {

// Reads in flight at a time: the sums wait for nothing but their own read.
constexpr int kSums = 8;

}  // namespace

float sum_strided(std::span<const float> data, int64_t stride) {
  const int64_t n_reads = (static_cast<int64_t>(data.size()) + stride - 1) / stride;
  float sums[kSums] = {};
  int64_t read = 0;
  for (; read + kSums <= n_reads; read += kSums) {
    for (int s = 0; s < kSums; ++s) sums[s] += data[static_cast<size_t>((read + s) * stride)];
  }
  for (; read < n_reads; ++read) sums[0] += data[static_cast<size_t>(read * stride)];
  float total = 0;
  for (const float sum : sums) total += sum;
  return total;
}

float sum_random(std::span<const float> data, uint64_t seed, int64_t n_reads) {
  // Knuth's MMIX generator; its high bits are the good ones.
  constexpr uint64_t kFactor = 6364136223846793005;
  constexpr uint64_t kIncrement = 1442695040888963407;
  const int shift = 64 - std::countr_zero(data.size());
  uint64_t states[kSums];
  for (int s = 0; s < kSums; ++s) states[s] = (seed * kSums + static_cast<uint64_t>(s)) * kFactor;
  float sums[kSums] = {};
  for (int64_t i = 0; i < n_reads; i += kSums) {
    const int64_t n = std::min<int64_t>(kSums, n_reads - i);
    for (int64_t s = 0; s < n; ++s) {
      states[s] = states[s] * kFactor + kIncrement;
      // One float has no index bits, and a shift by 64 has no meaning.
      sums[s] += shift < 64 ? data[states[s] >> shift] : data[0];
    }
  }
  float total = 0;
  for (const float sum : sums) total += sum;
  return total;
}

}  // namespace ingot::core
