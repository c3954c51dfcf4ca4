// For a namespace that has Floats and Ints of some width and sixteen_lanes.h, within a region of its instruction set.

inline void sum_moments_of(const float* const* blocks, size_t n_blocks, float best, MomentSums& out_sums) {
  constexpr float kInfinity = __builtin_inff();
  const Floats one = Floats{} + 1.0f;
  Floats counts[kParts] = {};
  Floats distances[kParts] = {};
  Floats squares[kParts] = {};
  for (size_t block = 0; block < n_blocks; ++block) {
    for (size_t at = 0; at < 64; at += 16) {
      INGOT_UNROLL
      for (size_t part = 0; part < kParts; ++part) {
        Floats logits;
        __builtin_memcpy(&logits, blocks[block] + at + part * kLanes, sizeof logits);
        const Ints allowed = logits > -kInfinity;
        const Floats distance = allowed ? logits - best : Floats{};
        counts[part] += allowed ? one : Floats{};
        distances[part] += distance;
        squares[part] += distance * distance;
      }
    }
  }
  out_sums.n_allowed = sum_sixteen(counts);
  out_sums.distances = sum_sixteen(distances);
  out_sums.squares = sum_sixteen(squares);
}
