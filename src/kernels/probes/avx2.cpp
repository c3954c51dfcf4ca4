#include <immintrin.h>

#include "base/isa_region.h"
#include "kernels/probes/probes.h"
#include "kernels/probes/tables.h"

INGOT_BEGIN_AVX2_REGION
namespace ingot::core::probes::avx2 {
namespace {

using Words = __m256i;

inline Words zero_words() {
  return _mm256_setzero_si256();
}
inline Words load_words(const std::byte* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline Words add_words(Words a, Words b) {
  return _mm256_add_epi64(a, b);
}
inline uint64_t sum_words(Words a) {
  alignas(32) uint64_t words[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(words), a);
  return words[0] + words[1] + words[2] + words[3];
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
  // Latency 4 or 5 times two units needs 10; 16 registers hold 12 and the factor.
  constexpr int kSums = 12;
  static_assert(kFp32Round == kSums * 8);
  __m256 sums[kSums];
  INGOT_UNROLL
  for (int s = 0; s < kSums; ++s) sums[s] = _mm256_setzero_ps();
  __m256 one = _mm256_set1_ps(1.0f);
  // The compiler must not know that the sums are equal and the factors one, or it would keep but one sum.
  asm volatile("" : "+m"(sums), "+m"(one));
  const __m256 a = one;
  for (int64_t round = 0; round < n_rounds; ++round) {
    INGOT_UNROLL
    for (int s = 0; s < kSums; ++s) sums[s] = _mm256_fmadd_ps(a, a, sums[s]);
  }
  return total_of<float>(sums);
}

}  // namespace ingot::core::probes::avx2
INGOT_END_REGION

INGOT_BEGIN_AVX_VNNI_REGION
namespace ingot::core::probes::avx2 {

uint64_t int8_dot(int64_t n_rounds) {
  constexpr int kSums = 12;
  static_assert(kInt8Round == kSums * 32);
  __m256i sums[kSums];
  INGOT_UNROLL
  for (int s = 0; s < kSums; ++s) sums[s] = _mm256_setzero_si256();
  __m256i one = _mm256_set1_epi8(1);
  asm volatile("" : "+m"(sums), "+m"(one));
  const __m256i a = one;
  for (int64_t round = 0; round < n_rounds; ++round) {
    INGOT_UNROLL
    for (int s = 0; s < kSums; ++s) sums[s] = _mm256_dpbusd_avx_epi32(sums[s], a, a);
  }
  return total_of<uint32_t>(sums);
}

}  // namespace ingot::core::probes::avx2
INGOT_END_REGION
