// The codebooks of tensor/quant_codebooks.h as floats, for lookups by vector.
#pragma once

#include <cstdint>

#include "tensor/quant_codebooks.h"

namespace ingot::core {

struct alignas(64) CodebookFloats {
  float values[16];
};

constexpr CodebookFloats to_floats(const int8_t (&codebook)[16]) {
  CodebookFloats floats{};
  for (int index = 0; index < 16; ++index) floats.values[index] = static_cast<float>(codebook[index]);
  return floats;
}

inline constexpr CodebookFloats kIq4NlFloats = to_floats(kIq4NlValues);
inline constexpr CodebookFloats kE2m1Floats = to_floats(kE2m1Doubled);

}  // namespace ingot::core
