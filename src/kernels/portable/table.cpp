// The templates over vectors of four, for any processor.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/fp16.h"
#include "kernels/impl/codebook_floats.h"
#include "kernels/isa_region.h"
#include "kernels/tables.h"
#include "tensor/quant_blocks.h"
#include "tensor/quant_scales.h"
#include "tensor/quant_traits.h"

namespace ingot::core::portable {

#include "kernels/portable/simd.h"
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
#include "kernels/impl/table.h"
// clang-format on

}  // namespace ingot::core::portable

namespace ingot::core {

const KernelTable& portable_kernel_table() {
  static constexpr KernelTable kTable = portable::make_table("portable");
  return kTable;
}

}  // namespace ingot::core
