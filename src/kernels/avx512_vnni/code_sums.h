// Sums of codes times activations by VPDPBUSD, which multiplies unsigned with signed bytes: an activation in two signed
// bytes, a = 256 high + low.
// Included by table.cpp after simd.h, inside its region and namespace.

#include "kernels/impl/byte_digits.h"

// Rows of activations against one read of a panel.
constexpr int kManyRows = 4;

// | all high bytes | all low bytes |
struct Digits {
  static constexpr int64_t kBytesPerColumn = 2;

  // kLanes activations from column col on.
  static void store(std::byte* digits, int64_t columns, int64_t col, I32 a) {
    store_byte_digits(digits, columns, col, a);
  }
};

template <int kCodeBits>
struct CodeSums {
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
