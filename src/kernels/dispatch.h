// Which kernel tables there are, and which of them this machine can run.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "kernels/kernel_table.h"

namespace ingot::core {

// The table of that name: "reference", "portable", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "amx_bf16". An
// empty name: what the environment variable INGOT_ISA names or, without it, the fastest that this processor runs.
// Errors: a name that is unknown, or whose instructions this processor lacks, with the list of those it has.
Result<const KernelTable*> find_kernel_table(std::string_view name);

// The fast mode's counterpart of the table that find_kernel_table() gives, named after it: "avx2_fast" and so on.
// Errors: as there; a table that has none, with the list of those that have.
Result<const KernelTable*> find_fast_kernel_table(std::string_view name);

// Names of the tables that run here, slowest first, separated by commas.
std::string available_kernel_tables();

}  // namespace ingot::core
