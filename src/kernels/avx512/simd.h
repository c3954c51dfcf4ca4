// Vectors of 16 floats. The same names mean the same in every simd.h; impl/ is written in them.
// Included by table.cpp inside its region and namespace.

constexpr int64_t kLanes = 16;
using F32 = __m512;
using I32 = __m512i;

// The tile of a product: weight rows times activation rows in registers; 24 sums, 4 weights, 1 activation of 32.
constexpr int kTileWeights = 4;
constexpr int kTileRows = 6;
// Whether a product with one row multiplies while it decodes: measured, up to nine tenths faster.
constexpr bool kDotWhileDecoding = true;

inline F32 zero() {
  return _mm512_setzero_ps();
}
inline F32 broadcast(float value) {
  return _mm512_set1_ps(value);
}
inline F32 load(const float* p) {
  return _mm512_loadu_ps(p);
}
inline void store(float* p, F32 a) {
  _mm512_storeu_ps(p, a);
}
inline __mmask16 first_lanes(int64_t n) {
  return static_cast<__mmask16>((1u << n) - 1u);
}
// The first n lanes, 0 < n < kLanes; the others are zero, or not written.
inline F32 load_partial(const float* p, int64_t n) {
  return _mm512_maskz_loadu_ps(first_lanes(n), p);
}
inline void store_partial(float* p, int64_t n, F32 a) {
  _mm512_mask_storeu_ps(p, first_lanes(n), a);
}

inline F32 add(F32 a, F32 b) {
  return _mm512_add_ps(a, b);
}
inline F32 sub(F32 a, F32 b) {
  return _mm512_sub_ps(a, b);
}
inline F32 mul(F32 a, F32 b) {
  return _mm512_mul_ps(a, b);
}
inline F32 div(F32 a, F32 b) {
  return _mm512_div_ps(a, b);
}
// a * b + c; rounded once where the instruction set can.
inline F32 fma(F32 a, F32 b, F32 c) {
  return _mm512_fmadd_ps(a, b, c);
}
// Where either is a NaN: b.
inline F32 max(F32 a, F32 b) {
  return _mm512_max_ps(a, b);
}
inline F32 min(F32 a, F32 b) {
  return _mm512_min_ps(a, b);
}
inline F32 abs(F32 a) {
  return _mm512_abs_ps(a);
}
// The magnitude of a with the sign of b.
inline F32 copy_sign(F32 a, F32 b) {
  const I32 sign = _mm512_set1_epi32(static_cast<int>(0x80000000u));
  // Bit by bit: sign ? b : a.
  return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(sign, _mm512_castps_si512(b), _mm512_castps_si512(a), 0xCA));
}
// a < b ? x : y
inline F32 select_less(F32 a, F32 b, F32 x, F32 y) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x);
}
// x in lanes [first, end), else y.
inline F32 select_lanes(int64_t first, int64_t end, F32 x, F32 y) {
  const auto mask = static_cast<__mmask16>(((1u << end) - 1u) & ~((1u << first) - 1u));
  return _mm512_mask_blend_ps(mask, y, x);
}

inline I32 broadcast_i32(int32_t value) {
  return _mm512_set1_epi32(value);
}
inline I32 add_i32(I32 a, I32 b) {
  return _mm512_add_epi32(a, b);
}
inline I32 sub_i32(I32 a, I32 b) {
  return _mm512_sub_epi32(a, b);
}
inline I32 and_i32(I32 a, I32 b) {
  return _mm512_and_si512(a, b);
}
inline I32 or_i32(I32 a, I32 b) {
  return _mm512_or_si512(a, b);
}
// (a & mask) | b
inline I32 merge_bits(I32 a, I32 mask, I32 b) {
  return _mm512_ternarylogic_epi32(a, mask, b, 0xEA);
}
inline I32 shift_left(I32 a, int n) {
  return _mm512_slli_epi32(a, static_cast<unsigned>(n));
}
inline I32 shift_right(I32 a, int n) {
  return _mm512_srli_epi32(a, static_cast<unsigned>(n));
}
// Rounds toward minus infinity.
inline I32 half_i32(I32 a) {
  return _mm512_srai_epi32(a, 1);
}
inline I32 shift_right_signed(I32 a, int n) {
  return _mm512_srai_epi32(a, static_cast<unsigned>(n));
}
inline F32 to_f32(I32 a) {
  return _mm512_cvtepi32_ps(a);
}
// Rounds to nearest even.
inline I32 to_i32(F32 a) {
  return _mm512_cvtps_epi32(a);
}
inline F32 as_f32(I32 a) {
  return _mm512_castsi512_ps(a);
}

