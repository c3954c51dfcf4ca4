// What is made of the decoders: rows of floats, and products with one row of activations; and their choice by type.
// Included by table.cpp after decode_k_quants.h, inside its region and namespace.

struct StoreValues {
  float* out;
  void put(int64_t at, F32 values) { store(out + at, values); }
};

template <typename Decoder>
void decode_row(const std::byte* row, float* out_values, int64_t n_values) {
  using Block = typename Decoder::Block;
  const Block* block = reinterpret_cast<const Block*>(row);
  int64_t first = 0;
  for (; first + Block::kValues <= n_values; first += Block::kValues, ++block) {
    StoreValues sink{out_values + first};
    Decoder::run(*block, sink);
  }
  if constexpr (std::is_same_v<Block, HalfBlock>) {
    // Plain halves are no blocks in truth: the last may be a part of one.
    if (first == n_values) return;
    const auto rest = static_cast<size_t>(n_values - first);
    HalfBlock last{};
    float values[HalfBlock::kValues];
    std::memcpy(&last, block, 2 * rest);
    StoreValues sink{values};
    Decoder::run(last, sink);
    std::memcpy(out_values + first, values, rest * sizeof(float));
  }
}

struct DotValues {
  const float* x;
  F32 sums;
  void put(int64_t at, F32 values) { sums = fma(values, load(x + at), sums); }
};

// out[row] (+)= row . x for kRows rows; in the order, and with the tree at the end, of dot_panel.h.
template <typename Decoder, int kRows>
inline void dot_few(const std::byte* rows, int64_t row_bytes, int64_t n_values, const float* x, bool accumulate,
                    float* out) {
  using Block = typename Decoder::Block;
  F32 sums[kRows];
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) sums[row] = zero();
  const int64_t n_blocks = n_values / Block::kValues;
  for (int64_t index = 0; index < n_blocks; ++index) {
    INGOT_UNROLL
    for (int row = 0; row < kRows; ++row) {
      DotValues sink{x + index * Block::kValues, sums[row]};
      Decoder::run(reinterpret_cast<const Block*>(rows + row * row_bytes)[index], sink);
      sums[row] = sink.sums;
    }
  }
  INGOT_UNROLL
  for (int row = 0; row < kRows; ++row) {
    const float total = sum(sums[row]);
    out[row] = accumulate ? out[row] + total : total;
  }
}

using DotRows = void (*)(const std::byte* rows, int64_t row_bytes, int64_t n_rows, int64_t n_values, const float* x,
                         bool accumulate, float* out);

template <typename Decoder>
void dot_rows_decoding(const std::byte* rows, int64_t row_bytes, int64_t n_rows, int64_t n_values, const float* x,
                       bool accumulate, float* out) {
  // Four rows side by side: the sum of one waits for its own additions while the others go on.
  int64_t row = 0;
  for (; row + 4 <= n_rows; row += 4) {
    dot_few<Decoder, 4>(rows + row * row_bytes, row_bytes, n_values, x, accumulate, out + row);
  }
  for (; row < n_rows; ++row)
    dot_few<Decoder, 1>(rows + row * row_bytes, row_bytes, n_values, x, accumulate, out + row);
}

struct TypeKernels {
  DecodeRow decode;
  DotRows dot;  // null: decode to memory and multiply from there
};

template <typename Decoder>
constexpr TypeKernels kernels_of() {
  if constexpr (kDotWhileDecoding) return {decode_row<Decoder>, dot_rows_decoding<Decoder>};
  return {decode_row<Decoder>, nullptr};
}

// Vector code for a type or, for the rarer ones, the scalar decoder.
TypeKernels type_kernels(DType type) {
  switch (type) {
    case DType::kF16:
      return kernels_of<DecodeF16>();
    case DType::kBF16:
      return kernels_of<DecodeBF16>();
    case DType::kQ4_0:
      return kernels_of<DecodeQ4_0>();
    case DType::kQ4_1:
      return kernels_of<DecodeQ4_1>();
    case DType::kQ5_0:
      return kernels_of<DecodeQ5_0>();
    case DType::kQ5_1:
      return kernels_of<DecodeQ5_1>();
    case DType::kQ8_0:
      return kernels_of<DecodeQ8_0>();
    case DType::kQ2_K:
      return kernels_of<DecodeQ2_K>();
    case DType::kQ3_K:
      return kernels_of<DecodeQ3_K>();
    case DType::kQ4_K:
      return kernels_of<DecodeQ4_K>();
    case DType::kQ5_K:
      return kernels_of<DecodeQ5_K>();
    case DType::kQ6_K:
      return kernels_of<DecodeQ6_K>();
    case DType::kIQ4_NL:
      return kernels_of<DecodeIQ4_NL>();
    case DType::kIQ4_XS:
      return kernels_of<DecodeIQ4_XS>();
    case DType::kMXFP4:
      return kernels_of<DecodeMXFP4>();
    default:
      return {quant_traits(type).dequantize_row, nullptr};
  }
}

DecodeRow decoder(DType type) {
  return type_kernels(type).decode;
}
