// Spreads the packed grids into bytes at compile time: 38 KB of read-only data instead of work per value.
#include "tensor/iq_grids.h"

namespace ingot::core {
namespace {

#include "tensor/iq_grids_table.inc"

constexpr int8_t kIq2Alphabet[3] = {8, 25, 43};
constexpr int8_t kIq3XxsAlphabet[8] = {4, 12, 20, 28, 36, 44, 52, 62};
constexpr int8_t kIq3SAlphabet[8] = {1, 3, 5, 7, 9, 11, 13, 15};
constexpr int8_t kIq1Alphabet[3] = {-1, 0, 1};

template <size_t kLength, size_t kEntries, size_t kLetters>
constexpr IqGrid<kEntries, kLength> spread(const uint16_t (&packed)[kEntries], const int8_t (&alphabet)[kLetters]) {
  constexpr size_t kBits = 16 / kLength;
  IqGrid<kEntries, kLength> grid{};
  for (size_t entry = 0; entry < kEntries; ++entry) {
    for (size_t i = 0; i < kLength; ++i) {
      grid[entry][i] = alphabet[(packed[entry] >> (kBits * i)) & ((1u << kBits) - 1)];
    }
  }
  return grid;
}

}  // namespace

constinit const IqGrid<256, 8> kIq2XxsGrid = spread<8>(kIq2XxsPacked, kIq2Alphabet);
constinit const IqGrid<512, 8> kIq2XsGrid = spread<8>(kIq2XsPacked, kIq2Alphabet);
constinit const IqGrid<1024, 8> kIq2SGrid = spread<8>(kIq2SPacked, kIq2Alphabet);
constinit const IqGrid<256, 4> kIq3XxsGrid = spread<4>(kIq3XxsPacked, kIq3XxsAlphabet);
constinit const IqGrid<512, 4> kIq3SGrid = spread<4>(kIq3SPacked, kIq3SAlphabet);
constinit const IqGrid<2048, 8> kIq1Grid = spread<8>(kIq1Packed, kIq1Alphabet);

}  // namespace ingot::core
