// Decoders of Q2_K .. Q6_K, and the choice of a decoder by type.
// Included by table.cpp after decode_legacy.h, inside its region and namespace.

inline void decode_q2_k(const BlockQ2_K& block, float* out) {
  const float d = half(block.d);
  const float dmin = half(block.dmin);
  const I32 three = broadcast_i32(3);
  for (int group = 0; group < 16; ++group) {
    const F32 scale = broadcast(d * static_cast<float>(block.scales[group] & 15));
    const F32 min = broadcast(dmin * static_cast<float>(block.scales[group] >> 4));
    const uint8_t* qs = block.qs + group / 8 * 32 + group % 2 * 16;
    const int shift = group % 8 / 2 * 2;
    for (int64_t l = 0; l < 16; l += kLanes) {
      const I32 q = and_i32(shift_right(load_u8(qs + l), shift), three);
      store(out + group * 16 + l, sub(mul(scale, to_f32(q)), min));
    }
  }
}

inline void decode_q3_k(const BlockQ3_K& block, float* out) {
  const float d = half(block.d);
  const std::array<int8_t, 16> scales = q3_k_scales(block.scales);
  const I32 three = broadcast_i32(3);
  const I32 four = broadcast_i32(4);
  for (int group = 0; group < 16; ++group) {
    const F32 scale = broadcast(d * static_cast<float>(scales[static_cast<size_t>(group)]));
    const uint8_t* qs = block.qs + group / 8 * 32 + group % 2 * 16;
    const uint8_t* hmask = block.hmask + group % 2 * 16;
    const int shift = group % 8 / 2 * 2;
    for (int64_t l = 0; l < 16; l += kLanes) {
      const I32 low = and_i32(shift_right(load_u8(qs + l), shift), three);
      const I32 high = and_i32(shift_left(shift_right(load_u8(hmask + l), group / 2), 2), four);
      store(out + group * 16 + l, mul(scale, to_f32(sub_i32(or_i32(low, high), four))));
    }
  }
}

inline void decode_q4_k(const BlockQ4_K& block, float* out) {
  const float d = half(block.d);
  const float dmin = half(block.dmin);
  for (int pair = 0; pair < 4; ++pair) {
    const ScaleMin low = k4_scale_min(block.scales, 2 * pair);
    const ScaleMin high = k4_scale_min(block.scales, 2 * pair + 1);
    const F32 low_scale = broadcast(d * static_cast<float>(low.scale));
    const F32 low_min = broadcast(dmin * static_cast<float>(low.min));
    const F32 high_scale = broadcast(d * static_cast<float>(high.scale));
    const F32 high_min = broadcast(dmin * static_cast<float>(high.min));
    for (int64_t l = 0; l < 32; l += kLanes) {
      const I32 bytes = load_u8(block.qs + pair * 32 + l);
      store(out + pair * 64 + l, sub(mul(low_scale, to_f32(low_nibbles(bytes))), low_min));
      store(out + pair * 64 + 32 + l, sub(mul(high_scale, to_f32(high_nibbles(bytes))), high_min));
    }
  }
}

inline void decode_q5_k(const BlockQ5_K& block, float* out) {
  const float d = half(block.d);
  const float dmin = half(block.dmin);
  const I32 sixteen = broadcast_i32(16);
  for (int group = 0; group < 8; ++group) {
    const ScaleMin packed = k4_scale_min(block.scales, group);
    const F32 scale = broadcast(d * static_cast<float>(packed.scale));
    const F32 min = broadcast(dmin * static_cast<float>(packed.min));
    const uint8_t* qs = block.qs + group / 2 * 32;
    const int shift = group % 2 * 4;
    for (int64_t l = 0; l < 32; l += kLanes) {
      const I32 low = low_nibbles(shift_right(load_u8(qs + l), shift));
      const I32 high = and_i32(shift_left(shift_right(load_u8(block.qh + l), group), 4), sixteen);
      store(out + group * 32 + l, sub(mul(scale, to_f32(or_i32(low, high))), min));
    }
  }
}

inline void decode_q6_k(const BlockQ6_K& block, float* out) {
  const float d = half(block.d);
  const I32 high_bits = broadcast_i32(0x30);
  const I32 offset = broadcast_i32(32);
  for (int group = 0; group < 16; ++group) {
    const F32 scale = broadcast(d * static_cast<float>(block.scales[group]));
    const int row = group % 8 / 2;  // the 32 values among the four rows of a half
    const uint8_t* ql = block.ql + group / 8 * 64 + row % 2 * 32 + group % 2 * 16;
    const uint8_t* qh = block.qh + group / 8 * 32 + group % 2 * 16;
    const int low_shift = row / 2 * 4;
    const int high_shift = row * 2;
    for (int64_t l = 0; l < 16; l += kLanes) {
      const I32 low = low_nibbles(shift_right(load_u8(ql + l), low_shift));
      const I32 high = and_i32(shift_left(shift_right(load_u8(qh + l), high_shift), 4), high_bits);
      store(out + group * 16 + l, mul(scale, to_f32(sub_i32(or_i32(low, high), offset))));
    }
  }
}

// The vector decoder of a type or, for the rarer ones, the scalar decoder.
DecodeRow decoder(DType type) {
  switch (type) {
    case DType::kF16:
      return decode_f16;
    case DType::kBF16:
      return decode_bf16;
    case DType::kQ4_0:
      return decode_blocks<BlockQ4_0, decode_q4_0>;
    case DType::kQ4_1:
      return decode_blocks<BlockQ4_1, decode_q4_1>;
    case DType::kQ5_0:
      return decode_blocks<BlockQ5_0, decode_q5_0>;
    case DType::kQ5_1:
      return decode_blocks<BlockQ5_1, decode_q5_1>;
    case DType::kQ8_0:
      return decode_blocks<BlockQ8_0, decode_q8_0>;
    case DType::kQ2_K:
      return decode_blocks<BlockQ2_K, decode_q2_k>;
    case DType::kQ3_K:
      return decode_blocks<BlockQ3_K, decode_q3_k>;
    case DType::kQ4_K:
      return decode_blocks<BlockQ4_K, decode_q4_k>;
    case DType::kQ5_K:
      return decode_blocks<BlockQ5_K, decode_q5_k>;
    case DType::kQ6_K:
      return decode_blocks<BlockQ6_K, decode_q6_k>;
    case DType::kIQ4_NL:
      return decode_blocks<BlockIQ4_NL, decode_iq4_nl>;
    case DType::kIQ4_XS:
      return decode_blocks<BlockIQ4_XS, decode_iq4_xs>;
    case DType::kMXFP4:
      return decode_blocks<BlockMXFP4, decode_mxfp4>;
    default:
      return quant_traits(type).dequantize_row;
  }
}
