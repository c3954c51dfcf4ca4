// Where everything lies inside a block of a panel: byte offsets, shared by what packs panels and what multiplies.
//
// A block of 16 weight rows is made of lines and scales. A line is 64 bytes: word n of each row's quants, 32-bit lane r
// that of row r. Scales are one number of each row, 16 side by side: halves (32 bytes) or bytes (16). They lie in the
// order in which a product first touches them, from the first byte to the last: a load that runs ahead of its
// neighbours and a second stream beside the first each cost a third to two thirds of the bandwidth of the memory
// (Zen 4, measured), because the processor's prefetchers follow what moves in small steps forward.
#pragma once

#include <cstdint>

namespace ingot::core {

inline constexpr int64_t kPanelRows = 16;
inline constexpr int64_t kPanelLineBytes = 64;
inline constexpr int64_t kPanelHalfBytes = 2 * kPanelRows;

// | scales | lines |   32 values
template <int64_t kScales, int64_t kLines>
struct PanelSmallBlock {
  static constexpr int64_t line(int64_t n) { return kScales + n * kPanelLineBytes; }
  static constexpr int64_t n_bytes() { return line(kLines); }
};
using PanelBlockQ4_0 = PanelSmallBlock<kPanelHalfBytes, 4>;      // d
using PanelBlockQ4_1 = PanelSmallBlock<2 * kPanelHalfBytes, 4>;  // d, m
using PanelBlockQ5_0 = PanelSmallBlock<kPanelHalfBytes, 5>;      // d; line 0 has the fifth bits
using PanelBlockQ5_1 = PanelSmallBlock<2 * kPanelHalfBytes, 5>;  // d, m; line 0 has the fifth bits
using PanelBlockQ8_0 = PanelSmallBlock<kPanelHalfBytes, 8>;      // d
using PanelBlockMXFP4 = PanelSmallBlock<kPanelRows, 4>;          // e

// | d, dmin | half 0 | half 1 |   a half: | 8 bytes of scales a row | lines of qs |
struct PanelBlockQ2_K {
  static constexpr int64_t half(int64_t h) { return 2 * kPanelHalfBytes + h * (8 * kPanelRows + 8 * kPanelLineBytes); }
  static constexpr int64_t scale(int64_t group) { return half(group / 8) + group % 8 * kPanelRows; }
  static constexpr int64_t quants(int64_t n) { return half(n / 8) + 8 * kPanelRows + n % 8 * kPanelLineBytes; }
  static constexpr int64_t n_bytes() { return half(2); }
};
// | d | scales of half 0 | line of qs, line of hmask, 8 times | scales of half 1 | lines of qs |
struct PanelBlockQ3_K {
  static constexpr int64_t kLater = kPanelHalfBytes + 8 * kPanelRows + 16 * kPanelLineBytes;
  static constexpr int64_t scale(int64_t group) {
    return (group < 8 ? kPanelHalfBytes : kLater) + group % 8 * kPanelRows;
  }
  static constexpr int64_t quants(int64_t n) {
    return n < 8 ? scale(8 - 1) + kPanelRows + n * 2 * kPanelLineBytes
                 : kLater + 8 * kPanelRows + (n - 8) * kPanelLineBytes;
  }
  static constexpr int64_t mask(int64_t n) { return quants(n) + kPanelLineBytes; }
  static constexpr int64_t n_bytes() { return kLater + 8 * kPanelRows + 8 * kPanelLineBytes; }
};
// | d, dmin | four times: | scale, min, scale, min of two groups | lines of qs |
struct PanelBlockQ4_K {
  static constexpr int64_t pair(int64_t p) { return 2 * kPanelHalfBytes + p * 9 * kPanelLineBytes; }
  static constexpr int64_t scale(int64_t group) { return pair(group / 2) + group % 2 * 2 * kPanelRows; }
  static constexpr int64_t min(int64_t group) { return scale(group) + kPanelRows; }
  static constexpr int64_t quants(int64_t n) { return pair(n / 8) + (1 + n % 8) * kPanelLineBytes; }
  static constexpr int64_t n_bytes() { return pair(4); }
};
// The same, with a line of qh beside each of the first eight of qs.
struct PanelBlockQ5_K {
  static constexpr int64_t pair(int64_t p) {
    return 2 * kPanelHalfBytes + p * 9 * kPanelLineBytes + (p == 0 ? 0 : 8 * kPanelLineBytes);
  }
  static constexpr int64_t scale(int64_t group) { return pair(group / 2) + group % 2 * 2 * kPanelRows; }
  static constexpr int64_t min(int64_t group) { return scale(group) + kPanelRows; }
  static constexpr int64_t quants(int64_t n) { return pair(n / 8) + (n < 8 ? 1 + 2 * n : 1 + n % 8) * kPanelLineBytes; }
  static constexpr int64_t high(int64_t n) { return quants(n) + kPanelLineBytes; }
  static constexpr int64_t n_bytes() { return pair(4); }
};
// | d | half 0 | half 1 |   a half: | scales | line of ql, line of qh, 8 times | 8 lines of ql |
struct PanelBlockQ6_K {
  static constexpr int64_t half(int64_t h) { return kPanelHalfBytes + h * (8 * kPanelRows + 24 * kPanelLineBytes); }
  static constexpr int64_t scale(int64_t group) { return half(group / 8) + group % 8 * kPanelRows; }
  static constexpr int64_t low(int64_t n) {
    const int64_t in_half = n % 16;
    return half(n / 16) + 8 * kPanelRows + (in_half < 8 ? 2 * in_half : 8 + in_half) * kPanelLineBytes;
  }
  static constexpr int64_t high(int64_t n) { return low(n / 8 * 16 + n % 8) + kPanelLineBytes; }
  static constexpr int64_t n_bytes() { return half(2); }
};
// | d | scales | lines of qs |
struct PanelBlockIQ4_XS {
  static constexpr int64_t scale(int64_t group) { return kPanelHalfBytes + group * kPanelRows; }
  static constexpr int64_t quants(int64_t n) { return scale(8) + n * kPanelLineBytes; }
  static constexpr int64_t n_bytes() { return quants(32); }
};

}  // namespace ingot::core
