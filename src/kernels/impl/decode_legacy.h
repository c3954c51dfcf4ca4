// Decoders of F32, F16, BF16, Q4_0 .. Q8_0 and the nibble formats with codebooks, a vector of values at a time.
// The same products and sums in the same order as the scalar decoders of tensor/, never fused: equal bits.
// Included by table.cpp after simd.h, inside its region and namespace.

inline const std::byte* as_bytes(const void* p) {
  return static_cast<const std::byte*>(p);
}

// fn(block, 32 or 256 values of out) for each block of a row.
template <typename Block, void (*kDecode)(const Block&, float*)>
void decode_blocks(const std::byte* blocks, float* out_values, int64_t n_values) {
  const Block* block = reinterpret_cast<const Block*>(blocks);
  for (int64_t first = 0; first < n_values; first += Block::kValues, ++block) kDecode(*block, out_values + first);
}

void decode_f16(const std::byte* blocks, float* out_values, int64_t n_values) {
  int64_t first = 0;
  for (; first + kLanes <= n_values; first += kLanes) store(out_values + first, load_f16(blocks + 2 * first));
  for (; first < n_values; ++first) {
    Le16 value;
    std::memcpy(&value, blocks + 2 * first, sizeof(value));
    out_values[first] = half_value(value);
  }
}

void decode_bf16(const std::byte* blocks, float* out_values, int64_t n_values) {
  int64_t first = 0;
  for (; first + kLanes <= n_values; first += kLanes) {
    store(out_values + first, as_f32(shift_left(load_u16(blocks + 2 * first), 16)));
  }
  for (; first < n_values; ++first) {
    Le16 value;
    std::memcpy(&value, blocks + 2 * first, sizeof(value));
    out_values[first] = bf16_to_float(value.bits());
  }
}

inline I32 low_nibbles(I32 bytes) {
  return and_i32(bytes, broadcast_i32(15));
}
inline I32 high_nibbles(I32 bytes) {
  return shift_right(bytes, 4);
}

inline void decode_q4_0(const BlockQ4_0& block, float* out) {
  const F32 d = broadcast(half(block.d));
  const I32 offset = broadcast_i32(8);
  for (int64_t j = 0; j < 16; j += kLanes) {
    const I32 bytes = load_u8(block.qs + j);
    store(out + j, mul(d, to_f32(sub_i32(low_nibbles(bytes), offset))));
    store(out + j + 16, mul(d, to_f32(sub_i32(high_nibbles(bytes), offset))));
  }
}

inline void decode_q4_1(const BlockQ4_1& block, float* out) {
  const F32 d = broadcast(half(block.d));
  const F32 m = broadcast(half(block.m));
  for (int64_t j = 0; j < 16; j += kLanes) {
    const I32 bytes = load_u8(block.qs + j);
    store(out + j, add(mul(d, to_f32(low_nibbles(bytes))), m));
    store(out + j + 16, add(mul(d, to_f32(high_nibbles(bytes))), m));
  }
}

// The fifth bits of values [first, first + kLanes), in place.
inline I32 fifth_bits(const Le32& qh, int64_t first) {
  return shift_left(bits(qh.bits(), static_cast<int>(first)), 4);
}

inline void decode_q5_0(const BlockQ5_0& block, float* out) {
  const F32 d = broadcast(half(block.d));
  const I32 offset = broadcast_i32(16);
  for (int64_t j = 0; j < 16; j += kLanes) {
    const I32 bytes = load_u8(block.qs + j);
    const I32 low = or_i32(low_nibbles(bytes), fifth_bits(block.qh, j));
    const I32 high = or_i32(high_nibbles(bytes), fifth_bits(block.qh, j + 16));
    store(out + j, mul(d, to_f32(sub_i32(low, offset))));
    store(out + j + 16, mul(d, to_f32(sub_i32(high, offset))));
  }
}

inline void decode_q5_1(const BlockQ5_1& block, float* out) {
  const F32 d = broadcast(half(block.d));
  const F32 m = broadcast(half(block.m));
  for (int64_t j = 0; j < 16; j += kLanes) {
    const I32 bytes = load_u8(block.qs + j);
    const I32 low = or_i32(low_nibbles(bytes), fifth_bits(block.qh, j));
    const I32 high = or_i32(high_nibbles(bytes), fifth_bits(block.qh, j + 16));
    store(out + j, add(mul(d, to_f32(low)), m));
    store(out + j + 16, add(mul(d, to_f32(high)), m));
  }
}

inline void decode_q8_0(const BlockQ8_0& block, float* out) {
  const F32 d = broadcast(half(block.d));
  for (int64_t j = 0; j < 32; j += kLanes) store(out + j, mul(d, to_f32(load_i8(block.qs + j))));
}

// 16 bytes of nibbles that index a codebook: low nibbles are values 0..15, high ones 16..31.
inline void decode_codebook(const uint8_t* qs, const float* codebook, float scale, float* out) {
  const F32 d = broadcast(scale);
  for (int64_t j = 0; j < 16; j += kLanes) {
    const I32 bytes = load_u8(qs + j);
    store(out + j, mul(d, lookup(codebook, low_nibbles(bytes))));
    store(out + j + 16, mul(d, lookup(codebook, high_nibbles(bytes))));
  }
}

inline void decode_iq4_nl(const BlockIQ4_NL& block, float* out) {
  decode_codebook(block.qs, kIq4NlFloats.values, half(block.d), out);
}

inline void decode_iq4_xs(const BlockIQ4_XS& block, float* out) {
  const float d = half(block.d);
  for (int group = 0; group < 8; ++group) {
    const float scale = d * static_cast<float>(iq4_xs_scale(block, group));
    decode_codebook(block.qs + group * 16, kIq4NlFloats.values, scale, out + group * 32);
  }
}

inline void decode_mxfp4(const BlockMXFP4& block, float* out) {
  decode_codebook(block.qs, kE2m1Floats.values, e8m0_half_to_float(block.e), out);
}
