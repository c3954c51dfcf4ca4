// The tables themselves. Only dispatch.cpp includes this: calling one that the processor lacks ends in SIGILL.
#pragma once

#include "kernels/kernel_table.h"

namespace ingot::core {

const KernelTable& reference_kernel_table();
const KernelTable& portable_kernel_table();
#if defined(__x86_64__)
const KernelTable& avx2_kernel_table();
const KernelTable& avx512_kernel_table();
const KernelTable& avx512_vnni_kernel_table();
const KernelTable& avx512_bf16_kernel_table();
const KernelTable& amx_bf16_kernel_table();
// Whether the tile unit multiplies as documented, asked once. Precondition: amx_permitted().
bool amx_bf16_works();
#endif

}  // namespace ingot::core
