// Clang and GCC compile what lies in the region, and only that, for this instruction set (isa_region.h).
#include <immintrin.h>

#include "kernels/impl/outside.h"

INGOT_BEGIN_AVX2_REGION
namespace ingot::core::avx2 {

// clang-format off
#include "kernels/avx2/simd.h"
#include "kernels/impl/templates.h"
#include "kernels/impl/code_sums.h"
#include "kernels/impl/panel_templates.h"
// clang-format on

}  // namespace ingot::core::avx2
INGOT_END_REGION

namespace ingot::core {

const KernelTable& avx2_kernel_table() {
  static constexpr KernelTable kTable =
      avx2::make_table("avx2", avx2::panels_two_ways<avx2::PanelPrompt<avx2::FloatPromptProducts>>());
  return kTable;
}

}  // namespace ingot::core
