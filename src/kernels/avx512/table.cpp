// Clang and GCC compile what lies in the region, and only that, for this instruction set (isa_region.h).
#if !defined(__clang__)
// GCC 12 takes the "undefined" operands of its own intrinsics for uninitialised variables (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "kernels/impl/outside.h"

INGOT_BEGIN_AVX512_REGION
namespace ingot::core::avx512 {

// clang-format off
#include "kernels/avx512/simd.h"
#include "kernels/impl/templates.h"
#include "kernels/impl/code_sums.h"
#include "kernels/impl/panel_templates.h"
// clang-format on

}  // namespace ingot::core::avx512
INGOT_END_REGION

namespace ingot::core {

const KernelTable& avx512_kernel_table() {
  static constexpr KernelTable kTable =
      avx512::make_table("avx512", avx512::panels_two_ways<avx512::PanelPrompt<avx512::FloatPromptProducts>>());
  return kTable;
}

}  // namespace ingot::core
