#include "sampling/block_passes.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <array>
#include <cstdint>

#include "base/cpu_features.h"
#include "base/isa_region.h"
#include "sampling/eighth_powers.h"

namespace ingot::core {
namespace {

namespace baseline {
using Floats = float __attribute__((vector_size(16)));
using Ints = int32_t __attribute__((vector_size(16)));
using Words = FourWords;

inline uint32_t sign_bits(Ints lanes) {
#if defined(__x86_64__)
  return static_cast<uint32_t>(_mm_movemask_ps((__m128)lanes));
#else
  const Words bits = (Words)lanes >> 31;
  return bits[0] | bits[1] << 1 | bits[2] << 2 | bits[3] << 3;
#endif
}
// clang-format off
#include "sampling/impl/exp2_eighths.h"
#include "sampling/impl/find_logits.h"
#include "sampling/impl/scan_blocks.h"
#include "sampling/impl/sixteen_lanes.h"
#include "sampling/impl/sum_moments.h"
#include "sampling/impl/weigh_blocks.h"
// clang-format on
}  // namespace baseline

#if defined(__x86_64__)
INGOT_BEGIN_AVX2_REGION
namespace avx2 {
using Floats = float __attribute__((vector_size(32)));
using Ints = int32_t __attribute__((vector_size(32)));
using Words = uint32_t __attribute__((vector_size(32)));

inline uint32_t sign_bits(Ints lanes) {
  return static_cast<uint32_t>(_mm256_movemask_ps((__m256)lanes));
}
inline Words eighth_bits(Words n) {
  const __m256i powers = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kEighthPowers));
  return (Words)_mm256_permutevar8x32_epi32(powers, (__m256i)n);
}

// clang-format off
#include "sampling/impl/exp2_eighths.h"
#include "sampling/impl/find_logits.h"
#include "sampling/impl/scan_blocks.h"
#include "sampling/impl/sixteen_lanes.h"
#include "sampling/impl/sum_moments.h"
#include "sampling/impl/weigh_blocks.h"
// clang-format on
}  // namespace avx2
INGOT_END_REGION

INGOT_BEGIN_AVX512_REGION
namespace avx512 {
using Floats = float __attribute__((vector_size(64)));
using Ints = int32_t __attribute__((vector_size(64)));
using Words = uint32_t __attribute__((vector_size(64)));

inline uint32_t sign_bits(Ints lanes) {
  return _mm512_movepi32_mask((__m512i)lanes);
}
inline Words eighth_bits(Words n) {
  const __m256i powers = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kEighthPowers));
  // Of four bits of each n: twice the eight. With full masks, as GCC 12 takes the forms without for uninitialised.
  const __m512i twice = _mm512_maskz_broadcast_i64x4(0xff, powers);
  return (Words)_mm512_maskz_permutexvar_epi32(0xffff, (__m512i)n, twice);
}

// clang-format off
#include "sampling/impl/exp2_eighths.h"
#include "sampling/impl/find_logits.h"
#include "sampling/impl/scan_blocks.h"
#include "sampling/impl/sixteen_lanes.h"
#include "sampling/impl/sum_moments.h"
#include "sampling/impl/weigh_blocks.h"
// clang-format on
}  // namespace avx512
INGOT_END_REGION

constexpr std::array<BlockPasses, 3> kPasses{{
    {"baseline", baseline::scan_blocks_of, baseline::find_logits_of, baseline::weigh_blocks_of<false>,
     baseline::weigh_blocks_of<true>, baseline::sum_moments_of},
    {"avx2", avx2::scan_blocks_of, avx2::find_logits_of, avx2::weigh_blocks_of<false>, avx2::weigh_blocks_of<true>,
     avx2::sum_moments_of},
    {"avx512", avx512::scan_blocks_of, avx512::find_logits_of, avx512::weigh_blocks_of<false>,
     avx512::weigh_blocks_of<true>, avx512::sum_moments_of},
}};

size_t count_usable() {
  return !cpu_features().avx2 ? 1 : !cpu_features().avx512 ? 2 : 3;
}
#else
constexpr std::array<BlockPasses, 1> kPasses{{
    {"baseline", baseline::scan_blocks_of, baseline::find_logits_of, baseline::weigh_blocks_of<false>,
     baseline::weigh_blocks_of<true>, baseline::sum_moments_of},
}};

size_t count_usable() {
  return 1;
}
#endif

}  // namespace

const BlockPasses& block_passes() {
  return kPasses[count_usable() - 1];
}

std::span<const BlockPasses> all_block_passes() {
  return std::span(kPasses).first(count_usable());
}

}  // namespace ingot::core
