// The codebooks of tensor/quant_codebooks.h as unsigned bytes, for dot products of bytes.
#pragma once

#include <cstdint>

#include "tensor/quant_codebooks.h"

namespace ingot::core {

struct alignas(16) CodebookCodes {
  uint8_t bytes[16];
};

constexpr CodebookCodes to_codes(const int8_t (&codebook)[16], int offset) {
  CodebookCodes codes{};
  for (int index = 0; index < 16; ++index) codes.bytes[index] = static_cast<uint8_t>(codebook[index] + offset);
  return codes;
}

inline constexpr int kE2m1CodeOffset = 12;  // the codebook's smallest value is -12
inline constexpr CodebookCodes kIq4NlCodes = to_codes(kIq4NlValues, 128);
inline constexpr CodebookCodes kE2m1Codes = to_codes(kE2m1Doubled, kE2m1CodeOffset);

}  // namespace ingot::core
