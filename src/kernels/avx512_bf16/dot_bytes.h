// Included by table.cpp after simd.h, inside its region and namespace.

// sums[lane] += the four unsigned bytes of codes' lane times the four signed ones of word.
inline I32 dot_bytes(I32 sums, I32 codes, int32_t word) {
  return _mm512_dpbusd_epi32(sums, codes, _mm512_set1_epi32(word));
}