INGOT_ALWAYS_INLINE void prefetch_second_level(const std::byte* p) {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1);
}
inline I32 load_i32(const std::byte* p) {
  return _mm512_loadu_si512(p);
}
inline I32 max_i32(I32 a, I32 b) {
  return _mm512_max_epi32(a, b);
}
inline int32_t largest_lane(I32 a) {
  return _mm512_reduce_max_epi32(a);
}
inline int32_t sum_i32(I32 a) {
  return _mm512_reduce_add_epi32(a);
}
inline I32 as_i32(F32 a) {
  return _mm512_castps_si512(a);
}
// Each lane's low byte.
inline void store_low_bytes(int8_t* p, I32 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a));
}
// Sums of two products each, of unsigned bytes of a and signed bytes of b, 16 bits wide.
inline I32 multiply_bytes(I32 a, I32 b) {
  return _mm512_maddubs_epi16(a, b);
}
inline I32 add_i16(I32 a, I32 b) {
  return _mm512_add_epi16(a, b);
}
// Sums of two products each, of signed 16-bit numbers.
inline I32 multiply_pairs(I32 a, I32 b) {
  return _mm512_madd_epi16(a, b);
}
// 16-bit numbers, one a lane: of every four in turn first the pair 0 and 2, then the pair 1 and 3.
inline void store_pairs(std::byte* p, I32 a) {
  const I32 later = _mm512_shuffle_epi32(a, _MM_PERM_DCDC);
  const I32 pairs = or_i32(and_i32(a, broadcast_i32(0xFFFF)), shift_left(later, 16));
  const __m512i low_halves = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 0, 2, 4, 6), pairs);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_castsi512_si256(low_halves));
}
// table[byte] for every byte, each 0 .. 15.
inline I32 lookup_bytes(const uint8_t* table, I32 bytes) {
  return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table))), bytes);
}

// kLanes bytes or halves, each widened to its lane.
inline I32 load_u8(const uint8_t* p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline I32 load_i8(const int8_t* p) {
  return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline I32 load_u16(const std::byte* p) {
  return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline F32 load_f16(const std::byte* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
// One half precision number.
inline float half(Le16 value) {
  return _cvtsh_ss(value.bits());
}
// Rounds to nearest even.
inline void store_f16(uint16_t* p, F32 a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
// Lane l: bit first + l of word.
inline I32 bits(uint32_t word, int first) {
  return _mm512_maskz_set1_epi32(static_cast<__mmask16>(word >> first), 1);
}
// table[index] with 0 <= index < 16.
inline F32 lookup(const float* table, I32 index) {
  return _mm512_permutexvar_ps(index, _mm512_loadu_ps(table));
}
// Lanes 2i and 2i + 1 change places.
inline F32 swap_pairs(F32 a) {
  return _mm512_permute_ps(a, 0xB1);
}

// The sum of all lanes as a tree: halves are added until one lane is left, (l, l+8), (l, l+4), (l, l+2), (l, l+1).
inline float sum(F32 a) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
// Four of these trees side by side: out[0:4] = the sums of a, b, c, d.
inline void store_sums(F32 a, F32 b, F32 c, F32 d, float* out) {
  // Lanes l + (l + 8): (a, b) and (c, d) in halves of one vector.
  const F32 ab = add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xEE));
  const F32 cd = add(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xEE));
  // + (l + 4): a, b, c, d in a quarter each.
  const F32 abcd = add(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xDD));
  const F32 two = add(abcd, _mm512_permute_ps(abcd, 0x4E));
  const F32 one = add(two, _mm512_permute_ps(two, 0xB1));
  const I32 firsts = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 8, 4, 0);
  _mm_storeu_ps(out, _mm512_castps512_ps128(_mm512_permutexvar_ps(firsts, one)));
}
inline float largest(F32 a) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}
