// The blocks of every quantised type, byte for byte as they lie in a file, each layout drawn once.
//
// All numbers are little-endian and nothing is aligned: every struct is made of bytes (alignof is 1), so a pointer to
// any address of a mapped file may be read as a pointer to blocks. Drawings give byte offsets; value i of a block is
// y[i]; q are the unsigned numbers in the packed bits; d, m, dmin are halves unless said. Layouts are those of
// llama.cpp's ggml-common.h; MXFP6 is the Open Compute Project's Microscaling Formats v1.0 in a packing of our own.
// What the packed scales inside K-quants and the codebooks mean stands in quant_scales.h and quant_codebooks.h.
#pragma once

#include <cstdint>

namespace ingot::core {

struct Le16 {
  uint8_t bytes[2];
  constexpr uint16_t bits() const { return static_cast<uint16_t>(bytes[0] | (bytes[1] << 8)); }
};

struct Le32 {
  uint8_t bytes[4];
  constexpr uint32_t bits() const {
    return bytes[0] | (static_cast<uint32_t>(bytes[1]) << 8) | (static_cast<uint32_t>(bytes[2]) << 16) |
           (static_cast<uint32_t>(bytes[3]) << 24);
  }
};

// ---- Legacy: 32 values, one scale. Byte j of qs holds value j in its low and value j + 16 in its high nibble. ----

// | 0 d | 2 qs |   y = d * (q - 8)
struct BlockQ4_0 {
  static constexpr int kValues = 32;
  Le16 d;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ4_0) == 18 && alignof(BlockQ4_0) == 1, "Q4_0 is 18 bytes");

// | 0 d | 2 m | 4 qs |   y = d * q + m
struct BlockQ4_1 {
  static constexpr int kValues = 32;
  Le16 d;
  Le16 m;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ4_1) == 20 && alignof(BlockQ4_1) == 1, "Q4_1 is 20 bytes");

// | 0 d | 2 qh | 6 qs |   y = d * (q - 16); bit i of qh is bit 4 of q of value i
struct BlockQ5_0 {
  static constexpr int kValues = 32;
  Le16 d;
  Le32 qh;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ5_0) == 22 && alignof(BlockQ5_0) == 1, "Q5_0 is 22 bytes");

// | 0 d | 2 m | 4 qh | 8 qs |   y = d * q + m; qh as in Q5_0
struct BlockQ5_1 {
  static constexpr int kValues = 32;
  Le16 d;
  Le16 m;
  Le32 qh;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ5_1) == 24 && alignof(BlockQ5_1) == 1, "Q5_1 is 24 bytes");

// | 0 d | 2 qs |   y = d * qs
struct BlockQ8_0 {
  static constexpr int kValues = 32;
  Le16 d;
  int8_t qs[32];
};
static_assert(sizeof(BlockQ8_0) == 34 && alignof(BlockQ8_0) == 1, "Q8_0 is 34 bytes");

// | 0 d | 2 s | 4 qs |   y = d * qs; s = d * sum(qs), for products only. An activation's format: no known file has it.
struct BlockQ8_1 {
  static constexpr int kValues = 32;
  Le16 d;
  Le16 s;
  int8_t qs[32];
};
static_assert(sizeof(BlockQ8_1) == 36 && alignof(BlockQ8_1) == 1, "Q8_1 is 36 bytes");

// ---- One bit and two bits with one scale: byte j of qs holds the next 8 (or 4) values, lowest bits first. ----

// | 0 d | 2 qs |   y = bit ? d : -d
struct BlockQ1_0 {
  static constexpr int kValues = 128;
  Le16 d;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ1_0) == 18 && alignof(BlockQ1_0) == 1, "Q1_0 is 18 bytes");

// | 0 d | 2 qs |   y = d * (q - 1). llama.cpp's own; a fork writes blocks of 128 values in 34 bytes under the same id.
struct BlockQ2_0 {
  static constexpr int kValues = 64;
  Le16 d;
  uint8_t qs[16];
};
static_assert(sizeof(BlockQ2_0) == 18 && alignof(BlockQ2_0) == 1, "Q2_0 is 18 bytes");

