#include "sampling/block_passes.h"

#include <array>
#include <cstdint>

#include "base/cpu_features.h"
#include "base/isa_region.h"

namespace ingot::core {
namespace {

namespace baseline {
using Floats = float __attribute__((vector_size(16)));
using Ints = int32_t __attribute__((vector_size(16)));
// clang-format off
#include "sampling/impl/exp_in_range_of.h"
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
// clang-format off
#include "sampling/impl/exp_in_range_of.h"
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
// clang-format off
#include "sampling/impl/exp_in_range_of.h"
#include "sampling/impl/scan_blocks.h"
#include "sampling/impl/sixteen_lanes.h"
#include "sampling/impl/sum_moments.h"
#include "sampling/impl/weigh_blocks.h"
// clang-format on
}  // namespace avx512
INGOT_END_REGION

constexpr std::array<BlockPasses, 3> kPasses{{
    {"baseline", baseline::scan_blocks_of, baseline::weigh_blocks_of<false>, baseline::weigh_blocks_of<true>,
     baseline::sum_moments_of},
    {"avx2", avx2::scan_blocks_of, avx2::weigh_blocks_of<false>, avx2::weigh_blocks_of<true>, avx2::sum_moments_of},
    {"avx512", avx512::scan_blocks_of, avx512::weigh_blocks_of<false>, avx512::weigh_blocks_of<true>,
     avx512::sum_moments_of},
}};

size_t count_usable() {
  return !cpu_features().avx2 ? 1 : !cpu_features().avx512 ? 2 : 3;
}
#else
constexpr std::array<BlockPasses, 1> kPasses{{
    {"baseline", baseline::scan_blocks_of, baseline::weigh_blocks_of<false>, baseline::weigh_blocks_of<true>,
     baseline::sum_moments_of},
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
