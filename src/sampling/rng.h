// The random numbers of sampling: SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
// generators"). A seed gives the same numbers on every machine and with every standard library, which the
// distributions of <random> do not promise.
#pragma once

#include <cstdint>

namespace ingot::core {

class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
  }
  // Uniform in [0, 1): 53 bits.
  double next_unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_;
};

}  // namespace ingot::core