// ---- K-quants: 256 values; scales of small groups are integers, scaled in turn by d (and their minima by dmin). ----

// | 0 scales | 16 qs | 80 d | 82 dmin |   y = d * (scale & 15) * q - dmin * (scale >> 4), groups of 16.
// Each half of 128 values has 32 bytes of qs: value l + 32 * s of the half is bits 2s, 2s+1 of byte l.
struct BlockQ2_K {
  static constexpr int kValues = 256;
  uint8_t scales[16];
  uint8_t qs[64];
  Le16 d;
  Le16 dmin;
};
static_assert(sizeof(BlockQ2_K) == 84 && alignof(BlockQ2_K) == 1, "Q2_K is 84 bytes");

// | 0 hmask | 32 qs | 96 scales | 108 d |   y = d * scale * (q - (high bit ? 0 : 4)), groups of 16, scales 6 bits - 32.
// qs as in Q2_K; the high bit of value l + 32 * s of the whole block is bit s of hmask[l].
struct BlockQ3_K {
  static constexpr int kValues = 256;
  uint8_t hmask[32];
  uint8_t qs[64];
  uint8_t scales[12];
  Le16 d;
};
static_assert(sizeof(BlockQ3_K) == 110 && alignof(BlockQ3_K) == 1, "Q3_K is 110 bytes");

// | 0 d | 2 dmin | 4 scales | 16 qs |   y = d * scale * q - dmin * min, groups of 32.
// Each 64 values have 32 bytes of qs: value l in the low nibble of byte l, value l + 32 in its high one.
struct BlockQ4_K {
  static constexpr int kValues = 256;
  Le16 d;
  Le16 dmin;
  uint8_t scales[12];
  uint8_t qs[128];
};
static_assert(sizeof(BlockQ4_K) == 144 && alignof(BlockQ4_K) == 1, "Q4_K is 144 bytes");

// | 0 d | 2 dmin | 4 scales | 16 qh | 48 qs |   as Q4_K; bit 4 of q of value l + 32 * g of the block is bit g of qh[l]
struct BlockQ5_K {
  static constexpr int kValues = 256;
  Le16 d;
  Le16 dmin;
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t qs[128];
};
static_assert(sizeof(BlockQ5_K) == 176 && alignof(BlockQ5_K) == 1, "Q5_K is 176 bytes");

// | 0 ql | 128 qh | 192 scales | 208 d |   y = d * scale * (q - 32), groups of 16.
// Each half of 128 values has 64 bytes of ql and 32 of qh: value l + 32 * s (l < 32) has its low four bits in
// ql[l + 32 * (s & 1)], low nibble for s < 2, high nibble after, and its high two bits in bits 2s, 2s+1 of qh[l].
struct BlockQ6_K {
  static constexpr int kValues = 256;
  uint8_t ql[128];
  uint8_t qh[64];
  int8_t scales[16];
  Le16 d;
};
static_assert(sizeof(BlockQ6_K) == 210 && alignof(BlockQ6_K) == 1, "Q6_K is 210 bytes");

// | 0 d (f32) | 4 qs | 260 bsums (i16) |   y = d * qs; bsums = sums of 16, for products only. As Q8_1, not in files.
struct BlockQ8_K {
  static constexpr int kValues = 256;
  Le32 d;
  int8_t qs[256];
  Le16 bsums[16];
};
static_assert(sizeof(BlockQ8_K) == 292 && alignof(BlockQ8_K) == 1, "Q8_K is 292 bytes");

// ---- IQ: groups of 8 (or 4) values are entries of a grid of chosen vectors, with signs beside them. ----

