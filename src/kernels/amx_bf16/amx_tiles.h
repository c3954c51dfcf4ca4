// The tile unit: sums in tiles 0 to 3, A0 and A1 in 4 and 5, B0 and B1 in 6 and 7, all of 16 rows of 64 bytes.
// Included by table.cpp, inside its region and namespace.

// What ldtilecfg reads.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64, "the format of ldtilecfg");

// GCC 12's intrinsics do not say what memory they read and write.
inline void memory_is_current() {
  asm volatile("" : : : "memory");
}

class AmxTiles {
 public:
  AmxTiles() {
    const TileConfig config;
    asm volatile("" : : "r"(&config) : "memory");
    _tile_loadconfig(&config);
  }
  // Tiles in use make every context switch of this thread dearer.
  ~AmxTiles() { _tile_release(); }
  AmxTiles(const AmxTiles&) = delete;
  AmxTiles& operator=(const AmxTiles&) = delete;

  // sums: (32, stride), or null: zeros.
  INGOT_ALWAYS_INLINE void begin_sums(const float* sums, int64_t stride) {
    memory_is_current();
    if (sums == nullptr) {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
      return;
    }
    const size_t bytes = static_cast<size_t>(stride) * sizeof(float);
    _tile_loadd(0, sums, bytes);
    _tile_loadd(1, sums + 16, bytes);
    _tile_loadd(2, sums + 16 * stride, bytes);
    _tile_loadd(3, sums + 16 * stride + 16, bytes);
  }
  INGOT_ALWAYS_INLINE void multiply(const uint32_t* a0, const uint32_t* a1, const uint32_t* b0, const uint32_t* b1) {
    _tile_loadd(6, b0, 64);
    _tile_loadd(4, a0, 64);
    _tile_loadd(5, a1, 64);
    _tile_loadd(7, b1, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(3, 5, 7);
  }
  INGOT_ALWAYS_INLINE void store_sums(float* sums, int64_t stride) {
    const size_t bytes = static_cast<size_t>(stride) * sizeof(float);
    _tile_stored(0, sums, bytes);
    _tile_stored(1, sums + 16, bytes);
    _tile_stored(2, sums + 16 * stride, bytes);
    _tile_stored(3, sums + 16 * stride + 16, bytes);
    memory_is_current();
  }
};

// Whole numbers have one sum: whether the unit gives it. This code was written without one at hand.
inline bool tiles_multiply_as_documented() {
  alignas(64) uint32_t a[2][256];
  alignas(64) uint32_t b[2][256];
  alignas(64) float sums[32 * 32];
  const auto number = [](int64_t tile, int64_t row, int64_t col) {
    return static_cast<float>((tile * 7 + row * 3 + col) % 11 - 5);
  };
  const auto pair = [](float low, float high) {
    return std::bit_cast<uint32_t>(low) >> 16 | (std::bit_cast<uint32_t>(high) & 0xFFFF0000u);
  };
  for (int64_t tile = 0; tile < 2; ++tile) {
    for (int64_t row = 0; row < 16; ++row) {
      for (int64_t p = 0; p < 16; ++p) {
        a[tile][row * 16 + p] = pair(number(tile, row, 2 * p), number(tile, row, 2 * p + 1));
        b[tile][p * 16 + row] = pair(number(tile + 2, row, 2 * p), number(tile + 2, row, 2 * p + 1));
      }
    }
  }
  for (int64_t at = 0; at < 32 * 32; ++at) sums[at] = static_cast<float>(at);
  {
    AmxTiles tiles;
    tiles.begin_sums(sums, 32);
    tiles.multiply(a[0], a[1], b[0], b[1]);
    tiles.multiply(a[0], a[1], b[0], b[1]);
    tiles.store_sums(sums, 32);
  }
  for (int64_t row = 0; row < 32; ++row) {
    for (int64_t weight = 0; weight < 32; ++weight) {
      float expected = static_cast<float>(row * 32 + weight);
      for (int64_t col = 0; col < 32; ++col) {
        expected += 2 * number(row / 16, row % 16, col) * number(weight / 16 + 2, weight % 16, col);
      }
      if (sums[row * 32 + weight] != expected) return false;
    }
  }
  return true;
}
