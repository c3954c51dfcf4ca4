// Sums of codes times activations where there are only products of two neighbours: VPMADDUBSW of bytes, unsigned by
// signed, into sums of 16 bits, and VPMADDWD of 16-bit numbers into sums of 32.
//
// Codes of up to six bits take the bytes, an activation being a = 256 high + low. Sums of 16 bits are exact for
// kQuadsInShort quads of columns, and are then widened: two products a quad, where the 16-bit ones need two and the
// codes widened as well. Codes of eight bits would overflow at once, and take the 16-bit numbers: the codes of four
// columns as two pairs, columns 0 and 2, columns 1 and 3, activations likewise.
// Included by table.cpp after simd.h, inside its region and namespace.

#include "kernels/impl/byte_digits.h"

// Rows of activations against one read of a panel.
constexpr int kManyRows = 4;

template <int kCodeBits>
struct WideSums {
  using Codes = I32;
  // 32767 / (2 products * largest code * 128)
  static constexpr int kQuadsInShort = 32767 / (2 * ((1 << kCodeBits) - 1) * 128);
  static_assert(kQuadsInShort >= 1);
  I32 high;  // sums of code * high, of 32 bits
  I32 low;
  I32 short_high;  // of the last quads, of 16 bits
  I32 short_low;

  static Codes prepare(I32 codes) { return codes; }
  void clear() { high = low = short_high = short_low = broadcast_i32(0); }
  // The codes of columns [col, col + 4), the quad'th quad since clear().
  INGOT_ALWAYS_INLINE void add(Codes codes, const std::byte* digits, int64_t columns, int64_t col, int quad) {
    short_high = add_i16(short_high, multiply_bytes(codes, broadcast_word(digits + col)));
    short_low = add_i16(short_low, multiply_bytes(codes, broadcast_word(digits + columns + col)));
    if ((quad + 1) % kQuadsInShort == 0) widen();
  }
  INGOT_ALWAYS_INLINE I32 total() {
    widen();
    return add_i32(low, shift_left(high, 8));
  }

 private:
  INGOT_ALWAYS_INLINE void widen() {
    const I32 ones = broadcast_i32(0x00010001);
    high = add_i32(high, multiply_pairs(short_high, ones));
    low = add_i32(low, multiply_pairs(short_low, ones));
    short_high = short_low = broadcast_i32(0);
  }
};

template <>
struct WideSums<8> {
  struct Codes {
    I32 even;  // columns 0 and 2
    I32 odd;
  };
  I32 sums;

  static Codes prepare(I32 codes) {
    return {and_i32(codes, broadcast_i32(0x00FF00FF)), and_i32(shift_right(codes, 8), broadcast_i32(0x00FF00FF))};
  }
  void clear() { sums = broadcast_i32(0); }
  INGOT_ALWAYS_INLINE void add(const Codes& codes, const std::byte* digits, int64_t columns, int64_t col, int) {
    const std::byte* pairs = digits + 2 * columns + 2 * col;
    const I32 even = multiply_pairs(codes.even, broadcast_word(pairs));
    const I32 odd = multiply_pairs(codes.odd, broadcast_word(pairs + 4));
    sums = add_i32(sums, add_i32(even, odd));
  }
  I32 total() const { return sums; }
};

// Activations of 16 bits: | all high bytes | all low bytes | pairs, 8 bytes for four columns |
struct WideActivations {
  static constexpr int64_t kBytesPerColumn = 4;
  static constexpr float kLargest = kLargestWide;
  template <int kCodeBits>
  using Sums = WideSums<kCodeBits>;

  // kLanes activations from column col on.
  static void store(std::byte* digits, int64_t columns, int64_t col, I32 a) {
    store_byte_digits(digits, columns, col, a);
    store_pairs(digits + 2 * columns + 2 * col, a);
  }
};

// With activations of 8 bits: the same with one product a quad.
template <int kCodeBits>
struct ByteSums {
  using Codes = I32;
  static constexpr int kQuadsInShort = 32767 / (2 * ((1 << kCodeBits) - 1) * 127);
  static_assert(kQuadsInShort >= 1);
  I32 sums;
  I32 short_sums;

  static Codes prepare(I32 codes) { return codes; }
  void clear() { sums = short_sums = broadcast_i32(0); }
  INGOT_ALWAYS_INLINE void add(Codes codes, const std::byte* digits, int64_t, int64_t col, int quad) {
    short_sums = add_i16(short_sums, multiply_bytes(codes, broadcast_word(digits + col)));
    if ((quad + 1) % kQuadsInShort == 0) widen();
  }
  INGOT_ALWAYS_INLINE I32 total() {
    widen();
    return sums;
  }

 private:
  INGOT_ALWAYS_INLINE void widen() {
    sums = add_i32(sums, multiply_pairs(short_sums, broadcast_i32(0x00010001)));
    short_sums = broadcast_i32(0);
  }
};

template <>
struct ByteSums<8> {
  using Codes = WideSums<8>::Codes;
  I32 sums;

  static Codes prepare(I32 codes) { return WideSums<8>::prepare(codes); }
  void clear() { sums = broadcast_i32(0); }
  INGOT_ALWAYS_INLINE void add(const Codes& codes, const std::byte* digits, int64_t columns, int64_t col, int) {
    const std::byte* pairs = digits + columns + 2 * col;
    const I32 even = multiply_pairs(codes.even, broadcast_word(pairs));
    const I32 odd = multiply_pairs(codes.odd, broadcast_word(pairs + 4));
    sums = add_i32(sums, add_i32(even, odd));
  }
  I32 total() const { return sums; }
};

// | bytes | pairs, 8 bytes for four columns |
struct ByteActivations {
  static constexpr int64_t kBytesPerColumn = 3;
  static constexpr float kLargest = kLargestByte;
  template <int kCodeBits>
  using Sums = ByteSums<kCodeBits>;
  // Codes of up to four bits are widened once a group.
  static constexpr int code_class(int bits) { return bits < 4 ? 4 : bits; }
  // Two vectors of weight rows: of 16 registers, 6 sums of 16 bits and 6 of floats for 4 bits.
  static constexpr int64_t kTilePanels = kLanes == 16 ? 2 : 1;
  static constexpr int64_t kTileRows = kLanes == 16 ? 4 : 3;

  static void store(std::byte* digits, int64_t columns, int64_t col, I32 a) {
    store_low_bytes(reinterpret_cast<int8_t*>(digits + col), a);
    store_pairs(digits + columns + 2 * col, a);
  }
};
