// Sums of codes times activations by VPDPBUSD, which multiplies unsigned with signed bytes: an activation in two signed
// bytes, a = 256 high + low, all high ones of a row first.
// Included by table.cpp after simd.h, inside its region and namespace.

// Rows of activations against one read of a panel.
constexpr int kManyRows = 4;

struct CodeSums {
  using Codes = I32;
  I32 high;  // sums of code * high
  I32 low;

  static Codes prepare(I32 codes) { return codes; }
  void clear() {
    high = broadcast_i32(0);
    low = broadcast_i32(0);
  }
  // The codes of columns [col, col + 4).
  INGOT_ALWAYS_INLINE void add(Codes codes, const std::byte* digits, int64_t columns, int64_t col) {
    high = _mm512_dpbusd_epi32(high, codes, _mm512_set1_epi32(word(digits + col)));
    low = _mm512_dpbusd_epi32(low, codes, _mm512_set1_epi32(word(digits + columns + col)));
  }
  I32 total() const { return add_i32(low, shift_left(high, 8)); }

  // kLanes activations from column col on.
  static void store_digits(std::byte* digits, int64_t columns, int64_t col, I32 a) {
    const I32 high_digits = shift_right_signed(add_i32(a, broadcast_i32(128)), 8);
    store_low_bytes(reinterpret_cast<int8_t*>(digits + col), high_digits);
    store_low_bytes(reinterpret_cast<int8_t*>(digits + columns + col), sub_i32(a, shift_left(high_digits, 8)));
  }

 private:
  static int32_t word(const std::byte* p) {
    int32_t value;
    std::memcpy(&value, p, sizeof(value));
    return value;
  }
};
