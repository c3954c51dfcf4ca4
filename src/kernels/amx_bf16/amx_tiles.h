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

  // out, (16, 16 kTiles), plus where `accumulate`: 16 rows of a, n_steps times 16 words, with n_steps times 16 rows of
  // b, 16 kTiles words wide. Rows lie so many words apart.
  template <int kTiles>
  static INGOT_ALWAYS_INLINE void product(const uint32_t* a, int64_t a_stride, const uint32_t* b, int64_t b_stride,
                                          int64_t n_steps, bool accumulate, float* out, int64_t out_stride) {
    static_assert(kTiles == 1 || kTiles == 4);
    const auto a_bytes = static_cast<size_t>(a_stride) * sizeof(uint32_t);
    const auto b_bytes = static_cast<size_t>(b_stride) * sizeof(uint32_t);
    const auto out_bytes = static_cast<size_t>(out_stride) * sizeof(float);
    memory_is_current();
    if (accumulate) {
      _tile_loadd(0, out, out_bytes);
      if constexpr (kTiles == 4) {
        _tile_loadd(1, out + 16, out_bytes);
        _tile_loadd(2, out + 32, out_bytes);
        _tile_loadd(3, out + 48, out_bytes);
      }
    } else {
      _tile_zero(0);
      _tile_zero(1);
      _tile_zero(2);
      _tile_zero(3);
    }
    for (int64_t step = 0; step < n_steps; ++step, a += 16, b += 16 * b_stride) {
      _tile_loadd(4, a, a_bytes);
      _tile_loadd(5, b, b_bytes);
      _tile_dpbf16ps(0, 4, 5);
      if constexpr (kTiles == 4) {
        _tile_loadd(6, b + 16, b_bytes);
        _tile_dpbf16ps(1, 4, 6);
        _tile_loadd(7, b + 32, b_bytes);
        _tile_dpbf16ps(2, 4, 7);
        _tile_loadd(5, b + 48, b_bytes);
        _tile_dpbf16ps(3, 4, 5);
      }
    }
    _tile_stored(0, out, out_bytes);
    if constexpr (kTiles == 4) {
      _tile_stored(1, out + 16, out_bytes);
      _tile_stored(2, out + 32, out_bytes);
      _tile_stored(3, out + 48, out_bytes);
    }
    memory_is_current();
  }
};
