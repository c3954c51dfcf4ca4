// How the words of a panel become weights: for every type, its codes and the numbers that scale them.
//
//   weight = scale * (code - kOffset) + minimum,   codes are unsigned numbers of kCodeBits, a byte each
//
// codes(block, quad, part): the codes of values 4 quad .. 4 quad + 3 of a block, a word for each of the kLanes weight
// rows [part * kLanes, ...) of the panel. Scales come a vector of rows at a time too: what belongs to the block as a
// whole first, then a group of kGroup values. Offsets within a block are those of panel_blocks.h.
// Included by table.cpp after simd.h, inside its region and namespace.

constexpr int64_t kPanelParts = kPanelRows / kLanes;

INGOT_ALWAYS_INLINE I32 panel_line(const std::byte* block, int64_t offset, int64_t part) {
  return load_i32(block + offset + part * kLanes * 4);
}
INGOT_ALWAYS_INLINE I32 each_byte(uint8_t value) {
  return broadcast_i32(static_cast<int32_t>(0x01010101u * value));
}
// Bits [from, from + width) of every byte, moved to bits [to, to + width).
INGOT_ALWAYS_INLINE I32 move_bits(I32 words, int from, int to, int width) {
  const I32 shifted = from == to ? words : from > to ? shift_right(words, from - to) : shift_left(words, to - from);
  return and_i32(shifted, each_byte(static_cast<uint8_t>(((1 << width) - 1) << to)));
}
INGOT_ALWAYS_INLINE I32 low_of_bytes(I32 words) {
  return move_bits(words, 0, 0, 4);
}
INGOT_ALWAYS_INLINE I32 high_of_bytes(I32 words) {
  return move_bits(words, 4, 0, 4);
}
// 16 bytes: values 0..15 are the low nibbles, values 16..31 the high ones. line: of the block, by the word.
template <typename Panel, int kFirstLine = 0>
INGOT_ALWAYS_INLINE I32 legacy_nibbles(const std::byte* block, int quad, int64_t part) {
  const I32 words = panel_line(block, Panel::line(kFirstLine + quad % 4), part);
  return quad < 4 ? low_of_bytes(words) : high_of_bytes(words);
}

// The kLanes rows of a part, of 16 halves or bytes side by side.
inline F32 panel_half(const std::byte* block, int64_t offset, int64_t part) {
  return load_f16(block + offset + part * kLanes * 2);
}
inline I32 panel_bytes(const std::byte* block, int64_t offset, int64_t part) {
  return load_u8(reinterpret_cast<const uint8_t*>(block) + offset + part * kLanes);
}
inline F32 panel_u8(const std::byte* block, int64_t offset, int64_t part) {
  return to_f32(panel_bytes(block, offset, part));
}
inline F32 panel_i8(const std::byte* block, int64_t offset, int64_t part) {
  return to_f32(load_i8(reinterpret_cast<const int8_t*>(block) + offset + part * kLanes));
}

// ---- 32 values, one scale, perhaps a minimum ----

template <int32_t kCodeOffset>
struct PanelOneScale {
  static constexpr int64_t kBlock = 32;
  static constexpr int64_t kGroup = 32;
  static constexpr int32_t kOffset = kCodeOffset;
  static constexpr bool kHasMin = false;
  F32 d;
  static PanelOneScale load(const std::byte* block, int64_t part) { return {panel_half(block, 0, part)}; }
  F32 scale(const std::byte*, int64_t, int64_t) const { return d; }
};
struct PanelScaleAndMin {
  static constexpr int64_t kBlock = 32;
  static constexpr int64_t kGroup = 32;
  static constexpr int32_t kOffset = 0;
  static constexpr bool kHasMin = true;
  F32 d;
  F32 m;
  static PanelScaleAndMin load(const std::byte* block, int64_t part) {
    return {panel_half(block, 0, part), panel_half(block, kPanelHalfBytes, part)};
  }
  F32 scale(const std::byte*, int64_t, int64_t) const { return d; }
  F32 minimum(const std::byte*, int64_t, int64_t) const { return m; }
};