// | 0 d | 2 groups |   256 values in 8 groups of 32; a group is two words: four grid indices of 8 bits, then
// | 31..28 scale | 27..21 | 20..14 | 13..7 | 6..0 | four sign indices.   y = d * (scale + 0.5) / 4 * grid * sign
struct BlockIQ2_XXS {
  static constexpr int kValues = 256;
  Le16 d;
  struct {
    uint8_t grid[4];
    Le32 scale_and_signs;
  } groups[8];
};
static_assert(sizeof(BlockIQ2_XXS) == 66 && alignof(BlockIQ2_XXS) == 1, "IQ2_XXS is 66 bytes");

// | 0 d | 2 qs | 66 scales |   qs[k] of values 8k..8k+7: | 15..9 sign index | 8..0 grid index |; scales: a nibble for
// 16 values, low first.   y as IQ2_XXS
struct BlockIQ2_XS {
  static constexpr int kValues = 256;
  Le16 d;
  Le16 qs[32];
  uint8_t scales[8];
};
static_assert(sizeof(BlockIQ2_XS) == 74 && alignof(BlockIQ2_XS) == 1, "IQ2_XS is 74 bytes");

// | 0 d | 2 qs | 34 signs | 66 qh | 74 scales |   grid index of values 8k..8k+7: qs[k] and bits 2(k%4), 2(k%4)+1 of
// qh[k/4] above it; bit i of signs[k] negates value 8k+i; scales as IQ2_XS.
struct BlockIQ2_S {
  static constexpr int kValues = 256;
  Le16 d;
  uint8_t qs[32];
  uint8_t signs[32];
  uint8_t qh[8];
  uint8_t scales[8];
};
static_assert(sizeof(BlockIQ2_S) == 82 && alignof(BlockIQ2_S) == 1, "IQ2_S is 82 bytes");

// | 0 d | 2 qs | 66 scale_and_signs |   qs[k]: grid index of values 4k..4k+3; a word for 32 values as in IQ2_XXS.
// y = d * (scale + 0.5) / 2 * grid * sign
struct BlockIQ3_XXS {
  static constexpr int kValues = 256;
  Le16 d;
  uint8_t qs[64];
  Le32 scale_and_signs[8];
};
static_assert(sizeof(BlockIQ3_XXS) == 98 && alignof(BlockIQ3_XXS) == 1, "IQ3_XXS is 98 bytes");

// | 0 d | 2 qs | 66 qh | 74 signs | 106 scales |   grid index of values 4k..4k+3: qs[k] and bit k%8 of qh[k/8] above
// it; signs as IQ2_S; scales: a nibble for 32 values, low first.   y = d * (2 * scale + 1) * grid * sign
struct BlockIQ3_S {
  static constexpr int kValues = 256;
  Le16 d;
  uint8_t qs[64];
  uint8_t qh[8];
  uint8_t signs[32];
  uint8_t scales[4];
};
static_assert(sizeof(BlockIQ3_S) == 110 && alignof(BlockIQ3_S) == 1, "IQ3_S is 110 bytes");

// | 0 d | 2 qs | 34 qh |   qh[g] of values 32g..32g+31: | 15 delta < 0 | 14..12 scale | 11..9 | 8..6 | 5..3 | 2..0 |
// the high bits of the four grid indices, whose low eight are qs[4g..4g+3].   y = d * (2 * scale + 1) * (grid +- 1/8)
struct BlockIQ1_S {
  static constexpr int kValues = 256;
  Le16 d;
  uint8_t qs[32];
  Le16 qh[8];
};
static_assert(sizeof(BlockIQ1_S) == 50 && alignof(BlockIQ1_S) == 1, "IQ1_S is 50 bytes");

// | 0 qs | 32 qh | 48 scales |   grid index of values 8k..8k+7: qs[k] and three bits of nibble k of qh (low nibble
// first), whose fourth bit makes delta negative. scales[w] holds four scales of three bits, each for 16 values; their
// upper four bits joined, w = 0 lowest, are the half d.   y as IQ1_S
struct BlockIQ1_M {
  static constexpr int kValues = 256;
  uint8_t qs[32];
  uint8_t qh[16];
  Le16 scales[4];
};
static_assert(sizeof(BlockIQ1_M) == 56 && alignof(BlockIQ1_M) == 1, "IQ1_M is 56 bytes");

