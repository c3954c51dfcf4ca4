// Products of quantised panels with activations of 8 bits for many rows: the arithmetic of panel_digits.h, and so the
// same bits, with codes and scales unpacked once for all rows.
//
//   a group of 16 or 32 columns of a panel, unpacked : | scales | minimums, where it has them | codes, a line a quad |
//   a tile                                           : kRows rows of activations, kPanels panels, in registers
//
// Beside its dot products each group costs a sum a conversion, a product and an addition, or two where it has a
// minimum: 8 of 10 instructions in the multipliers are dot products for groups of 32 columns without a minimum.
// Included by table.cpp after panel_digits.h and panel_prompt.h, inside its region and namespace.

// What the tiles of different types have in common.
template <int kColumns, bool kHasMinimum, int kBits>
struct ByteGroup {
  static constexpr int kGroup = kColumns;
  static constexpr bool kHasMin = kHasMinimum;
  static constexpr int kCodesAt = kHasMin ? 2 : 1;  // lines
  static constexpr int kQuads = kGroup / 4;
  static constexpr int64_t kBytes = (kCodesAt + kQuads) * kPanelLineBytes;
  using Sums = ByteActivations::Sums<kBits>;
};
template <typename Format>
using ByteGroupOf =
    ByteGroup<Format::Scales::kGroup, Format::Scales::kHasMin, ByteActivations::code_class(Format::kCodeBits)>;

// Codes as they are, scales as floats.
template <typename Format, int kFirst>
INGOT_ALWAYS_INLINE void unpack_byte_groups(const typename Format::Scales& scales, const std::byte* block, int64_t part,
                                            std::byte* out) {
  using Scales = typename Format::Scales;
  using Group = ByteGroupOf<Format>;
  if constexpr (kFirst * Scales::kGroup < Scales::kBlock) {
    std::byte* lines = out + kFirst * Group::kBytes + part * kLanes * 4;
    store(reinterpret_cast<float*>(lines), scales.scale(block, kFirst, part));
    if constexpr (Scales::kHasMin) {
      store(reinterpret_cast<float*>(lines + kPanelLineBytes), scales.minimum(block, kFirst, part));
    }
    INGOT_UNROLL
    for (int quad = 0; quad < Group::kQuads; ++quad) {
      if (part == 0) prefetch_ahead<Format>(block, kFirst * Group::kQuads + quad);
      const I32 codes = Format::codes(block, kFirst * Group::kQuads + quad, part);
      store(reinterpret_cast<float*>(lines + (Group::kCodesAt + quad) * kPanelLineBytes), as_f32(codes));
    }
    unpack_byte_groups<Format, kFirst + 1>(scales, block, part, out);
  }
}

template <typename Format>
void unpack_bytes(const std::byte* panel, int64_t first_col, int64_t n_cols, std::byte* out) {
  using Scales = typename Format::Scales;
  const std::byte* block = panel + first_col / Scales::kBlock * Format::Block::n_bytes();
  for (int64_t col = 0; col < n_cols; col += Scales::kBlock) {
    for (int64_t part = 0; part < kPanelParts; ++part) {
      unpack_byte_groups<Format, 0>(Scales::load(block, part), block, part, out);
    }
    block += Format::Block::n_bytes();
    out += Scales::kBlock / Scales::kGroup * ByteGroupOf<Format>::kBytes;
  }
}

// Rows as pack_digit_row left them, from the first of a tile on.
struct ByteRows {
  const std::byte* first;
  int64_t row_bytes;
  int64_t scales_at;  // bytes into a row
  int64_t sums_at;
  int64_t weighted_at;
  int64_t columns;
};

