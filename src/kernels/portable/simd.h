// Vectors of 4 floats in the compilers' own vector extension: baseline instructions of any processor.
// The same names mean the same in every simd.h; impl/ is written in them.
// Included by table.cpp inside its namespace.

constexpr int64_t kLanes = 4;
typedef float F32 __attribute__((vector_size(16)));
typedef int32_t I32 __attribute__((vector_size(16)));
typedef uint32_t U32 __attribute__((vector_size(16)));
typedef uint8_t U8x16 __attribute__((vector_size(16)));
typedef uint16_t U16x8 __attribute__((vector_size(16)));
typedef int64_t I64x2 __attribute__((vector_size(16)));

// The tile of a product: weight rows times activation rows in registers; 8 sums, the rest for products, of 16.
constexpr int kTileWeights = 4;
constexpr int kTileRows = 2;
// Whether a product with one row multiplies while it decodes: measured, a fifth slower here, for want of registers.
constexpr bool kDotWhileDecoding = false;

inline F32 broadcast(float value) {
  return F32{value, value, value, value};
}
inline F32 zero() {
  return broadcast(0.0f);
}
inline F32 load(const float* p) {
  F32 a;
  std::memcpy(&a, p, sizeof(a));
  return a;
}
inline void store(float* p, F32 a) {
  std::memcpy(p, &a, sizeof(a));
}
// The first n lanes, 0 < n < kLanes; the others are zero, or not written.
inline F32 load_partial(const float* p, int64_t n) {
  F32 a = zero();
  std::memcpy(&a, p, static_cast<size_t>(n) * sizeof(float));
  return a;
}
inline void store_partial(float* p, int64_t n, F32 a) {
  std::memcpy(p, &a, static_cast<size_t>(n) * sizeof(float));
}

inline F32 add(F32 a, F32 b) {
  return a + b;
}
inline F32 sub(F32 a, F32 b) {
  return a - b;
}
inline F32 mul(F32 a, F32 b) {
  return a * b;
}
inline F32 div(F32 a, F32 b) {
  return a / b;
}
// a * b + c; rounded once where the instruction set can: here twice.
inline F32 fma(F32 a, F32 b, F32 c) {
  return a * b + c;
}
inline F32 as_f32(I32 a) {
  return std::bit_cast<F32>(a);
}
inline I32 as_i32(F32 a) {
  return std::bit_cast<I32>(a);
}
inline F32 choose(I32 mask, F32 x, F32 y) {
  return as_f32((as_i32(x) & mask) | (as_i32(y) & ~mask));
}
// Where either is a NaN: b.
inline F32 max(F32 a, F32 b) {
  return choose(a > b, a, b);
}
inline F32 min(F32 a, F32 b) {
  return choose(a < b, a, b);
}
inline I32 broadcast_i32(int32_t value) {
  return I32{value, value, value, value};
}
inline F32 abs(F32 a) {
  return as_f32(as_i32(a) & broadcast_i32(0x7FFFFFFF));
}
// The magnitude of a with the sign of b.
inline F32 copy_sign(F32 a, F32 b) {
  return choose(broadcast_i32(0x7FFFFFFF), a, b);
}
// a < b ? x : y
inline F32 select_less(F32 a, F32 b, F32 x, F32 y) {
  return choose(a < b, x, y);
}
// x in lanes [first, end), else y.
inline F32 select_lanes(int64_t first, int64_t end, F32 x, F32 y) {
  const I32 lanes = {0, 1, 2, 3};
  return choose(
      (lanes >= broadcast_i32(static_cast<int32_t>(first))) & (lanes < broadcast_i32(static_cast<int32_t>(end))), x, y);
}

inline I32 add_i32(I32 a, I32 b) {
  return a + b;
}
inline I32 sub_i32(I32 a, I32 b) {
  return a - b;
}
inline I32 and_i32(I32 a, I32 b) {
  return a & b;
}
inline I32 or_i32(I32 a, I32 b) {
  return a | b;
}
inline I32 shift_left(I32 a, int n) {
  return std::bit_cast<I32>(std::bit_cast<U32>(a) << static_cast<uint32_t>(n));
}
inline I32 shift_right(I32 a, int n) {
  return std::bit_cast<I32>(std::bit_cast<U32>(a) >> static_cast<uint32_t>(n));
}
// Rounds toward minus infinity.
inline I32 half_i32(I32 a) {
  return a >> 1;
}
inline F32 to_f32(I32 a) {
  return __builtin_convertvector(a, F32);
}
// Rounds to nearest even, for magnitudes below 2^22: adding 1.5 * 2^23 leaves the integer in the low bits.
inline I32 to_i32(F32 a) {
  const F32 magic = broadcast(12582912.0f);
  return as_i32(a + magic) - as_i32(magic);
}

