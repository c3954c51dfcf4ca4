// Vectors of 8 floats. The same names mean the same in every simd.h; impl/ is written in them.
// Included by table.cpp inside its region and namespace.

constexpr int64_t kLanes = 8;
using F32 = __m256;
using I32 = __m256i;

// The tile of a product: weight rows times activation rows in registers; 12 sums, 3 activations, 1 weight of 16.
constexpr int kTileWeights = 4;
constexpr int kTileRows = 3;
// Whether a product with one row multiplies while it decodes: measured, a seventh to three quarters
// faster, but for Q4_K, which is a fifth slower.
constexpr bool kDotWhileDecoding = true;

inline F32 zero() {
  return _mm256_setzero_ps();
}
inline F32 broadcast(float value) {
  return _mm256_set1_ps(value);
}
inline F32 load(const float* p) {
  return _mm256_loadu_ps(p);
}
inline void store(float* p, F32 a) {
  _mm256_storeu_ps(p, a);
}
inline I32 lane_numbers() {
  return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
}
inline I32 first_lanes(int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane_numbers());
}
// The first n lanes, 0 < n < kLanes; the others are zero, or not written.
inline F32 load_partial(const float* p, int64_t n) {
  return _mm256_maskload_ps(p, first_lanes(n));
}
inline void store_partial(float* p, int64_t n, F32 a) {
  _mm256_maskstore_ps(p, first_lanes(n), a);
}

inline F32 add(F32 a, F32 b) {
  return _mm256_add_ps(a, b);
}
inline F32 sub(F32 a, F32 b) {
  return _mm256_sub_ps(a, b);
}
inline F32 mul(F32 a, F32 b) {
  return _mm256_mul_ps(a, b);
}
inline F32 div(F32 a, F32 b) {
  return _mm256_div_ps(a, b);
}
// a * b + c; rounded once where the instruction set can.
inline F32 fma(F32 a, F32 b, F32 c) {
  return _mm256_fmadd_ps(a, b, c);
}
// Where either is a NaN: b.
inline F32 max(F32 a, F32 b) {
  return _mm256_max_ps(a, b);
}
inline F32 min(F32 a, F32 b) {
  return _mm256_min_ps(a, b);
}
inline F32 sign_bits() {
  return _mm256_set1_ps(-0.0f);
}
inline F32 abs(F32 a) {
  return _mm256_andnot_ps(sign_bits(), a);
}
// The magnitude of a with the sign of b.
inline F32 copy_sign(F32 a, F32 b) {
  return _mm256_or_ps(abs(a), _mm256_and_ps(sign_bits(), b));
}
// a < b ? x : y
inline F32 select_less(F32 a, F32 b, F32 x, F32 y) {
  return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
// x in lanes [first, end), else y.
inline F32 select_lanes(int64_t first, int64_t end, F32 x, F32 y) {
  return _mm256_blendv_ps(y, x, _mm256_castsi256_ps(_mm256_andnot_si256(first_lanes(first), first_lanes(end))));
}

inline I32 broadcast_i32(int32_t value) {
  return _mm256_set1_epi32(value);
}
inline I32 add_i32(I32 a, I32 b) {
  return _mm256_add_epi32(a, b);
}
inline I32 sub_i32(I32 a, I32 b) {
  return _mm256_sub_epi32(a, b);
}
inline I32 and_i32(I32 a, I32 b) {
  return _mm256_and_si256(a, b);
}
inline I32 or_i32(I32 a, I32 b) {
  return _mm256_or_si256(a, b);
}
// (a & mask) | b
inline I32 merge_bits(I32 a, I32 mask, I32 b) {
  return or_i32(and_i32(a, mask), b);
}
inline I32 shift_left(I32 a, int n) {
  return _mm256_slli_epi32(a, n);
}
inline I32 shift_right(I32 a, int n) {
  return _mm256_srli_epi32(a, n);
}
// Rounds toward minus infinity.
inline I32 half_i32(I32 a) {
  return _mm256_srai_epi32(a, 1);
}
inline F32 to_f32(I32 a) {
  return _mm256_cvtepi32_ps(a);
}
// Rounds to nearest even.
inline I32 to_i32(F32 a) {
  return _mm256_cvtps_epi32(a);
}
inline F32 as_f32(I32 a) {
  return _mm256_castsi256_ps(a);
}

INGOT_ALWAYS_INLINE void prefetch_second_level(const std::byte* p) {
  _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1);
}
inline I32 load_i32(const std::byte* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline I32 max_i32(I32 a, I32 b) {
  return _mm256_max_epi32(a, b);
}
inline int32_t largest_lane(I32 a) {
  __m128i four = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  four = _mm_max_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(1, 0, 3, 2)));
  return _mm_cvtsi128_si32(_mm_max_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(2, 3, 0, 1))));
}
inline int32_t sum_i32(I32 a) {
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(1, 0, 3, 2)));
  return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(2, 3, 0, 1))));
}
inline I32 as_i32(F32 a) {
  return _mm256_castps_si256(a);
}
inline I32 shift_right_signed(I32 a, int n) {
  return _mm256_srai_epi32(a, n);
}
// Each lane's low byte.
inline void store_low_bytes(int8_t* p, I32 a) {
  const __m256i order = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 4, 8, 12, -1,
                                         -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  const __m256i bytes = _mm256_shuffle_epi8(a, order);
  const __m128i both = _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), both);
}
// Sums of two products each, of unsigned bytes of a and signed bytes of b, 16 bits wide.
inline I32 multiply_bytes(I32 a, I32 b) {
  return _mm256_maddubs_epi16(a, b);
}
inline I32 add_i16(I32 a, I32 b) {
  return _mm256_add_epi16(a, b);
}
// Sums of two products each, of signed 16-bit numbers.
inline I32 multiply_pairs(I32 a, I32 b) {
  return _mm256_madd_epi16(a, b);
}
// 16-bit numbers, one a lane: of every four in turn first the pair 0 and 2, then the pair 1 and 3.
inline void store_pairs(std::byte* p, I32 a) {
  const I32 later = _mm256_shuffle_epi32(a, _MM_SHUFFLE(3, 2, 3, 2));
  const I32 pairs = or_i32(and_i32(a, broadcast_i32(0xFFFF)), shift_left(later, 16));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(pairs));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p + 8), _mm256_extracti128_si256(pairs, 1));
}
// table[byte] for every byte, each 0 .. 15.
inline I32 lookup_bytes(const uint8_t* table, I32 bytes) {
  const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(sixteen), bytes);
}

