// For a namespace that has Floats and Ints of some width, within a region of its instruction set.

inline float greatest(const float (&lanes)[4]) {
  const float low = lanes[0] > lanes[1] ? lanes[0] : lanes[1];
  const float high = lanes[2] > lanes[3] ? lanes[2] : lanes[3];
  return low > high ? low : high;
}

inline bool scan_blocks_of(const float* logits, size_t n_blocks, float* out_maxima) {
  using Quarter = float __attribute__((vector_size(16)));
  constexpr size_t kWidth = sizeof(Floats) / sizeof(float);
  constexpr float kInfinity = __builtin_inff();
  Ints valid = ~Ints{};
  for (size_t block = 0; block < n_blocks; ++block) {
    Floats maxima;
    __builtin_memcpy(&maxima, logits + block * 64, sizeof maxima);
    valid &= maxima < kInfinity;
    for (size_t at = kWidth; at < 64; at += kWidth) {
      Floats lanes;
      __builtin_memcpy(&lanes, logits + block * 64 + at, sizeof lanes);
      maxima = lanes > maxima ? lanes : maxima;
      valid &= lanes < kInfinity;
    }
    Quarter quarters[kWidth / 4];
    __builtin_memcpy(quarters, &maxima, sizeof quarters);
    for (size_t part = 1; part < kWidth / 4; ++part) {
      quarters[0] = quarters[part] > quarters[0] ? quarters[part] : quarters[0];
    }
    float lanes[4];
    __builtin_memcpy(lanes, quarters, sizeof lanes);
    out_maxima[block] = greatest(lanes);
  }
  int32_t all[kWidth];
  __builtin_memcpy(all, &valid, sizeof all);
  bool is_valid = true;
  for (const int32_t lane : all) is_valid = is_valid && lane != 0;
  return is_valid;
}