// | 0 d | 2 qs |   y = d * codebook[q]; nibbles as Q4_0
struct BlockIQ4_NL {
  static constexpr int kValues = 32;
  Le16 d;
  uint8_t qs[16];
};
static_assert(sizeof(BlockIQ4_NL) == 18 && alignof(BlockIQ4_NL) == 1, "IQ4_NL is 18 bytes");

// | 0 d | 2 scales_h | 4 scales_l | 8 qs |   y = d * (scale - 32) * codebook[q]; eight groups of 32, each with 16 bytes
// of qs laid out as Q4_0; scale of group g: nibble g of scales_l (low first), bits 2g, 2g+1 of scales_h above it.
struct BlockIQ4_XS {
  static constexpr int kValues = 256;
  Le16 d;
  Le16 scales_h;
  uint8_t scales_l[4];
  uint8_t qs[128];
};
static_assert(sizeof(BlockIQ4_XS) == 136 && alignof(BlockIQ4_XS) == 1, "IQ4_XS is 136 bytes");

// ---- Ternary: -1, 0, 1 ----

// | 0 qs | 48 qh | 52 d |   y = d * (digit - 1). A byte is a base-3 fraction of 256 with five digits (four in qh):
// digit n of byte b is (b * 3^n mod 256) * 3 / 256. Value l + 32 * n is digit n of qs[l], l < 32; value 160 + l + 16 *
// n that of qs[32 + l], l < 16; value 240 + l + 4 * n that of qh[l].
struct BlockTQ1_0 {
  static constexpr int kValues = 256;
  uint8_t qs[48];
  uint8_t qh[4];
  Le16 d;
};
static_assert(sizeof(BlockTQ1_0) == 54 && alignof(BlockTQ1_0) == 1, "TQ1_0 is 54 bytes");

// | 0 qs | 64 d |   y = d * (q - 1); qs as Q2_K
struct BlockTQ2_0 {
  static constexpr int kValues = 256;
  uint8_t qs[64];
  Le16 d;
};
static_assert(sizeof(BlockTQ2_0) == 66 && alignof(BlockTQ2_0) == 1, "TQ2_0 is 66 bytes");

// ---- Microscaling: small floats under a shared power of two (MX) or a shared small float (NV) ----

// | 0 e | 1 qs |   y = 2^(e - 127) * E2M1[q]; nibbles as Q4_0. E8M0 scale; ggml gives e = 255 no NaN but 2^128.
struct BlockMXFP4 {
  static constexpr int kValues = 32;
  uint8_t e;
  uint8_t qs[16];
};
static_assert(sizeof(BlockMXFP4) == 17 && alignof(BlockMXFP4) == 1, "MXFP4 is 17 bytes");

// | 0 d | 4 qs |   y = d[g] * E2M1[q], four groups of 16, each with 8 bytes of qs: value j in the low nibble of byte j,
// value j + 8 in its high one. Scales are unsigned E4M3.
struct BlockNVFP4 {
  static constexpr int kValues = 64;
  uint8_t d[4];
  uint8_t qs[32];
};
static_assert(sizeof(BlockNVFP4) == 36 && alignof(BlockNVFP4) == 1, "NVFP4 is 36 bytes");

// | 0 e | 1 qs |   y = 2^(e - 127) * element; element i is bits 6i .. 6i+5 of qs as one little-endian number. Both
// MXFP6_E2M3 and MXFP6_E3M2; e = 255 is NaN, as the standard says.
struct BlockMXFP6 {
  static constexpr int kValues = 32;
  uint8_t e;
  uint8_t qs[24];
};
static_assert(sizeof(BlockMXFP6) == 25 && alignof(BlockMXFP6) == 1, "MXFP6 is 25 bytes");

}  // namespace ingot::core
