// Products of quantised panels with activations of 16 bits, or of 8 in the fast mode, exact within each group of
// weights.
//
// An activation is a whole number a times a scale of its 32 columns, |a| <= 32512 or 127. A group of 16 or 32 weights
// has one scale as well, so its part of the sum is an exact whole number, whatever the order of its terms:
//
//   sum over a group of (scale (code - offset) + minimum) a s  =  scale s (C - offset A) + minimum s A
//   C = sum of code * a,   A = sum of a,   both below 2^31 in magnitude
//
// C comes from the integer dot products that the instruction set has, Activations::Sums of a code_sums.h, 16 weight
// rows at a time and without any sum over lanes. Groups are added in the order of the columns, in FP32. So all
// instruction sets give the same bits.
// Included by table.cpp after panel_formats.h and code_sums.h, inside its region and namespace.

constexpr int64_t kDigitGroup = 32;

inline int64_t digit_columns(int64_t cols) {
  return (cols + kDigitGroup - 1) / kDigitGroup * kDigitGroup;
}

// | a, as Activations has them | scales (cols / 32) f32 | sums of a (cols / 16) i32 | s times that, f32 |
template <typename Activations>
struct DigitRow {
  const std::byte* digits;
  int64_t columns;
  const float* scales;
  const int32_t* sums;
  const float* weighted_sums;

  static size_t n_bytes(int64_t cols) {
    const int64_t columns = digit_columns(cols);
    const int64_t bytes = Activations::kBytesPerColumn * columns + columns / 32 * 4 + 2 * (columns / 16 * 4);
    return static_cast<size_t>((bytes + 63) / 64 * 64);
  }
  static DigitRow at(const std::byte* row, int64_t cols) {
    const int64_t columns = digit_columns(cols);
    const std::byte* scales = row + Activations::kBytesPerColumn * columns;
    const std::byte* sums = scales + columns / 32 * 4;
    return {row, columns, reinterpret_cast<const float*>(scales), reinterpret_cast<const int32_t*>(sums),
            reinterpret_cast<const float*>(sums + columns / 16 * 4)};
  }
};

// 32 columns. Infinite and NaN activations make the group's scale NaN, and so every output of the row, and no other.
template <typename Activations>
void pack_digit_group(const float* x, std::byte* digits, int64_t columns, int64_t first_col, float* scale,
                      int32_t* sums, float* weighted_sums) {
  I32 magnitude = broadcast_i32(0);
  for (int64_t col = 0; col < kDigitGroup; col += kLanes) {
    magnitude = max_i32(magnitude, as_i32(abs(load(x + col))));  // as numbers and as bits in the same order
  }
  const auto largest = std::bit_cast<float>(largest_lane(magnitude));
  constexpr float kNothing = 1e-30f;
  const bool finite = largest <= std::numeric_limits<float>::max();
  const float inverse = finite && largest > kNothing ? Activations::kLargest / largest : 0.0f;
  *scale = !finite              ? std::numeric_limits<float>::quiet_NaN()
           : largest > kNothing ? largest / Activations::kLargest
                                : 0.0f;
  for (int64_t half = 0; half < 2; ++half) {
    I32 total = broadcast_i32(0);
    for (int64_t col = half * 16; col < half * 16 + 16; col += kLanes) {
      const F32 values = finite ? mul(load(x + col), broadcast(inverse)) : zero();
      const I32 rounded = to_i32(values);
      Activations::store(digits, columns, first_col + col, rounded);
      total = add_i32(total, rounded);
    }
    sums[half] = sum_i32(total);
    weighted_sums[half] = static_cast<float>(sums[half]) * *scale;
  }
}

// Columns [first_col, end_col) of a row of cols, from x on.
template <typename Activations>
void pack_digit_row(const float* x, int64_t cols, int64_t first_col, int64_t end_col, std::byte* out) {
  const auto row = DigitRow<Activations>::at(out, cols);
  auto* scales = const_cast<float*>(row.scales);
  auto* sums = const_cast<int32_t*>(row.sums);
  auto* weighted_sums = const_cast<float*>(row.weighted_sums);
  for (int64_t col = first_col; col < end_col; col += kDigitGroup, x += kDigitGroup) {
    float padded[kDigitGroup];
    const float* values = x;
    if (end_col - col < kDigitGroup) {
      std::fill(std::copy(x, x + (end_col - col), padded), padded + kDigitGroup, 0.0f);
      values = padded;
    }
    const int64_t group = col / kDigitGroup;
    pack_digit_group<Activations>(values, out, row.columns, col, scales + group, sums + 2 * group,
                                  weighted_sums + 2 * group);
  }
}

