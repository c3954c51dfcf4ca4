// Sums of codes times activations by products of pairs of 16-bit numbers (VPMADDWD): the codes of four columns as two
// pairs, columns 0 and 2, columns 1 and 3; activations likewise, 8 bytes for four columns.
// Included by table.cpp after simd.h, inside its region and namespace.

// Rows of activations against one read of a panel.
constexpr int kManyRows = 4;

struct CodeSums {
  struct Codes {
    I32 even;  // columns 0 and 2
    I32 odd;
  };
  I32 sums;

  static Codes prepare(I32 codes) {
    return {and_i32(codes, broadcast_i32(0x00FF00FF)), and_i32(shift_right(codes, 8), broadcast_i32(0x00FF00FF))};
  }
  void clear() { sums = broadcast_i32(0); }
  // The codes of columns [col, col + 4).
  INGOT_ALWAYS_INLINE void add(const Codes& codes, const std::byte* digits, int64_t, int64_t col) {
    const I32 even = multiply_pairs(codes.even, broadcast_i32(word(digits + 2 * col)));
    const I32 odd = multiply_pairs(codes.odd, broadcast_i32(word(digits + 2 * col + 4)));
    sums = add_i32(sums, add_i32(even, odd));
  }
  I32 total() const { return sums; }

  // kLanes activations from column col on.
  static void store_digits(std::byte* digits, int64_t, int64_t col, I32 a) { store_pairs(digits + 2 * col, a); }

 private:
  static int32_t word(const std::byte* p) {
    int32_t value;
    std::memcpy(&value, p, sizeof(value));
    return value;
  }
};
