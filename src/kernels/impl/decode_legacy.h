// Decoders of F16, BF16, Q4_0 .. Q8_0 and the nibble formats with codebooks, a vector of values at a time.
//
// A decoder hands its values to a sink in the order of their columns, vector by vector: put(first value's index in the
// block, values). One sink stores them, another multiplies them into a sum without a detour over memory; both see the
// same values, with the bits of the scalar decoders of tensor/: the same products and sums in the same order, never
// fused.
// Included by table.cpp after simd.h, inside its region and namespace.

inline I32 low_nibbles(I32 bytes) {
  return and_i32(bytes, broadcast_i32(15));
}
inline I32 high_nibbles(I32 bytes) {
  return shift_right(bytes, 4);
}

// Plain halves, 16 at a time.
struct HalfBlock {
  static constexpr int kValues = 16;
  std::byte bytes[32];
};

struct DecodeF16 {
  using Block = HalfBlock;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
    for (int64_t j = 0; j < 16; j += kLanes) sink.put(j, load_f16(block.bytes + 2 * j));
  }
};

struct DecodeBF16 {
  using Block = HalfBlock;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
    for (int64_t j = 0; j < 16; j += kLanes) sink.put(j, as_f32(shift_left(load_u16(block.bytes + 2 * j), 16)));
  }
};

struct DecodeQ4_0 {
  using Block = BlockQ4_0;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
    const F32 d = broadcast(half(block.d));
    const I32 offset = broadcast_i32(8);
    for (int64_t j = 0; j < 16; j += kLanes) {
      sink.put(j, mul(d, to_f32(sub_i32(low_nibbles(load_u8(block.qs + j)), offset))));
    }
    for (int64_t j = 0; j < 16; j += kLanes) {
      sink.put(j + 16, mul(d, to_f32(sub_i32(high_nibbles(load_u8(block.qs + j)), offset))));
    }
  }
};

struct DecodeQ4_1 {
  using Block = BlockQ4_1;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
    const F32 d = broadcast(half(block.d));
    const F32 m = broadcast(half(block.m));
    for (int64_t j = 0; j < 16; j += kLanes) {
      sink.put(j, add(mul(d, to_f32(low_nibbles(load_u8(block.qs + j)))), m));
    }
    for (int64_t j = 0; j < 16; j += kLanes) {
      sink.put(j + 16, add(mul(d, to_f32(high_nibbles(load_u8(block.qs + j)))), m));
    }
  }
};

// The fifth bits of values [first, first + kLanes), in place.
inline I32 fifth_bits(const Le32& qh, int64_t first) {
  return shift_left(bits(qh.bits(), static_cast<int>(first)), 4);
}

struct DecodeQ5_0 {
  using Block = BlockQ5_0;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
    const F32 d = broadcast(half(block.d));
    const I32 offset = broadcast_i32(16);
    for (int64_t j = 0; j < 16; j += kLanes) {
      const I32 q = or_i32(low_nibbles(load_u8(block.qs + j)), fifth_bits(block.qh, j));
      sink.put(j, mul(d, to_f32(sub_i32(q, offset))));
    }
    for (int64_t j = 0; j < 16; j += kLanes) {
      const I32 q = or_i32(high_nibbles(load_u8(block.qs + j)), fifth_bits(block.qh, j + 16));
      sink.put(j + 16, mul(d, to_f32(sub_i32(q, offset))));
    }
  }
};

struct DecodeQ5_1 {
  using Block = BlockQ5_1;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
    const F32 d = broadcast(half(block.d));
    const F32 m = broadcast(half(block.m));
    for (int64_t j = 0; j < 16; j += kLanes) {
      const I32 q = or_i32(low_nibbles(load_u8(block.qs + j)), fifth_bits(block.qh, j));
      sink.put(j, add(mul(d, to_f32(q)), m));
    }
    for (int64_t j = 0; j < 16; j += kLanes) {
      const I32 q = or_i32(high_nibbles(load_u8(block.qs + j)), fifth_bits(block.qh, j + 16));
      sink.put(j + 16, add(mul(d, to_f32(q)), m));
    }
  }
};

struct DecodeQ8_0 {
  using Block = BlockQ8_0;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
    const F32 d = broadcast(half(block.d));
    for (int64_t j = 0; j < 32; j += kLanes) sink.put(j, mul(d, to_f32(load_i8(block.qs + j))));
  }
};

// 16 bytes of nibbles that index a codebook: low nibbles are values 0..15, high ones 16..31.
template <typename Sink>
inline void decode_codebook(const uint8_t* qs, const float* codebook, float scale, int64_t first, Sink& sink) {
  const F32 d = broadcast(scale);
  for (int64_t j = 0; j < 16; j += kLanes) {
    sink.put(first + j, mul(d, lookup(codebook, low_nibbles(load_u8(qs + j)))));
  }
  for (int64_t j = 0; j < 16; j += kLanes) {
    sink.put(first + j + 16, mul(d, lookup(codebook, high_nibbles(load_u8(qs + j)))));
  }
}

struct DecodeIQ4_NL {
  using Block = BlockIQ4_NL;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
    decode_codebook(block.qs, kIq4NlFloats.values, half(block.d), 0, sink);
  }
};

struct DecodeIQ4_XS {
  using Block = BlockIQ4_XS;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
    const float d = half(block.d);
    for (int group = 0; group < 8; ++group) {
      const float scale = d * static_cast<float>(iq4_xs_scale(block, group));
      decode_codebook(block.qs + group * 16, kIq4NlFloats.values, scale, group * 32, sink);
    }
  }
};

struct DecodeMXFP4 {
  using Block = BlockMXFP4;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
    decode_codebook(block.qs, kE2m1Floats.values, e8m0_half_to_float(block.e), 0, sink);
  }
};
