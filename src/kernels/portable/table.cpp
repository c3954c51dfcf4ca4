// The templates over vectors of four, for any processor.
#include "kernels/impl/outside.h"

namespace ingot::core::portable {

// clang-format off
#include "kernels/portable/simd.h"
#include "kernels/impl/templates.h"
// clang-format on

}  // namespace ingot::core::portable

namespace ingot::core {

const KernelTable& portable_kernel_table() {
  static constexpr KernelTable kTable = portable::make_table("portable");
  return kTable;
}

}  // namespace ingot::core
