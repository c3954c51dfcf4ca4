// Weights of a panel as numbers, column after column, for products that unpack weights once for many rows.
//
// Put says where they go: quad() stores columns 4n .. 4n + 3 of the weight rows of a part, kQuadBytes a quad;
// kRounds, whether to bfloat16; plain<Plain>() unpacks the types without blocks. F32 is never rounded.
// Included by table.cpp after panel_formats.h, inside its region and namespace.

template <typename Format, typename Put, int kFirst>
INGOT_ALWAYS_INLINE void unpack_groups(const typename Format::Scales& scales, const std::byte* block, int64_t part,
                                       std::byte* out) {
  using Scales = typename Format::Scales;
  constexpr int kQuads = Scales::kGroup / 4;
  if constexpr (kFirst * Scales::kGroup < Scales::kBlock) {
    const F32 scale = scales.scale(block, kFirst, part);
    F32 constant = mul(scale, broadcast(static_cast<float>(-Scales::kOffset)));
    if constexpr (Scales::kHasMin) constant = scales.minimum(block, kFirst, part);
    const I32 byte = broadcast_i32(255);
    // A code of up to seven bits, put into bits 16 to 22 of 1.0, is 1 + code / 128 without a conversion. Instead of the
    // constant what is added is then constant - 128 scale, which is rounded by up to 2^-17 of the scale: too much for
    // FP32, nothing beside a rounding to bfloat16.
    constexpr bool kInMantissa = Put::kRounds && Format::kCodeBits <= 7;
    const F32 scale_128 = mul(scale, broadcast(128.0f));
    const F32 constant_128 = sub(constant, scale_128);
    const I32 one = broadcast_i32(0x3F800000);
    const I32 seven_bits = broadcast_i32(0x007F0000);
    INGOT_UNROLL
    for (int quad = 0; quad < kQuads; ++quad) {
      if (part == 0) prefetch_ahead<Format>(block, kFirst * kQuads + quad);
      const I32 codes = Format::codes(block, kFirst * kQuads + quad, part);
      if constexpr (kInMantissa) {
        const F32 w0 = fma(as_f32(merge_bits(shift_left(codes, 16), seven_bits, one)), scale_128, constant_128);
        const F32 w1 = fma(as_f32(merge_bits(shift_left(codes, 8), seven_bits, one)), scale_128, constant_128);
        const F32 w2 = fma(as_f32(merge_bits(codes, seven_bits, one)), scale_128, constant_128);
        const F32 w3 = fma(as_f32(merge_bits(shift_right(codes, 8), seven_bits, one)), scale_128, constant_128);
        Put::quad(out + (kFirst * kQuads + quad) * Put::kQuadBytes, part, w0, w1, w2, w3);
        continue;
      }
      const F32 w0 = fma(to_f32(and_i32(codes, byte)), scale, constant);
      const F32 w1 = fma(to_f32(and_i32(shift_right(codes, 8), byte)), scale, constant);
      const F32 w2 = fma(to_f32(and_i32(shift_right(codes, 16), byte)), scale, constant);
      const F32 w3 = fma(to_f32(shift_right(codes, 24)), scale, constant);
      Put::quad(out + (kFirst * kQuads + quad) * Put::kQuadBytes, part, w0, w1, w2, w3);
    }
    unpack_groups<Format, Put, kFirst + 1>(scales, block, part, out);
  }
}

// Columns [first_col, first_col + n_cols) of a panel; first_col is a multiple of the type's block. Whole blocks are
// written.
template <typename Format, typename Put>
void unpack_blocks(const std::byte* panel, int64_t first_col, int64_t n_cols, std::byte* out) {
  using Scales = typename Format::Scales;
  const std::byte* block = panel + first_col / Scales::kBlock * Format::Block::n_bytes();
  for (int64_t col = 0; col < n_cols; col += Scales::kBlock) {
    for (int64_t part = 0; part < kPanelParts; ++part) {
      unpack_groups<Format, Put, 0>(Scales::load(block, part), block, part, out);
    }
    block += Format::Block::n_bytes();
    out += Scales::kBlock / 4 * Put::kQuadBytes;
  }
}

template <typename Put>
UnpackPanel panel_unpacker(DType type) {
  switch (type) {
    case DType::kF32:
      if constexpr (!Put::kRounds) return Put::template plain<PanelF32>;
      return nullptr;
    case DType::kF16:
      return Put::template plain<PanelF16>;
    case DType::kBF16:
      return Put::template plain<PanelBF16>;
    case DType::kQ4_0:
      return unpack_blocks<PanelQ4_0, Put>;
    case DType::kQ4_1:
      return unpack_blocks<PanelQ4_1, Put>;
    case DType::kQ5_0:
      return unpack_blocks<PanelQ5_0, Put>;
    case DType::kQ5_1:
      return unpack_blocks<PanelQ5_1, Put>;
    case DType::kQ8_0:
      return unpack_blocks<PanelQ8_0, Put>;
    case DType::kQ2_K:
      return unpack_blocks<PanelQ2_K, Put>;
    case DType::kQ3_K:
      return unpack_blocks<PanelQ3_K, Put>;
    case DType::kQ4_K:
      return unpack_blocks<PanelQ4_K, Put>;
    case DType::kQ5_K:
      return unpack_blocks<PanelQ5_K, Put>;
    case DType::kQ6_K:
      return unpack_blocks<PanelQ6_K, Put>;
    case DType::kIQ4_NL:
      return unpack_blocks<PanelIQ4_NL, Put>;
    case DType::kIQ4_XS:
      return unpack_blocks<PanelIQ4_XS, Put>;
    case DType::kMXFP4:
      return unpack_blocks<PanelMXFP4, Put>;
    default:
      return nullptr;
  }
}
