// The products of the fast mode. Clang and GCC compile what lies in the region, and only that, for this instruction set
// (isa_region.h).
#if !defined(__clang__)
// GCC 12 takes the "undefined" operands of its own intrinsics for uninitialised variables (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "kernels/fast_tables.h"
#include "kernels/impl/outside.h"

INGOT_BEGIN_AVX512_REGION
namespace ingot::core::avx512_bytes {

// clang-format off
#include "kernels/avx512/simd.h"
#include "kernels/impl/math.h"
#include "kernels/impl/rows.h"
#include "kernels/impl/finish_row.h"
#include "kernels/impl/code_sums.h"
#include "kernels/impl/panel_formats.h"
#include "kernels/impl/panel_digits.h"
#include "kernels/impl/panel_prompt.h"
#include "kernels/impl/byte_prompt.h"
// clang-format on

}  // namespace ingot::core::avx512_bytes
INGOT_END_REGION

namespace ingot::core {

const BytePanels& avx512_byte_panels() {
  return avx512_bytes::kBytePanels;
}

}  // namespace ingot::core
