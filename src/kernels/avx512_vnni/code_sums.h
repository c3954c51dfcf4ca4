// Sums of codes times activations by VPDPBUSD, which multiplies unsigned with signed bytes: an activation is one signed
// byte, or two, a = 256 high + low.
// Included by table.cpp after simd.h, inside its region and namespace.

#include "kernels/impl/byte_digits.h"

// Rows of activations against one read of a panel.
constexpr int kManyRows = 4;

template <int kCodeBits>
struct WideSums {
  using Codes = I32;
  I32 high;  // sums of code * high
  I32 low;

  static Codes prepare(I32 codes) { return codes; }
  void clear() { high = low = broadcast_i32(0); }
  // The codes of columns [col, col + 4).
  INGOT_ALWAYS_INLINE void add(Codes codes, const std::byte* digits, int64_t columns, int64_t col, int) {
    high = _mm512_dpbusd_epi32(high, codes, broadcast_word(digits + col));
    low = _mm512_dpbusd_epi32(low, codes, broadcast_word(digits + columns + col));
  }
  I32 total() const { return add_i32(low, shift_left(high, 8)); }
};

// Activations of 16 bits: | all high bytes | all low bytes |
struct WideActivations {
  static constexpr int64_t kBytesPerColumn = 2;
  static constexpr float kLargest = kLargestWide;
  template <int kCodeBits>
  using Sums = WideSums<kCodeBits>;

  // kLanes activations from column col on.
  static void store(std::byte* digits, int64_t columns, int64_t col, I32 a) {
    store_byte_digits(digits, columns, col, a);
  }
};

template <int kCodeBits>
struct ByteSums {
  using Codes = I32;
  I32 sums;

  static Codes prepare(I32 codes) { return codes; }
  void clear() { sums = broadcast_i32(0); }
  INGOT_ALWAYS_INLINE void add(Codes codes, const std::byte* digits, int64_t, int64_t col, int) {
    sums = _mm512_dpbusd_epi32(sums, codes, broadcast_word(digits + col));
  }
  I32 total() const { return sums; }
};

// Activations of 8 bits.
struct ByteActivations {
  static constexpr int64_t kBytesPerColumn = 1;
  static constexpr float kLargest = kLargestByte;
  template <int kCodeBits>
  using Sums = ByteSums<kCodeBits>;
  // Codes of all sizes are multiplied alike.
  static constexpr int code_class(int) { return 8; }
  // 12 sums of whole numbers, 12 of floats, of 32 registers.
  static constexpr int64_t kTilePanels = 2;
  static constexpr int64_t kTileRows = 6;

  static void store(std::byte* digits, int64_t, int64_t col, I32 a) {
    store_low_bytes(reinterpret_cast<int8_t*>(digits + col), a);
  }
};
