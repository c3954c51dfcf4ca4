#if !defined(__clang__)
// GCC 12 takes the "undefined" operands of its own intrinsics for uninitialised variables (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "base/isa_region.h"
#include "kernels/probes/probes.h"
#include "kernels/probes/tables.h"

// 16 sums: latency (4 to 6 cycles) times two units needs up to 12.
INGOT_BEGIN_AVX512_REGION
namespace ingot::core::probes::avx512 {
namespace {

using Words = __m512i;

inline Words zero_words() {
  return _mm512_setzero_si512();
}
inline Words load_words(const std::byte* p) {
  return _mm512_loadu_si512(p);
}
inline Words add_words(Words a, Words b) {
  return _mm512_add_epi64(a, b);
}
inline uint64_t sum_words(Words a) {
  // Not _mm512_reduce_add_epi64: GCC's adds signed numbers, and these sums wrap.
  alignas(64) uint64_t words[8];
  _mm512_store_si512(words, a);
  uint64_t sum = 0;
  for (const uint64_t word : words) sum += word;
  return sum;
}
inline void prefetch(const std::byte* p, int64_t ahead_bytes) {
  // Through an integer: the address may lie beyond the buffer, where a pointer may not.
  const auto address = reinterpret_cast<uintptr_t>(p) + static_cast<uintptr_t>(ahead_bytes);
  _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_NTA);  // NOLINT(performance-no-int-to-ptr)
}

#include "kernels/probes/impl.h"

}  // namespace

uint64_t read_plain(const std::byte* data, int64_t n_bytes) {
  return read_words<1, false>(data, n_bytes);
}
uint64_t read_prefetch(const std::byte* data, int64_t n_bytes) {
  return read_words<1, true>(data, n_bytes);
}
uint64_t read_streams(const std::byte* data, int64_t n_bytes) {
  return read_words<4, false>(data, n_bytes);
}

uint64_t fp32(int64_t n_rounds) {
  constexpr int kSums = 16;
  static_assert(kFp32Round == kSums * 16);
  __m512 sums[kSums];
  INGOT_UNROLL
  for (int s = 0; s < kSums; ++s) sums[s] = _mm512_setzero_ps();
  __m512 one = _mm512_set1_ps(1.0f);
  // The compiler must not know that the sums are equal and the factors one, or it would keep but one sum.
  asm volatile("" : "+m"(sums), "+m"(one));
  const __m512 a = one;
  for (int64_t round = 0; round < n_rounds; ++round) {
    INGOT_UNROLL
    for (int s = 0; s < kSums; ++s) sums[s] = _mm512_fmadd_ps(a, a, sums[s]);
  }
  return total_of<float>(sums);
}

}  // namespace ingot::core::probes::avx512
INGOT_END_REGION

INGOT_BEGIN_AVX512_VNNI_REGION
namespace ingot::core::probes::avx512 {

uint64_t int8_dot(int64_t n_rounds) {
  constexpr int kSums = 16;
  static_assert(kInt8Round == kSums * 64);
  __m512i sums[kSums];
  INGOT_UNROLL
  for (int s = 0; s < kSums; ++s) sums[s] = _mm512_setzero_si512();
  __m512i one = _mm512_set1_epi8(1);
  asm volatile("" : "+m"(sums), "+m"(one));
  const __m512i a = one;
  for (int64_t round = 0; round < n_rounds; ++round) {
    INGOT_UNROLL
    for (int s = 0; s < kSums; ++s) sums[s] = _mm512_dpbusd_epi32(sums[s], a, a);
  }
  return total_of<uint32_t>(sums);
}

}  // namespace ingot::core::probes::avx512
INGOT_END_REGION

INGOT_BEGIN_AVX512_BF16_REGION
namespace ingot::core::probes::avx512 {

uint64_t bf16_dot(int64_t n_rounds) {
  constexpr int kSums = 16;
  static_assert(kBf16Round == kSums * 32);
  __m512 sums[kSums];
  INGOT_UNROLL
  for (int s = 0; s < kSums; ++s) sums[s] = _mm512_setzero_ps();
  __m512i one = _mm512_set1_epi16(0x3F80);
  asm volatile("" : "+m"(sums), "+m"(one));
  const __m512bh a = (__m512bh)one;
  for (int64_t round = 0; round < n_rounds; ++round) {
    INGOT_UNROLL
    for (int s = 0; s < kSums; ++s) sums[s] = _mm512_dpbf16_ps(sums[s], a, a);
  }
  return total_of<float>(sums);
}

}  // namespace ingot::core::probes::avx512
INGOT_END_REGION
