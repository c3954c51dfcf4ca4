// Clang and GCC compile what lies in the region, and only that, for this instruction set (isa_region.h).
#if !defined(__clang__)
// GCC 12 takes the "undefined" operands of its own intrinsics for uninitialised variables (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "kernels/impl/outside.h"

INGOT_BEGIN_AVX512_BF16_REGION
namespace ingot::core::avx512_bf16 {

// clang-format off
#include "kernels/avx512/simd.h"
#include "kernels/impl/templates.h"
#include "kernels/avx512_vnni/code_sums.h"
#include "kernels/impl/panel_templates.h"
#include "kernels/avx512_bf16/attention_products.h"
#include "kernels/avx512_bf16/unpack_panel.h"
#include "kernels/avx512_bf16/panel_prompt.h"
// clang-format on

constexpr KernelTable with_bf16_attention(KernelTable table) {
  table.attend = attend<Bf16Products>;
  table.attention_scratch_bytes = attention_scratch_bytes<Bf16Products>;
  table.attend_segment = attend_segment<Bf16Products>;
  table.score_segment = score_segment<Bf16Products>;
  table.softmax_segment = softmax_segment<Bf16Products>;
  table.weigh_segment = weigh_segment<Bf16Products>;
  return table;
}

}  // namespace ingot::core::avx512_bf16
INGOT_END_REGION

namespace ingot::core {

const KernelTable& avx512_bf16_kernel_table() {
  static constexpr KernelTable kTable = avx512_bf16::with_bf16_attention(avx512_bf16::make_table(
      "avx512_bf16", avx512_bf16::panels_two_ways<avx512_bf16::PanelPrompt<avx512_bf16::DotProducts>>()));
  return kTable;
}

}  // namespace ingot::core