struct PanelQ4_0 {
  using Block = PanelBlockQ4_0;
  static constexpr int kCodeBits = 4;
  using Scales = PanelOneScale<8>;
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    return legacy_nibbles<Block>(block, quad, part);
  }
};
struct PanelQ4_1 {
  using Block = PanelBlockQ4_1;
  static constexpr int kCodeBits = 4;
  using Scales = PanelScaleAndMin;
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    return legacy_nibbles<Block>(block, quad, part);
  }
};
// Line 0 has the fifth bits: bit i of byte b is that of value 4i + b.
template <typename Panel>
INGOT_ALWAYS_INLINE I32 legacy_five_bits(const std::byte* block, int quad, int64_t part) {
  return or_i32(legacy_nibbles<Panel, 1>(block, quad, part),
                move_bits(panel_line(block, Panel::line(0), part), quad, 4, 1));
}
struct PanelQ5_0 {
  using Block = PanelBlockQ5_0;
  static constexpr int kCodeBits = 5;
  using Scales = PanelOneScale<16>;
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    return legacy_five_bits<Block>(block, quad, part);
  }
};
struct PanelQ5_1 {
  using Block = PanelBlockQ5_1;
  static constexpr int kCodeBits = 5;
  using Scales = PanelScaleAndMin;
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    return legacy_five_bits<Block>(block, quad, part);
  }
};
struct PanelQ8_0 {
  using Block = PanelBlockQ8_0;
  static constexpr int kCodeBits = 8;
  using Scales = PanelOneScale<128>;
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    return panel_line(block, Block::line(quad), part);
  }
};
struct PanelIQ4_NL {
  using Block = PanelBlockQ4_0;
  static constexpr int kCodeBits = 8;
  using Scales = PanelOneScale<128>;
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    return lookup_bytes(kIq4NlCodes.bytes, legacy_nibbles<Block>(block, quad, part));
  }
};
struct PanelMXFP4 {
  using Block = PanelBlockMXFP4;
  static constexpr int kCodeBits = 5;
  struct Scales {
    static constexpr int64_t kBlock = 32;
    static constexpr int64_t kGroup = 32;
    static constexpr int32_t kOffset = kE2m1CodeOffset;
    static constexpr bool kHasMin = false;
    F32 d;
    // e8m0_half_to_float: 2^(e - 128), also where that is subnormal.
    static Scales load(const std::byte* block, int64_t part) {
      const I32 e = panel_bytes(block, 0, part);
      const F32 normal = as_f32(shift_left(sub_i32(max_i32(e, broadcast_i32(1)), broadcast_i32(1)), 23));
      const F32 tiny = select_less(to_f32(e), broadcast(0.5f), broadcast(0x1p-128f), broadcast(0x1p-127f));
      return {select_less(to_f32(e), broadcast(1.5f), tiny, normal)};
    }
    F32 scale(const std::byte*, int64_t, int64_t) const { return d; }
  };
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    return lookup_bytes(kE2m1Codes.bytes, legacy_nibbles<Block>(block, quad, part));
  }
};

// ---- 256 values; scales of groups are integers, scaled in turn ----

// Signed bytes for groups of kGroupValues.
template <typename Panel, int64_t kGroupValues, int32_t kCodeOffset>
struct PanelSignedScales {
  static constexpr int64_t kBlock = 256;
  static constexpr int64_t kGroup = kGroupValues;
  static constexpr int32_t kOffset = kCodeOffset;
  static constexpr bool kHasMin = false;
  F32 d;
  static PanelSignedScales load(const std::byte* block, int64_t part) { return {panel_half(block, 0, part)}; }
  F32 scale(const std::byte* block, int64_t group, int64_t part) const {
    return mul(d, panel_i8(block, Panel::scale(group), part));
  }
};
template <typename Panel>
struct PanelSixBitScales {
  static constexpr int64_t kBlock = 256;
  static constexpr int64_t kGroup = 32;
  static constexpr int32_t kOffset = 0;
  static constexpr bool kHasMin = true;
  F32 d;
  F32 minus_dmin;
  static PanelSixBitScales load(const std::byte* block, int64_t part) {
    return {panel_half(block, 0, part), sub(zero(), panel_half(block, kPanelHalfBytes, part))};
  }
  F32 scale(const std::byte* block, int64_t group, int64_t part) const {
    return mul(d, panel_u8(block, Panel::scale(group), part));
  }
  F32 minimum(const std::byte* block, int64_t group, int64_t part) const {
    return mul(minus_dmin, panel_u8(block, Panel::min(group), part));
  }
};

// A quad of a K-quant: words lie in runs of 32 values (8 quads), four runs to a half of 128 values.
struct PanelQuad {
  int half, run, word;
  explicit constexpr PanelQuad(int quad) : half(quad / 32), run(quad / 8 % 4), word(quad % 8) {}
};

