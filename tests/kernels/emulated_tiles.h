// The kernels of amx_bf16 with the tile unit emulated, for processors that have none.
#pragma once

#include "kernels/kernel_table.h"

namespace ingot::core {

// Needs AVX-512 with VNNI and BF16 (table avx512_bf16).
const KernelTable& emulated_tiles_table();
// What the start asks of a tile unit, asked of the emulated one.
bool emulated_tiles_multiply_as_documented();

}  // namespace ingot::core
