// Tables of the fast mode: those of the exact mode with products of quantised weights and activations of 8 bits, in
// whole numbers, for prompts and generated tokens alike. All else is the exact table's.
#pragma once

#include "kernels/kernel_table.h"

namespace ingot::core {

// Such products of one instruction set; the functions are those of KernelTable.
struct BytePanels {
  bool (*takes)(DType type);  // false for halves, which have no codes
  size_t (*packed_bytes)(int64_t cols, int64_t n_x);
  void (*pack)(const PackArgs& args);
  void (*linear)(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch);
  size_t (*scratch_bytes)(const PanelLinearArgs& args);
};

#if defined(__x86_64__)
const BytePanels& avx2_byte_panels();
const BytePanels& avx512_byte_panels();
const BytePanels& avx512_vnni_byte_panels();

const KernelTable& avx2_fast_table();
const KernelTable& avx512_fast_table();
const KernelTable& avx512_vnni_fast_table();
const KernelTable& avx512_bf16_fast_table();
#endif

}  // namespace ingot::core