// One block of a panel, parts [part, part + kParts) of its rows: its groups kFirst, kFirst + 1, ... into the sums of
// kRows rows of activations.
template <typename Activations, typename Format, int kRows, int kParts, int kFirst>
INGOT_ALWAYS_INLINE void add_digit_groups(const typename Format::Scales (&scales)[kParts], const std::byte* block,
                                          int64_t part, int64_t first_col, const DigitRow<Activations> (&x)[kRows],
                                          F32 (&sums)[kRows][kParts]) {
  using Scales = typename Format::Scales;
  constexpr int kQuads = Scales::kGroup / 4;
  constexpr int kSixteens = Scales::kGroup / 16;
  if constexpr (kFirst * Scales::kGroup < Scales::kBlock) {
    const int64_t col = first_col + kFirst * Scales::kGroup;
    using Sums = typename Activations::template Sums<Format::kCodeBits>;
    Sums of_codes[kRows][kParts];
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      INGOT_UNROLL
      for (int n = 0; n < kParts; ++n) of_codes[row][n].clear();
    }
    INGOT_UNROLL
    for (int quad = 0; quad < kQuads; ++quad) {
      typename Sums::Codes codes[kParts];
      INGOT_UNROLL
      for (int n = 0; n < kParts; ++n) {
        codes[n] = Sums::prepare(Format::codes(block, kFirst * kQuads + quad, part + n));
      }
      INGOT_UNROLL
      for (int row = 0; row < kRows; ++row) {
        INGOT_UNROLL
        for (int n = 0; n < kParts; ++n) {
          of_codes[row][n].add(codes[n], x[row].digits, x[row].columns, col + 4 * quad, quad);
        }
      }
    }
    INGOT_UNROLL
    for (int n = 0; n < kParts; ++n) {
      const F32 scale = scales[n].scale(block, kFirst, part + n);
      INGOT_UNROLL
      for (int row = 0; row < kRows; ++row) {
        I32 total = of_codes[row][n].total();
        const int32_t* of_sixteen = x[row].sums + col / 16;
        if constexpr (Scales::kOffset != 0) {
          const int32_t sum = kSixteens == 2 ? of_sixteen[0] + of_sixteen[1] : of_sixteen[0];
          total = sub_i32(total, broadcast_i32(Scales::kOffset * sum));
        }
        sums[row][n] = fma(mul(to_f32(total), broadcast(x[row].scales[col / kDigitGroup])), scale, sums[row][n]);
        if constexpr (Scales::kHasMin) {
          const float* weighted = x[row].weighted_sums + col / 16;
          const float sum = kSixteens == 2 ? weighted[0] + weighted[1] : weighted[0];
          sums[row][n] = fma(scales[n].minimum(block, kFirst, part + n), broadcast(sum), sums[row][n]);
        }
      }
    }
    add_digit_groups<Activations, Format, kRows, kParts, kFirst + 1>(scales, block, part, first_col, x, sums);
  }
}

// out: (kRows, kPanelRows). One panel at a time, from its first byte to its last: two side by side are two streams for
// the processor's prefetchers, and slower by a third from memory. One row of activations meets both halves of a panel
// in turns where vectors hold half of one: over the whole panel, the first half would wait for the memory and the
// second for the products. With four rows that is slower by two fifths, measured.
template <typename Activations, typename Format, int kRows>
void digit_rows(const PanelLinearArgs& args, const std::byte* panel, int64_t x_row, float* out) {
  using Scales = typename Format::Scales;
  using Row = DigitRow<Activations>;
  constexpr int kParts = kRows == 1 ? static_cast<int>(kPanelParts) : 1;
  Row x[kRows];
  for (int row = 0; row < kRows; ++row) {
    x[row] = Row::at(args.x + static_cast<size_t>(x_row + row) * Row::n_bytes(args.cols), args.cols);
  }
  for (int64_t part = 0; part < kPanelParts; part += kParts) {
    F32 sums[kRows][kParts];
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      INGOT_UNROLL
      for (int n = 0; n < kParts; ++n) sums[row][n] = zero();
    }
    const std::byte* block = panel;
    for (int64_t col = 0; col < args.cols; col += Scales::kBlock) {
      Scales scales[kParts];
      INGOT_UNROLL
      for (int n = 0; n < kParts; ++n) scales[n] = Scales::load(block, part + n);
      add_digit_groups<Activations, Format, kRows, kParts, 0>(scales, block, part, col, x, sums);
      block += Format::Block::n_bytes();
    }
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      INGOT_UNROLL
      for (int n = 0; n < kParts; ++n) store(out + row * kPanelRows + (part + n) * kLanes, sums[row][n]);
    }
  }
}

