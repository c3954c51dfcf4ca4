// The products of the fast mode. Clang and GCC compile what lies in the region, and only that, for this instruction set
// (isa_region.h).
#include <immintrin.h>

#include "kernels/fast_tables.h"
#include "kernels/impl/outside.h"

INGOT_BEGIN_AVX2_REGION
namespace ingot::core::avx2_bytes {

// clang-format off
#include "kernels/avx2/simd.h"
#include "kernels/impl/math.h"
#include "kernels/impl/rows.h"
#include "kernels/impl/finish_row.h"
#include "kernels/impl/code_sums.h"
#include "kernels/impl/panel_formats.h"
#include "kernels/impl/panel_digits.h"
#include "kernels/impl/panel_prompt.h"
#include "kernels/impl/byte_prompt.h"
// clang-format on

}  // namespace ingot::core::avx2_bytes
INGOT_END_REGION

namespace ingot::core {

const BytePanels& avx2_byte_panels() {
  return avx2_bytes::kBytePanels;
}

}  // namespace ingot::core
