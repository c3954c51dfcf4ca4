// Clang and GCC compile what lies in the region, and only that, for this instruction set (isa_region.h).
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/fp16.h"
#include "kernels/impl/codebook_codes.h"
#include "kernels/impl/codebook_floats.h"
#include "kernels/isa_region.h"
#include "kernels/panel_layout.h"
#include "kernels/tables.h"
#include "tensor/quant_blocks.h"
#include "tensor/quant_scales.h"
#include "tensor/quant_traits.h"

INGOT_BEGIN_AVX2_REGION
namespace ingot::core::avx2 {

#include "kernels/avx2/simd.h"
// In the order of their needs, and inside the namespace: every table has its own copy of all of it.
// clang-format off
#include "kernels/impl/math.h"
#include "kernels/impl/rows.h"
#include "kernels/impl/finish_row.h"
#include "kernels/impl/decode_legacy.h"
#include "kernels/impl/decode_k_quants.h"
#include "kernels/impl/decoders.h"
#include "kernels/impl/dot_panel.h"
#include "kernels/impl/linear.h"
#include "kernels/impl/attention.h"
#include "kernels/impl/attention_stages.h"
#include "kernels/impl/panel_formats.h"
#include "kernels/avx2/code_sums.h"
#include "kernels/impl/panel_digits.h"
#include "kernels/impl/table.h"
#include "kernels/impl/panel_exact.h"
// clang-format on

}  // namespace ingot::core::avx2
INGOT_END_REGION

namespace ingot::core {

const KernelTable& avx2_kernel_table() {
  static constexpr KernelTable kTable = avx2::make_table("avx2", avx2::kExactPanelKernels);
  return kTable;
}

}  // namespace ingot::core