// sums: (kRows, kPanels * 16), added to where `accumulate`. weights: panels of groups, panel_bytes apart.
template <typename Group, int kRows, int kPanels, int kStride>
void byte_tile(const ByteRows& x, int64_t first_col, int64_t n_cols, const std::byte* weights, int64_t panel_bytes,
               int32_t offset, bool accumulate, float* out) {
  constexpr int kVectors = kPanels * static_cast<int>(kPanelParts);
  const int64_t row_bytes = x.row_bytes;
  const int64_t columns = x.columns;
  F32 sums[kRows][kVectors];
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    INGOT_UNROLL
    for (int v = 0; v < kVectors; ++v) sums[row][v] = accumulate ? load(out + row * kStride + v * kLanes) : zero();
  }
  const auto line = [weights, panel_bytes](int64_t at, int v) {
    return weights + at + v / kPanelParts * panel_bytes + v % kPanelParts * kLanes * 4;
  };
  int64_t at = 0;
  for (int64_t col = first_col; col < first_col + n_cols; col += Group::kGroup, at += Group::kBytes) {
    typename Group::Sums of_codes[kRows][kVectors];
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      INGOT_UNROLL
      for (int v = 0; v < kVectors; ++v) of_codes[row][v].clear();
    }
    INGOT_UNROLL
    for (int quad = 0; quad < Group::kQuads; ++quad) {
      typename Group::Sums::Codes codes[kVectors];
      INGOT_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        codes[v] = Group::Sums::prepare(load_i32(line(at + (Group::kCodesAt + quad) * kPanelLineBytes, v)));
      }
      INGOT_UNROLL
      for (int row = 0; row < kRows; ++row) {
        INGOT_UNROLL
        for (int v = 0; v < kVectors; ++v) {
          of_codes[row][v].add(codes[v], x.first + row * row_bytes, columns, col + 4 * quad, quad);
        }
      }
    }
    F32 scale[kVectors];
    INGOT_UNROLL
    for (int v = 0; v < kVectors; ++v) scale[v] = load(reinterpret_cast<const float*>(line(at, v)));
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      const std::byte* values = x.first + row * row_bytes;
      const auto* of_sixteen = reinterpret_cast<const int32_t*>(values + x.sums_at) + col / 16;
      const int32_t sum = Group::kGroup == 32 ? of_sixteen[0] + of_sixteen[1] : of_sixteen[0];
      const I32 surplus = broadcast_i32(offset * sum);
      const F32 activation_scale = broadcast(reinterpret_cast<const float*>(values + x.scales_at)[col / kDigitGroup]);
      INGOT_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        I32 total = of_codes[row][v].total();
        if constexpr (!Group::kHasMin) total = sub_i32(total, surplus);
        sums[row][v] = fma(mul(to_f32(total), activation_scale), scale[v], sums[row][v]);
      }
    }
    if constexpr (Group::kHasMin) {
      INGOT_UNROLL
      for (int row = 0; row < kRows; ++row) {
        const auto* weighted = reinterpret_cast<const float*>(x.first + row * row_bytes + x.weighted_at) + col / 16;
        const F32 sum = broadcast(Group::kGroup == 32 ? weighted[0] + weighted[1] : weighted[0]);
        INGOT_UNROLL
        for (int v = 0; v < kVectors; ++v) {
          sums[row][v] = fma(load(reinterpret_cast<const float*>(line(at + kPanelLineBytes, v))), sum, sums[row][v]);
        }
      }
    }
  }
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    INGOT_UNROLL
    for (int v = 0; v < kVectors; ++v) store(out + row * kStride + v * kLanes, sums[row][v]);
  }
}

struct ByteProducts {
  static constexpr PackedForm kForm = PackedForm::kBytes;
  static constexpr int64_t kPanels = ByteActivations::kTilePanels;
  static constexpr int64_t kRows = ByteActivations::kTileRows;
  static constexpr int64_t kUnpacked = 4;
  static constexpr int64_t kColumns = 2048;
  using Tile = void (*)(const ByteRows&, int64_t, int64_t, const std::byte*, int64_t, int32_t, bool, float*);

  // What differs from type to type.
  struct OfType {
    UnpackPanel unpack = nullptr;
    int64_t group_columns = 0;
    int64_t group_bytes = 0;
    int32_t offset = 0;
    const Tile* whole = nullptr;   // [rows - 1], of kPanels panels
    const Tile* single = nullptr;  // of one
  };

  explicit ByteProducts(const PanelLinearArgs& product)
      : args(product),
        type(of_type(product.type)),
        unpack(type.unpack),
        row_bytes(static_cast<int64_t>(DigitRow<ByteActivations>::n_bytes(product.cols))) {}

  int64_t unpacked_bytes() const { return std::min(args.cols, kColumns) / type.group_columns * type.group_bytes; }

