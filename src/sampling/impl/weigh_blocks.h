// For a namespace that has Floats and Ints of some width and exp_weight_of(), within a region of its instruction set.
// Lane i of 16 sums the logits i, i + 16, ..., and the lanes are then added by halves: the width makes no difference.

constexpr size_t kLanes = sizeof(Floats) / sizeof(float);
constexpr size_t kParts = 16 / kLanes;

inline float sum_sixteen(const Floats (&parts)[kParts]) {
  float lanes[16];
  __builtin_memcpy(lanes, parts, sizeof lanes);
  for (size_t half = 8; half > 0; half /= 2) {
    for (size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

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
        const Floats weight = distance >= rule.least ? exp_weight_of<Floats, Ints>(distance) : Floats{};
        weights[part] += weight;
        // Of a token without weight the distance may be an infinity.
        if (kWithProducts) products[part] += weight > 0.0f ? weight * distance : Floats{};
      }
    }
  }
  out_sums.weights = sum_sixteen(weights);
  out_sums.products = kWithProducts ? sum_sixteen(products) : 0.0f;
}
