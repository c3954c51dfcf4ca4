#if !defined(__clang__)
// GCC 12 takes the "undefined" operands of its own intrinsics for uninitialised variables (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "kernels/emulated_tiles.h"

#include <immintrin.h>

#include "kernels/impl/outside.h"

INGOT_BEGIN_AVX512_BF16_REGION
namespace ingot::core::emulated_tiles {

// clang-format off
#include "kernels/avx512/simd.h"
#include "kernels/impl/templates.h"
#include "kernels/avx512_vnni/code_sums.h"
#include "kernels/impl/panel_templates.h"
#include "kernels/avx512_bf16/unpack_panel.h"
#include "kernels/amx_bf16/tile_prompt.h"
#include "kernels/avx512_bf16/attention_products.h"
#include "kernels/amx_bf16/tile_attention.h"
#include "kernels/amx_bf16/tile_time_mix.h"
#include "kernels/amx_bf16/tile_check.h"
// clang-format on

// TDPBF16PS as Intel's manual (volume 2) defines it, on 2 x 2 tiles: of every row and column the products of the first
// and of the second column of the pairs have a sum each, which are then added to the tile.
class EmulatedTiles {
 public:
  void begin_sums(const float* sums, int64_t stride) {
    for (int64_t row = 0; row < 32; ++row) {
      for (int64_t col = 0; col < 32; ++col) sums_[row][col] = sums == nullptr ? 0.0f : sums[row * stride + col];
    }
  }
  void multiply(const uint32_t* a0, const uint32_t* a1, const uint32_t* b0, const uint32_t* b1) {
    for (int64_t row = 0; row < 32; ++row) {
      const uint32_t* a = (row < 16 ? a0 : a1) + row % 16 * 16;
      for (int64_t col = 0; col < 32; ++col) {
        const uint32_t* b = (col < 16 ? b0 : b1) + col % 16;
        float even = 0.0f;
        float odd = 0.0f;
        for (int64_t pair = 0; pair < 16; ++pair) {
          even += first(a[pair]) * first(b[pair * 16]);
          odd += second(a[pair]) * second(b[pair * 16]);
        }
        sums_[row][col] += even + odd;
      }
    }
  }
  void store_sums(float* sums, int64_t stride) const {
    for (int64_t row = 0; row < 32; ++row) std::copy(sums_[row], sums_[row] + 32, sums + row * stride);
  }

  template <int kTiles>
  static void product(const uint32_t* a, int64_t a_stride, const uint32_t* b, int64_t b_stride, int64_t n_steps,
                      bool accumulate, float* out, int64_t out_stride) {
    for (int64_t row = 0; row < 16; ++row) {
      for (int64_t col = 0; col < 16 * kTiles; ++col) {
        float& sum = out[row * out_stride + col];
        if (!accumulate) sum = 0.0f;
        for (int64_t step = 0; step < n_steps; ++step) {
          float even = 0.0f;
          float odd = 0.0f;
          for (int64_t pair = step * 16; pair < (step + 1) * 16; ++pair) {
            even += first(a[row * a_stride + pair]) * first(b[pair * b_stride + col]);
            odd += second(a[row * a_stride + pair]) * second(b[pair * b_stride + col]);
          }
          sum += even + odd;
        }
      }
    }
  }

 private:
  static float first(uint32_t pair) { return std::bit_cast<float>(pair << 16); }
  static float second(uint32_t pair) { return std::bit_cast<float>(pair & 0xFFFF0000u); }
  float sums_[32][32] = {};
};

}  // namespace ingot::core::emulated_tiles
INGOT_END_REGION

namespace ingot::core {

const KernelTable& emulated_tiles_table() {
  static constexpr KernelTable kTable = emulated_tiles::with_tile_time_mix<emulated_tiles::EmulatedTiles>(
      emulated_tiles::with_tile_attention<emulated_tiles::EmulatedTiles>(emulated_tiles::make_table(
          "emulated_tiles",
          emulated_tiles::panels_two_ways<emulated_tiles::TilePrompt<emulated_tiles::EmulatedTiles>>())));
  return kTable;
}

bool emulated_tiles_multiply_as_documented() {
  return emulated_tiles::tiles_multiply_as_documented<emulated_tiles::EmulatedTiles>();
}

}  // namespace ingot::core
