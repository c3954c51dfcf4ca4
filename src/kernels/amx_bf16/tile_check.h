// Whole numbers have one sum: whether a tile unit gives it. amx_tiles.h was written without one at hand.
// Included by table.cpp, inside its region and namespace.

template <typename Tiles>
bool tiles_multiply_as_documented() {
  alignas(64) uint32_t a[2][256];
  alignas(64) uint32_t b[2][256];
  alignas(64) uint32_t wide[4 * 256];  // (16, 64): four tiles side by side
  alignas(64) float sums[32 * 32];
  alignas(64) float wide_sums[16 * 64];
  const auto number = [](int64_t tile, int64_t row, int64_t col) {
    return static_cast<float>((tile * 7 + row * 3 + col) % 11 - 5);
  };
  const auto pair = [](float low, float high) {
    return std::bit_cast<uint32_t>(low) >> 16 | (std::bit_cast<uint32_t>(high) & 0xFFFF0000u);
  };
  for (int64_t row = 0; row < 16; ++row) {
    for (int64_t p = 0; p < 16; ++p) {
      for (int64_t tile = 0; tile < 2; ++tile) {
        a[tile][row * 16 + p] = pair(number(tile, row, 2 * p), number(tile, row, 2 * p + 1));
        b[tile][p * 16 + row] = pair(number(tile + 2, row, 2 * p), number(tile + 2, row, 2 * p + 1));
      }
      for (int64_t tile = 0; tile < 4; ++tile) {
        wide[p * 64 + tile * 16 + row] = pair(number(tile, row, 2 * p), number(tile, row, 2 * p + 1));
      }
    }
  }
  for (int64_t at = 0; at < 32 * 32; ++at) sums[at] = static_cast<float>(at);
  for (int64_t at = 0; at < 16 * 64; ++at) wide_sums[at] = static_cast<float>(at);
  {
    Tiles tiles{};
    tiles.begin_sums(sums, 32);
    tiles.multiply(a[0], a[1], b[0], b[1]);
    tiles.multiply(a[0], a[1], b[0], b[1]);
    tiles.store_sums(sums, 32);
    // The last sixteen columns once more, without what was there.
    Tiles::template product<4>(a[0], 16, wide, 64, /*n_steps=*/1, /*accumulate=*/true, wide_sums, 64);
    Tiles::template product<1>(a[1], 16, wide + 48, 64, /*n_steps=*/1, /*accumulate=*/false, wide_sums + 48, 64);
  }
  const auto dot = [&number](int64_t tile, int64_t row, int64_t other_tile, int64_t other) {
    float sum = 0.0f;
    for (int64_t col = 0; col < 32; ++col) sum += number(tile, row, col) * number(other_tile, other, col);
    return sum;
  };
  for (int64_t row = 0; row < 32; ++row) {
    for (int64_t weight = 0; weight < 32; ++weight) {
      const float expected =
          static_cast<float>(row * 32 + weight) + 2 * dot(row / 16, row % 16, weight / 16 + 2, weight % 16);
      if (sums[row * 32 + weight] != expected) return false;
    }
  }
  for (int64_t row = 0; row < 16; ++row) {
    for (int64_t col = 0; col < 64; ++col) {
      const float expected =
          col < 48 ? static_cast<float>(row * 64 + col) + dot(0, row, col / 16, col % 16) : dot(1, row, 3, col % 16);
      if (wide_sums[row * 64 + col] != expected) return false;
    }
  }
  return true;
}
