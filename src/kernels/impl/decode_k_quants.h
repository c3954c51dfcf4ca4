// Decoders of Q2_K .. Q6_K.
// Included by table.cpp after decode_legacy.h, inside its region and namespace.

struct DecodeQ2_K {
  using Block = BlockQ2_K;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
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
        sink.put(group * 16 + l, sub(mul(scale, to_f32(q)), min));
      }
    }
  }
};

struct DecodeQ3_K {
  using Block = BlockQ3_K;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
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
        sink.put(group * 16 + l, mul(scale, to_f32(sub_i32(or_i32(low, high), four))));
      }
    }
  }
};

struct DecodeQ4_K {
  using Block = BlockQ4_K;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
    const float d = half(block.d);
    const float dmin = half(block.dmin);
    for (int pair = 0; pair < 4; ++pair) {
      const ScaleMin low = k4_scale_min(block.scales, 2 * pair);
      const ScaleMin high = k4_scale_min(block.scales, 2 * pair + 1);
      const F32 low_scale = broadcast(d * static_cast<float>(low.scale));
      const F32 low_min = broadcast(dmin * static_cast<float>(low.min));
      const F32 high_scale = broadcast(d * static_cast<float>(high.scale));
      const F32 high_min = broadcast(dmin * static_cast<float>(high.min));
      const uint8_t* qs = block.qs + pair * 32;
      for (int64_t l = 0; l < 32; l += kLanes) {
        sink.put(pair * 64 + l, sub(mul(low_scale, to_f32(low_nibbles(load_u8(qs + l)))), low_min));
      }
      for (int64_t l = 0; l < 32; l += kLanes) {
        sink.put(pair * 64 + 32 + l, sub(mul(high_scale, to_f32(high_nibbles(load_u8(qs + l)))), high_min));
      }
    }
  }
};

struct DecodeQ5_K {
  using Block = BlockQ5_K;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
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
        sink.put(group * 32 + l, sub(mul(scale, to_f32(or_i32(low, high))), min));
      }
    }
  }
};

struct DecodeQ6_K {
  using Block = BlockQ6_K;
  template <typename Sink>
  static void run(const Block& block, Sink& sink) {
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
        sink.put(group * 16 + l, mul(scale, to_f32(sub_i32(or_i32(low, high), offset))));
      }
    }
  }
};
