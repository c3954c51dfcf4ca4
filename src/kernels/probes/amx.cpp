// Tiles: eight registers of up to 16 rows of 64 bytes. A product is C(16 x 16) += A(16 x k) * B(k x 16), k 64 bytes.
// Four products of two A and two B tiles, each into a sum of its own: a product waits for its sum for 52 cycles and
// the next starts after 16, so four sums keep the unit busy.
#include <immintrin.h>

#include <cstring>

#include "base/isa_region.h"
#include "kernels/probes/probes.h"
#include "kernels/probes/tables.h"

namespace ingot::core::probes::amx {
namespace {

constexpr int64_t kRows = 16;
constexpr int64_t kRowBytes = 64;

// What ldtilecfg reads.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64, "the format of ldtilecfg");

TileConfig eight_full_tiles() {
  TileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = kRowBytes;
    config.rows[tile] = kRows;
  }
  return config;
}

}  // namespace
}  // namespace ingot::core::probes::amx

INGOT_BEGIN_AMX_REGION
namespace ingot::core::probes::amx {
namespace {

// GCC 12's intrinsics do not say what memory they read; here the compiler learns it.
inline void needed(const void* memory) {
  asm volatile("" : : "r"(memory) : "memory");
}

inline void begin(const void* ones) {
  const TileConfig config = eight_full_tiles();
  needed(&config);
  needed(ones);
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, ones, kRowBytes);
  _tile_loadd(5, ones, kRowBytes);
  _tile_loadd(6, ones, kRowBytes);
  _tile_loadd(7, ones, kRowBytes);
}

inline void end(std::byte* out_sums) {
  constexpr int64_t kTileBytes = kRows * kRowBytes;
  _tile_stored(0, out_sums, kRowBytes);
  _tile_stored(1, out_sums + kTileBytes, kRowBytes);
  _tile_stored(2, out_sums + 2 * kTileBytes, kRowBytes);
  _tile_stored(3, out_sums + 3 * kTileBytes, kRowBytes);
  needed(out_sums);
  // Tiles in use make every context switch of this thread dearer.
  _tile_release();
}

}  // namespace

uint64_t bf16(int64_t n_rounds) {
  alignas(64) uint16_t ones[kRows * kRowBytes / 2];
  for (uint16_t& one : ones) one = 0x3F80;
  alignas(64) float sums[4 * kRows * kRowBytes / 4];
  static_assert(kBf16Round == 4 * kRows * (kRowBytes / 4) * (kRowBytes / 2));
  begin(ones);
  for (int64_t round = 0; round < n_rounds; ++round) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  end(reinterpret_cast<std::byte*>(sums));
  return total_of<float>(sums);
}

uint64_t int8(int64_t n_rounds) {
  alignas(64) int8_t ones[kRows * kRowBytes];
  for (int8_t& one : ones) one = 1;
  alignas(64) int32_t sums[4 * kRows * kRowBytes / 4];
  static_assert(kInt8Round == 4 * kRows * (kRowBytes / 4) * kRowBytes);
  begin(ones);
  for (int64_t round = 0; round < n_rounds; ++round) {
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(1, 4, 7);
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
  }
  end(reinterpret_cast<std::byte*>(sums));
  return total_of<int32_t>(sums);
}

}  // namespace ingot::core::probes::amx
INGOT_END_REGION