// kLanes bytes or halves, each widened to its lane.
inline I32 load_u8(const uint8_t* p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
inline I32 load_i8(const int8_t* p) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
}
inline I32 load_u16(const std::byte* p) {
  return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline F32 load_f16(const std::byte* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
// One half precision number.
inline float half(Le16 value) {
  return _cvtsh_ss(value.bits());
}
// Rounds to nearest even.
inline void store_f16(uint16_t* p, F32 a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
// Lane l: bit first + l of word.
inline I32 bits(uint32_t word, int first) {
  const I32 shifted = _mm256_srlv_epi32(_mm256_set1_epi32(static_cast<int>(word >> first)), lane_numbers());
  return _mm256_and_si256(shifted, _mm256_set1_epi32(1));
}
// table[index] with 0 <= index < 16.
inline F32 lookup(const float* table, I32 index) {
  const F32 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), index);
  const F32 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), index);
  // Bit 3 of the index, moved to the sign, chooses.
  return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)));
}
// Lanes 2i and 2i + 1 change places.
inline F32 swap_pairs(F32 a) {
  return _mm256_permute_ps(a, 0xB1);
}

// The sum of all lanes as a tree: halves are added until one lane is left, (l, l+4), (l, l+2), (l, l+1).
inline float sum(F32 a) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
// Four of these trees side by side: out[0:4] = the sums of a, b, c, d.
inline void store_sums(F32 a, F32 b, F32 c, F32 d, float* out) {
  // Lanes l + (l + 4): (a, b) and (c, d) in halves of one vector.
  const F32 ab = add(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
  const F32 cd = add(_mm256_permute2f128_ps(c, d, 0x20), _mm256_permute2f128_ps(c, d, 0x31));
  // + (l + 2): a0 a1 c0 c1 | b0 b1 d0 d1
  const F32 two = add(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xEE));
  // + (l + 1): a . c . | b . d .
  const F32 one = add(two, swap_pairs(two));
  const __m128 ac = _mm256_castps256_ps128(one);
  const __m128 bd = _mm256_extractf128_ps(one, 1);
  // a b . . and c d . .
  _mm_storeu_ps(out, _mm_movelh_ps(_mm_unpacklo_ps(ac, bd), _mm_unpackhi_ps(ac, bd)));
}
inline float largest(F32 a) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}