  template <int64_t kTilePanels>
  void multiply(int64_t n_rows, int64_t row, int64_t col, int64_t n_cols, const std::byte* weights, bool accumulate,
                float* sums) const {
    const std::byte* first = args.x + row * row_bytes;
    const auto parts = DigitRow<ByteActivations>::at(first, args.cols);
    const auto bytes_into = [first](const auto* p) { return reinterpret_cast<const std::byte*>(p) - first; };
    const ByteRows x = {.first = first,
                        .row_bytes = row_bytes,
                        .scales_at = bytes_into(parts.scales),
                        .sums_at = bytes_into(parts.sums),
                        .weighted_at = bytes_into(parts.weighted_sums),
                        .columns = parts.columns};
    (kTilePanels == 1 ? type.single : type.whole)[n_rows - 1](x, col, n_cols, weights, unpacked_bytes(), type.offset,
                                                              accumulate, sums);
  }

  template <typename Group, int64_t kTilePanels, size_t... kIndex>
  static const Tile* tiles(std::index_sequence<kIndex...>) {
    static constexpr Tile kTiles[] = {
        byte_tile<Group, static_cast<int>(kIndex) + 1, kTilePanels, kPanels * kPanelRows>...};
    return kTiles;
  }
  template <typename Format>
  static OfType from_format() {
    using Group = ByteGroupOf<Format>;
    return {.unpack = unpack_bytes<Format>,
            .group_columns = Group::kGroup,
            .group_bytes = Group::kBytes,
            .offset = Format::Scales::kOffset,
            .whole = tiles<Group, kPanels>(std::make_index_sequence<kRows>()),
            .single = tiles<Group, 1>(std::make_index_sequence<kRows>())};
  }
  static OfType of_type(DType type) {
    switch (type) {
      case DType::kQ4_0:
        return from_format<PanelQ4_0>();
      case DType::kQ4_1:
        return from_format<PanelQ4_1>();
      case DType::kQ5_0:
        return from_format<PanelQ5_0>();
      case DType::kQ5_1:
        return from_format<PanelQ5_1>();
      case DType::kQ8_0:
        return from_format<PanelQ8_0>();
      case DType::kQ2_K:
        return from_format<PanelQ2_K>();
      case DType::kQ3_K:
        return from_format<PanelQ3_K>();
      case DType::kQ4_K:
        return from_format<PanelQ4_K>();
      case DType::kQ5_K:
        return from_format<PanelQ5_K>();
      case DType::kQ6_K:
        return from_format<PanelQ6_K>();
      case DType::kIQ4_NL:
        return from_format<PanelIQ4_NL>();
      case DType::kIQ4_XS:
        return from_format<PanelIQ4_XS>();
      case DType::kMXFP4:
        return from_format<PanelMXFP4>();
      default:
        return {};
    }
  }

  const PanelLinearArgs& args;
  OfType type;
  UnpackPanel unpack;
  int64_t row_bytes;
};

// ---- The entries of a table ----

inline bool takes_bytes(DType type) {
  return digit_kernels_of<ByteActivations>(type).one != nullptr;
}

inline size_t byte_packed_bytes(int64_t cols, int64_t n_x) {
  return static_cast<size_t>(n_x) * DigitRow<ByteActivations>::n_bytes(cols);
}

inline void byte_pack(const PackArgs& args) {
  for (int64_t row = args.first; row < args.end; ++row) {
    pack_digit_row<ByteActivations>(args.row(row), args.cols, args.first_col, args.end_col,
                                    args.out + byte_packed_bytes(args.cols, row));
  }
}

// Fewer rows than this are sooner multiplied with the panel as it is.
constexpr int64_t kRowsWorthUnpacking = 8;

inline size_t byte_scratch_bytes(const PanelLinearArgs& args) {
  return args.n_x < kRowsWorthUnpacking ? 0 : PanelPrompt<ByteProducts>::scratch_bytes(args);
}

inline void byte_panel_linear(const PanelLinearArgs& args, int64_t first, int64_t end, std::byte* scratch) {
  if (args.n_x >= kRowsWorthUnpacking) return PanelPrompt<ByteProducts>::linear(args, first, end, scratch);
  panel_rows(digit_kernels_of<ByteActivations>(args.type), args, first, end);
}

constexpr BytePanels kBytePanels = {
    .takes = takes_bytes,
    .packed_bytes = byte_packed_bytes,
    .pack = byte_pack,
    .linear = byte_panel_linear,
    .scratch_bytes = byte_scratch_bytes,
};
