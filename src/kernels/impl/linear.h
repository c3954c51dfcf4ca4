// Products of a weight matrix of any type with rows of activations.
//
// Columns are cut on an absolute grid of kColumnBlock; within a block of columns a panel of weight rows is decoded to
// floats and used for all rows of activations. The sums of the blocks are added in their order. So a panel of 64 rows
// is 128 KB, which the second-level cache holds; for few rows of activations, where a weight is used but a few times,
// a panel is so small that it stays in the first level. A single row of activations is multiplied while decoding.
// Included by table.cpp after dot_panel.h, inside its region and namespace.

constexpr int64_t kColumnBlock = 512;
constexpr int64_t kDecodedRows = 64;
constexpr int64_t kFewDecodedRows = 8;
// Up to so many rows of activations a panel is small.
constexpr int64_t kFewRows = 2 * kTileRows;

size_t linear_scratch_bytes(const LinearArgs& args) {
  return static_cast<size_t>(kDecodedRows * (kColumnBlock + args.n_x)) * sizeof(float);
}

// Columns [first_col, first_col + n_cols) of weight rows [first, first + n_rows) as floats, the last vector of a row
// filled up with zeros. Without a copy where they are floats already.
inline const float* decode_panel(const LinearArgs& args, int64_t first, int64_t n_rows, int64_t first_col,
                                 int64_t n_cols, float* scratch, int64_t& out_stride) {
  const std::byte* weights = args.weights + first * args.row_bytes;
  if (args.type == DType::kF32 && n_cols % kColumnPadding == 0) {
    out_stride = args.row_bytes / static_cast<int64_t>(sizeof(float));
    return reinterpret_cast<const float*>(weights) + first_col;
  }
  const QuantTraits& traits = quant_traits(args.type);
  const DecodeRow decode = decoder(args.type);
  const std::byte* blocks = weights + first_col / traits.block_values * traits.block_bytes;
  for (int64_t row = 0; row < n_rows; ++row) {
    float* values = scratch + row * kColumnBlock;
    decode(blocks + row * args.row_bytes, values, n_cols);
    std::fill(values + n_cols, values + padded_columns(n_cols), 0.0f);
  }
  out_stride = kColumnBlock;
  return scratch;
}

// One row of activations: no detour over memory, the same order.
inline void linear_one_row(const LinearArgs& args, DotRows dot, int64_t first, int64_t end, float* sums) {
  const QuantTraits& traits = quant_traits(args.type);
  for (int64_t row = first; row < end; row += kFewDecodedRows) {
    const int64_t n_rows = std::min(kFewDecodedRows, end - row);
    for (int64_t col = 0; col < args.cols; col += kColumnBlock) {
      const std::byte* blocks = args.weights + row * args.row_bytes + col / traits.block_values * traits.block_bytes;
      dot(blocks, args.row_bytes, n_rows, std::min(kColumnBlock, args.cols - col), args.x + col,
          /*accumulate=*/col > 0, sums);
    }
    finish_row(args, /*x_row=*/0, row, n_rows, sums);
  }
}

void linear(const LinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
  float* values = reinterpret_cast<float*>(scratch);   // (kDecodedRows, kColumnBlock)
  float* sums = values + kDecodedRows * kColumnBlock;  // (n_x, panel)
  if (args.n_x == 1 && args.cols % kColumnPadding == 0) {
    const DotRows dot = type_kernels(args.type).dot;
    if (dot != nullptr) return linear_one_row(args, dot, first, end, sums);
  }
  const int64_t panel = args.n_x <= kFewRows ? kFewDecodedRows : kDecodedRows;
  for (int64_t row = first; row < end; row += panel) {
    const int64_t n_rows = std::min(panel, end - row);
    for (int64_t col = 0; col < args.cols; col += kColumnBlock) {
      const int64_t n_cols = std::min(kColumnBlock, args.cols - col);
      PanelArgs dots;
      dots.weights = decode_panel(args, row, n_rows, col, n_cols, values, dots.weight_stride);
      dots.n_weights = n_rows;
      dots.x = args.x + col;
      dots.x_stride = args.x_stride;
      dots.n_x = args.n_x;
      dots.n_cols = padded_columns(n_cols);
      dots.out = sums;
      dots.out_stride = panel;
      dots.accumulate = col > 0;
      dot_panel(dots);
    }
    for (int64_t x_row = 0; x_row < args.n_x; ++x_row) finish_row(args, x_row, row, n_rows, sums + x_row * panel);
  }
}
