// The kernels of amx_bf16 with the tile unit emulated, for processors that have none.
#pragma once

#include "kernels/kernel_table.h"

namespace ingot::core {

// Needs AVX-512 with VNNI and BF16 (table avx512_bf16).
const KernelTable& emulated_tiles_table();

}  // namespace ingot::core