// Floats and halves with activations as they are. Four sums a vector of rows take turns, so that one's latency hides
// another's.
template <typename Plain, int kRows>
void plain_rows(const PanelLinearArgs& args, const std::byte* panel, int64_t x_row, float* out) {
  constexpr int kTurns = 4;
  const int64_t columns = padded_columns(args.cols);
  const float* x = reinterpret_cast<const float*>(args.x) + x_row * columns;
  for (int64_t part = 0; part < kPanelParts; ++part) {
    F32 sums[kRows][kTurns];
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      INGOT_UNROLL
      for (int turn = 0; turn < kTurns; ++turn) sums[row][turn] = zero();
    }
    const std::byte* values = panel + part * kLanes * Plain::kBytes;
    const int64_t whole = args.cols / kTurns * kTurns;
    for (int64_t col = 0; col < whole; col += kTurns) {
      INGOT_UNROLL
      for (int turn = 0; turn < kTurns; ++turn) {
        const F32 w = Plain::load(values + (col + turn) * Plain::kBytes * kPanelRows);
        INGOT_UNROLL
        for (int row = 0; row < kRows; ++row) {
          sums[row][turn] = fma(w, broadcast(x[row * columns + col + turn]), sums[row][turn]);
        }
      }
    }
    for (int64_t col = whole; col < args.cols; ++col) {
      const F32 w = Plain::load(values + col * Plain::kBytes * kPanelRows);
      for (int row = 0; row < kRows; ++row) sums[row][0] = fma(w, broadcast(x[row * columns + col]), sums[row][0]);
    }
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      store(out + row * kPanelRows + part * kLanes,
            add(add(sums[row][0], sums[row][1]), add(sums[row][2], sums[row][3])));
    }
  }
}
// A panel with rows [x_row, ...) of activations. out: (rows, kPanelRows).
using PanelRowsKernel = void (*)(const PanelLinearArgs& args, const std::byte* panel, int64_t x_row, float* out);
struct PanelRowsKernels {
  PanelRowsKernel one;   // row
  PanelRowsKernel many;  // kManyRows rows against one read of the panel
};

template <typename Activations, typename Format>
constexpr PanelRowsKernels digit_kernels() {
  return {digit_rows<Activations, Format, 1>, digit_rows<Activations, Format, kManyRows>};
}
template <typename Plain>
constexpr PanelRowsKernels plain_kernels() {
  return {plain_rows<Plain, 1>, plain_rows<Plain, kManyRows>};
}

// Of the types in blocks.
template <typename Activations>
PanelRowsKernels digit_kernels_of(DType type) {
  switch (type) {
    case DType::kQ4_0:
      return digit_kernels<Activations, PanelQ4_0>();
    case DType::kQ4_1:
      return digit_kernels<Activations, PanelQ4_1>();
    case DType::kQ5_0:
      return digit_kernels<Activations, PanelQ5_0>();
    case DType::kQ5_1:
      return digit_kernels<Activations, PanelQ5_1>();
    case DType::kQ8_0:
      return digit_kernels<Activations, PanelQ8_0>();
    case DType::kQ2_K:
      return digit_kernels<Activations, PanelQ2_K>();
    case DType::kQ3_K:
      return digit_kernels<Activations, PanelQ3_K>();
    case DType::kQ4_K:
      return digit_kernels<Activations, PanelQ4_K>();
    case DType::kQ5_K:
      return digit_kernels<Activations, PanelQ5_K>();
    case DType::kQ6_K:
      return digit_kernels<Activations, PanelQ6_K>();
    case DType::kIQ4_NL:
      return digit_kernels<Activations, PanelIQ4_NL>();
    case DType::kIQ4_XS:
      return digit_kernels<Activations, PanelIQ4_XS>();
    case DType::kMXFP4:
      return digit_kernels<Activations, PanelMXFP4>();
    default:
      return {};
  }
}

// Each panel with all rows of activations, as many at a time as there are kernels for.
inline void panel_rows(const PanelRowsKernels& kernels, const PanelLinearArgs& args, int64_t first, int64_t end) {
  float sums[kManyRows * kPanelRows];
  for (int64_t panel = first; panel < end; ++panel) {
    const std::byte* weights = args.panels + panel * args.panel_bytes;
    const int64_t first_row = panel * kPanelRows;
    const int64_t n_rows = std::min(kPanelRows, args.rows - first_row);
    for (int64_t x_row = 0; x_row < args.n_x;) {
      const int64_t n_x = args.n_x - x_row >= kManyRows ? kManyRows : 1;
      (n_x == 1 ? kernels.one : kernels.many)(args, weights, x_row, sums);
      for (int64_t row = 0; row < n_x; ++row) {
        finish_row(args, x_row + row, first_row, n_rows, sums + row * kPanelRows);
      }
      x_row += n_x;
    }
  }
}
