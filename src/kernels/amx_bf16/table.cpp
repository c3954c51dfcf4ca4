// Clang and GCC compile what lies in the region, and only that, for this instruction set (isa_region.h).
#if !defined(__clang__)
// GCC 12 takes the "undefined" operands of its own intrinsics for uninitialised variables (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include "kernels/impl/outside.h"

INGOT_BEGIN_AMX_BF16_REGION
namespace ingot::core::amx_bf16 {

// clang-format off
#include "kernels/avx512/simd.h"
#include "kernels/impl/templates.h"
#include "kernels/avx512_vnni/code_sums.h"
#include "kernels/impl/panel_templates.h"
#include "kernels/avx512_bf16/unpack_panel.h"
#include "kernels/amx_bf16/tile_prompt.h"
#include "kernels/amx_bf16/amx_tiles.h"
#include "kernels/amx_bf16/tile_check.h"
#include "kernels/avx512_bf16/attention_products.h"
#include "kernels/amx_bf16/tile_attention.h"
#include "kernels/amx_bf16/tile_time_mix.h"
// clang-format on

}  // namespace ingot::core::amx_bf16
INGOT_END_REGION

namespace ingot::core {

const KernelTable& amx_bf16_kernel_table() {
  static constexpr KernelTable kTable =
      amx_bf16::with_tile_time_mix<amx_bf16::AmxTiles>(amx_bf16::with_tile_attention<amx_bf16::AmxTiles>(
          amx_bf16::make_table("amx_bf16", amx_bf16::panels_two_ways<amx_bf16::TilePrompt<amx_bf16::AmxTiles>>())));
  return kTable;
}

bool amx_bf16_works() {
  static const bool works = amx_bf16::tiles_multiply_as_documented<amx_bf16::AmxTiles>();
  return works;
}

}  // namespace ingot::core