struct PanelQ2_K {
  using Block = PanelBlockQ2_K;
  static constexpr int kCodeBits = 2;
  // A byte for each 16 values: the scale in its low, the minimum in its high nibble.
  struct Scales {
    static constexpr int64_t kBlock = 256;
    static constexpr int64_t kGroup = 16;
    static constexpr int32_t kOffset = 0;
    static constexpr bool kHasMin = true;
    F32 d;
    F32 minus_dmin;
    static Scales load(const std::byte* block, int64_t part) {
      return {panel_half(block, 0, part), sub(zero(), panel_half(block, kPanelHalfBytes, part))};
    }
    F32 scale(const std::byte* block, int64_t group, int64_t part) const {
      return mul(d, to_f32(and_i32(panel_bytes(block, Block::scale(group), part), broadcast_i32(15))));
    }
    F32 minimum(const std::byte* block, int64_t group, int64_t part) const {
      return mul(minus_dmin, to_f32(shift_right(panel_bytes(block, Block::scale(group), part), 4)));
    }
  };
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    const PanelQuad q(quad);
    return move_bits(panel_line(block, Block::quants(q.half * 8 + q.word), part), 2 * q.run, 0, 2);
  }
};
struct PanelQ3_K {
  using Block = PanelBlockQ3_K;
  static constexpr int kCodeBits = 3;
  using Scales = PanelSignedScales<Block, 16, 4>;
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    const PanelQuad q(quad);
    return or_i32(move_bits(panel_line(block, Block::quants(q.half * 8 + q.word), part), 2 * q.run, 0, 2),
                  move_bits(panel_line(block, Block::mask(q.word), part), 4 * q.half + q.run, 2, 1));
  }
};
// Groups 2p and 2p + 1 are the low and the high nibbles of the same 32 bytes.
template <typename Panel>
INGOT_ALWAYS_INLINE I32 k_nibbles(const std::byte* block, int quad, int64_t part) {
  const I32 words = panel_line(block, Panel::quants(quad / 16 * 8 + quad % 8), part);
  return quad / 8 % 2 == 0 ? low_of_bytes(words) : high_of_bytes(words);
}
struct PanelQ4_K {
  using Block = PanelBlockQ4_K;
  static constexpr int kCodeBits = 4;
  using Scales = PanelSixBitScales<Block>;
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    return k_nibbles<Block>(block, quad, part);
  }
};
struct PanelQ5_K {
  using Block = PanelBlockQ5_K;
  static constexpr int kCodeBits = 5;
  using Scales = PanelSixBitScales<Block>;
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    return or_i32(k_nibbles<Block>(block, quad, part),
                  move_bits(panel_line(block, Block::high(quad % 8), part), quad / 8, 4, 1));
  }
};
struct PanelQ6_K {
  using Block = PanelBlockQ6_K;
  static constexpr int kCodeBits = 6;
  using Scales = PanelSignedScales<Block, 16, 32>;
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    const PanelQuad q(quad);
    const I32 low = panel_line(block, Block::low(q.half * 16 + q.run % 2 * 8 + q.word), part);
    const I32 high = panel_line(block, Block::high(q.half * 8 + q.word), part);
    return or_i32(q.run < 2 ? low_of_bytes(low) : high_of_bytes(low), move_bits(high, 2 * q.run, 4, 2));
  }
};
struct PanelIQ4_XS {
  using Block = PanelBlockIQ4_XS;
  static constexpr int kCodeBits = 8;
  using Scales = PanelSignedScales<Block, 32, 128>;
  static INGOT_ALWAYS_INLINE I32 codes(const std::byte* block, int quad, int64_t part) {
    const I32 words = panel_line(block, Block::quants(quad / 8 * 4 + quad % 4), part);
    return lookup_bytes(kIq4NlCodes.bytes, quad % 8 < 4 ? low_of_bytes(words) : high_of_bytes(words));
  }
};

// ---- Ahead of what is unpacked ----

// While weights are unpacked from memory the processor's own prefetchers stand still: their loads come in bursts, few
// between many stores, and a prompt of a few tokens waits for the memory and then for the arithmetic. A line with
// each quad, some blocks ahead and into the second-level cache, takes a fifth off such a prompt (Zen 4, measured); into
// the first-level cache, or a block's lines at once, makes it slower.
constexpr int64_t kPrefetchBytes = 8192;

template <typename Format>
INGOT_ALWAYS_INLINE void prefetch_ahead(const std::byte* block, int quad) {
  constexpr int64_t kQuads = Format::Scales::kBlock / 4;
  constexpr int64_t kLines = (Format::Block::n_bytes() + kPanelLineBytes - 1) / kPanelLineBytes;
  for (int64_t line = quad * kLines / kQuads; line < (quad + 1) * kLines / kQuads; ++line) {
    prefetch_second_level(block + kPrefetchBytes + line * kPanelLineBytes);
  }
}

// ---- Without blocks: 16 values of one column and then 16 of the next ----

inline F32 load_floats(const float* p) {
  return load(p);
}
struct PanelF32 {
  static constexpr int64_t kBytes = 4;
  static F32 load(const std::byte* p) { return load_floats(reinterpret_cast<const float*>(p)); }
};
struct PanelF16 {
  static constexpr int64_t kBytes = 2;
  static F32 load(const std::byte* p) { return load_f16(p); }
};
struct PanelBF16 {
  static constexpr int64_t kBytes = 2;
  static F32 load(const std::byte* p) { return as_f32(shift_left(load_u16(p), 16)); }
};

// Columns [first_col, first_col + n_cols) of a panel, in some form, from out on; first_col is a multiple of the block.
using UnpackPanel = void (*)(const std::byte* panel, int64_t first_col, int64_t n_cols, std::byte* out);
