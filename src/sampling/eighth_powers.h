// The powers 2^(i/8), from which exp() for the weights of tokens is made (exp_weight.h).
#pragma once

#include <cstdint>

namespace ingot::core {

// Of 2^(i/8), rounded to a float, less i << 20: adding any n << 20 with n = i modulo 8 gives the bits of 2^(n/8).
inline constexpr uint32_t kEighthPowers[8] = {0x3f800000, 0x3f7b95c2, 0x3f7837f0, 0x3f75fed7,
                                              0x3f7504f3, 0x3f75672a, 0x3f7744fd, 0x3f7ac0c7};

inline uint32_t eighth_bits(uint32_t n) {
  return kEighthPowers[n % 8];
}

// Of four at once, with any instruction set.
using FourWords = uint32_t __attribute__((vector_size(16)));
inline FourWords eighth_bits(FourWords n) {
  return FourWords{kEighthPowers[n[0] % 8], kEighthPowers[n[1] % 8], kEighthPowers[n[2] % 8], kEighthPowers[n[3] % 8]};
}

}  // namespace ingot::core
