// Dot products of a panel of weight rows with some rows of activations: the inner loop of linear and of attention.
//
// Lanes lie along the columns. Every output has one vector of sums, column after column, and then the tree over its
// lanes that simd.h draws: the same in a tile of 24 outputs as in a single one, so that the tile an output falls into
// does not show in its bits.
// Included by table.cpp after simd.h, inside its region and namespace.

struct PanelArgs {
  const float* weights;  // (n_weights, n_cols); n_cols a multiple of kLanes
  int64_t weight_stride;
  int64_t n_weights;
  const float* x;  // (n_x, n_cols)
  int64_t x_stride;
  int64_t n_x;
  int64_t n_cols;
  float* out;  // (n_x, n_weights)
  int64_t out_stride;
  bool accumulate;  // add to out instead of replacing it
};

// Outputs [x_row, x_row + kX) x [weight, weight + kW).
template <int kW, int kX>
inline void dot_tile(const PanelArgs& args, int64_t weight, int64_t x_row) {
  const float* w = args.weights + weight * args.weight_stride;
  const float* x = args.x + x_row * args.x_stride;
  const int64_t weight_stride = args.weight_stride;
  const int64_t x_stride = args.x_stride;
  const int64_t n_cols = args.n_cols;
  F32 sums[kX][kW];
  INGOT_UNROLL
  for (int row = 0; row < kX; ++row) {
    INGOT_UNROLL
    for (int lane = 0; lane < kW; ++lane) sums[row][lane] = zero();
  }
  for (int64_t col = 0; col < n_cols; col += kLanes) {
    F32 wv[kW];
    INGOT_UNROLL
    for (int lane = 0; lane < kW; ++lane) wv[lane] = load(w + lane * weight_stride + col);
    INGOT_UNROLL
    for (int row = 0; row < kX; ++row) {
      const F32 xv = load(x + row * x_stride + col);
      INGOT_UNROLL
      for (int lane = 0; lane < kW; ++lane) sums[row][lane] = fma(wv[lane], xv, sums[row][lane]);
    }
  }
  INGOT_UNROLL
  for (int row = 0; row < kX; ++row) {
    float* out = args.out + (x_row + row) * args.out_stride + weight;
    float totals[kW];
    if constexpr (kW % 4 == 0) {
      INGOT_UNROLL
      for (int lane = 0; lane < kW; lane += 4) {
        store_sums(sums[row][lane], sums[row][lane + 1], sums[row][lane + 2], sums[row][lane + 3], totals + lane);
      }
    } else {
      INGOT_UNROLL
      for (int lane = 0; lane < kW; ++lane) totals[lane] = sum(sums[row][lane]);
    }
    INGOT_UNROLL
    for (int lane = 0; lane < kW; ++lane) out[lane] = args.accumulate ? out[lane] + totals[lane] : totals[lane];
  }
}

// All weights for activation rows [x_row, x_row + kX).
template <int kX>
inline void dot_rows(const PanelArgs& args, int64_t x_row) {
  int64_t weight = 0;
  if constexpr (kX == 1) {
    // A single row has no other work to hide the latency of its additions behind.
    for (; weight + 8 <= args.n_weights; weight += 8) dot_tile<8, 1>(args, weight, x_row);
  }
  for (; weight + kTileWeights <= args.n_weights; weight += kTileWeights) {
    dot_tile<kTileWeights, kX>(args, weight, x_row);
  }
  for (; weight < args.n_weights; ++weight) dot_tile<1, kX>(args, weight, x_row);
}

inline void dot_panel(const PanelArgs& args) {
  int64_t row = 0;
  for (; row + kTileRows <= args.n_x; row += kTileRows) dot_rows<kTileRows>(args, row);
  switch (args.n_x - row) {
    case 1:
      return dot_rows<1>(args, row);
    case 2:
      return dot_rows<2>(args, row);
    case 3:
      return dot_rows<3>(args, row);
    case 4:
      return dot_rows<4>(args, row);
    case 5:
      return dot_rows<5>(args, row);
    default:
      return;
  }
}