// kLanes bytes or halves, each widened to its lane. Interleaving with zeros (or, for a sign, with itself and shifting)
// is what compilers turn into single instructions; a conversion of narrow vectors they take apart into scalars.
inline U8x16 interleave_u8(U8x16 a, U8x16 b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
inline U16x8 interleave_u16(U16x8 a, U16x8 b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
inline U8x16 load_four_bytes(const void* p) {
  int32_t four;
  std::memcpy(&four, p, sizeof(four));
  return std::bit_cast<U8x16>(I32{four, 0, 0, 0});
}
inline I32 load_u8(const uint8_t* p) {
  const U16x8 halves = std::bit_cast<U16x8>(interleave_u8(load_four_bytes(p), U8x16{}));
  return std::bit_cast<I32>(interleave_u16(halves, U16x8{}));
}
inline I32 load_i8(const int8_t* p) {
  const U8x16 four = load_four_bytes(p);
  const U16x8 halves = std::bit_cast<U16x8>(interleave_u8(four, four));
  return std::bit_cast<I32>(interleave_u16(halves, halves)) >> 24;
}
inline I32 load_u16(const std::byte* p) {
  int64_t four;
  std::memcpy(&four, p, sizeof(four));
  return std::bit_cast<I32>(interleave_u16(std::bit_cast<U16x8>(I64x2{four, 0}), U16x8{}));
}
// Exact: moving exponent and mantissa into place makes a float 2^-112 of the value, subnormals included; infinities
// and NaNs keep their mantissa and get the float's largest exponent.
inline F32 load_f16(const std::byte* p) {
  const I32 half = load_u16(p);
  const I32 magnitude = (half & broadcast_i32(0x7FFF)) << 13;
  const I32 sign = shift_left(half & broadcast_i32(0x8000), 16);
  const I32 special = magnitude >= broadcast_i32(0x0F800000);
  const F32 finite = as_f32(magnitude) * broadcast(0x1p112f);
  const I32 value = as_i32(choose(special, as_f32(magnitude | broadcast_i32(0x7F800000)), finite));
  return as_f32(value | sign);
}
// One half precision number.
inline float half(Le16 value) {
  return half_value(value);
}
// Rounds to nearest even.
inline void store_f16(uint16_t* p, F32 a) {
  for (int lane = 0; lane < 4; ++lane) p[lane] = float_to_fp16(a[lane]);
}
// Lane l: bit first + l of word.
inline I32 bits(uint32_t word, int first) {
  const auto part = static_cast<int32_t>((word >> first) & 15u);
  const I32 masks = {1, 2, 4, 8};
  // A comparison gives -1 where it holds.
  return broadcast_i32(0) - ((broadcast_i32(part) & masks) != broadcast_i32(0));
}
// table[index] with 0 <= index < 16.
inline F32 lookup(const float* table, I32 index) {
  return F32{table[index[0]], table[index[1]], table[index[2]], table[index[3]]};
}
// Lanes 2i and 2i + 1 change places.
inline F32 swap_pairs(F32 a) {
  return F32{a[1], a[0], a[3], a[2]};
}

// The sum of all lanes as a tree: (l, l+2), (l, l+1).
inline float sum(F32 a) {
  return (a[0] + a[2]) + (a[1] + a[3]);
}
// Four of these trees side by side: out[0:4] = the sums of a, b, c, d.
inline void store_sums(F32 a, F32 b, F32 c, F32 d, float* out) {
  out[0] = sum(a);
  out[1] = sum(b);
  out[2] = sum(c);
  out[3] = sum(d);
}
inline float largest(F32 a) {
  const float even = a[0] > a[2] ? a[0] : a[2];
  const float odd = a[1] > a[3] ? a[1] : a[3];
  return even > odd ? even : odd;
}
