// For a namespace that has Floats and Ints of some width and sign_bits(Ints), within a region of its instruction set.

inline uint64_t find_logits_of(const float* block, float threshold) {
  constexpr size_t kWidth = sizeof(Floats) / sizeof(float);
  uint64_t found = 0;
  INGOT_UNROLL
  for (size_t at = 0; at < 64; at += kWidth) {
    Floats logits;
    __builtin_memcpy(&logits, block + at, sizeof logits);
    found |= uint64_t{sign_bits(logits >= threshold)} << at;
  }
  return found;
}
