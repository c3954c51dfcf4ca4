// What measured chunks say about the next one. Pure functions of the samples.
#pragma once

#include <cstdint>
#include <span>

namespace ingot::core {

// Floating-point operations of the weights, and of looking at the positions before.
struct PrefillFlops {
  double linear = 0;
  double attention = 0;
  double total() const { return linear + attention; }
  double weighted(double attention_weight) const { return linear + attention_weight * attention; }
};

// A chunk that was measured.
struct ChunkSample {
  int64_t n_rows = 0;
  double seconds = 0;
  PrefillFlops flops = {};
  bool cold = false;  // the first of a model: it also reads the file and wakes the threads
};

// Chunks that measurements choose from are powers of two from here to there: beyond, what a chunk costs by itself is
// nothing.
inline constexpr int64_t kSmallestAuto = 64;
inline constexpr int64_t kLargestAuto = 4096;

// The size that kAuto takes next: the one that measured fastest, unless a neighbour of it was never tried. Sizes are
// powers of two, no larger than `largest`; cold samples count for nothing.
int64_t next_size(std::span<const ChunkSample> samples, int64_t largest);

// How many times as long an operation of attention takes as one of a product: by it, chunks at different positions are
// compared. The weight under which samples of one size agree best; 1 where they tell nothing.
double attention_weight(std::span<const ChunkSample> samples);

// Seconds that a chunk should take, from the sample nearest to its size; 0: there are none.
double estimate_seconds(std::span<const ChunkSample> samples, int64_t n_rows, const PrefillFlops& flops);

}  // namespace ingot::core
