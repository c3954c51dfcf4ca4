// For a namespace that has Floats of some width, within a region of its instruction set.
// Lane i of 16 sums the logits i, i + 16, ..., and the lanes are then added by halves: the width makes no difference.

constexpr size_t kLanes = sizeof(Floats) / sizeof(float);
constexpr size_t kParts = 16 / kLanes;

inline float sum_sixteen(const Floats (&parts)[kParts]) {
  using Quarter = float __attribute__((vector_size(16)));
  Quarter quarters[4];
  __builtin_memcpy(quarters, parts, sizeof quarters);
  const Quarter sums = (quarters[0] + quarters[2]) + (quarters[1] + quarters[3]);
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}
