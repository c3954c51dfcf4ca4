// The grids of the IQ types: each entry is a vector of eight (IQ1, IQ2) or four (IQ3) numbers that were found to occur
// together; a block stores entry numbers. Facts of the formats, from llama.cpp's ggml-common.h.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ingot::core {

template <size_t kEntries, size_t kLength>
using IqGrid = std::array<std::array<int8_t, kLength>, kEntries>;

extern const IqGrid<256, 8> kIq2XxsGrid;  // of 8, 25, 43
extern const IqGrid<512, 8> kIq2XsGrid;   // of 8, 25, 43
extern const IqGrid<1024, 8> kIq2SGrid;   // of 8, 25, 43
extern const IqGrid<256, 4> kIq3XxsGrid;  // of 4, 12, 20, 28, 36, 44, 52, 62
extern const IqGrid<512, 4> kIq3SGrid;    // of 1, 3, 5, .. 15
extern const IqGrid<2048, 8> kIq1Grid;    // of -1, 0, 1; IQ1_S and IQ1_M

// IQ2_XXS, IQ2_XS and IQ3_XXS store seven of eight sign bits; the eighth makes the number of set bits even.
constexpr int even_signs(uint32_t seven_bits) {
  return static_cast<int>(seven_bits | (static_cast<uint32_t>(std::popcount(seven_bits) & 1) << 7));
}

}  // namespace ingot::core
