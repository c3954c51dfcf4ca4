// For a namespace that has Floats, Ints and Words of some width, sixteen_lanes.h and exp2_eighths(), within a region of
// its instruction set.

template <bool kWithProducts>
void weigh_blocks_of(const float* const* blocks, size_t n_blocks, const WeightRule& rule, WeightSums& out_sums) {
  Floats weights[kParts] = {};
  Floats products[kParts] = {};
  for (size_t block = 0; block < n_blocks; ++block) {
    for (size_t at = 0; at < 64; at += 16) {
      INGOT_UNROLL
      for (size_t part = 0; part < kParts; ++part) {
        Floats logits;
        __builtin_memcpy(&logits, blocks[block] + at + part * kLanes, sizeof logits);
        const Floats distance = (logits - rule.best) * rule.scale;
        const Ints counts = distance >= rule.least;
        const Floats weight = exp2_eighths<Floats, Words>(distance);
        weights[part] += counts ? weight : Floats{};
        if (kWithProducts) products[part] += counts ? weight * distance : Floats{};
      }
    }
  }
  out_sums.weights = sum_sixteen(weights);
  out_sums.products = kWithProducts ? sum_sixteen(products) : 0.0f;
}
