// One decoder a type, gathered by the table in quant_traits.cpp: n_values (a whole number of blocks) from unaligned
// bytes. Plain C++ that any CPU runs, in loops that a compiler can vectorise; any bytes are safe, and a scale that is
// not finite gives values that are not. The order of the float operations is part of the contract: results equal the
// PyPI package gguf's bit for bit, and every kernel is measured against them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ingot::core {

// dequantize_legacy.cpp
void dequantize_row_q4_0(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q4_1(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q5_0(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q5_1(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q8_0(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q8_1(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q1_0(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q2_0(const std::byte* blocks, float* out_values, int64_t n_values);

// dequantize_k_quants.cpp
void dequantize_row_q2_k(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q3_k(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q4_k(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q5_k(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q6_k(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_q8_k(const std::byte* blocks, float* out_values, int64_t n_values);

// dequantize_iq_quants.cpp
void dequantize_row_iq4_nl(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_iq4_xs(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_iq2_xxs(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_iq2_xs(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_iq2_s(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_iq3_xxs(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_iq3_s(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_iq1_s(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_iq1_m(const std::byte* blocks, float* out_values, int64_t n_values);

// dequantize_ternary.cpp
void dequantize_row_tq1_0(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_tq2_0(const std::byte* blocks, float* out_values, int64_t n_values);

// dequantize_mx.cpp
void dequantize_row_mxfp4(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_nvfp4(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_mxfp6_e2m3(const std::byte* blocks, float* out_values, int64_t n_values);
void dequantize_row_mxfp6_e3m2(const std::byte* blocks, float* out_values, int64_t n_values);

// dequantize_plain.cpp: numbers without blocks. Those that a float cannot hold round to nearest, ties to even.
void dequantize_row_f32(const std::byte* values, float* out_values, int64_t n_values);
void dequantize_row_f16(const std::byte* values, float* out_values, int64_t n_values);
void dequantize_row_bf16(const std::byte* values, float* out_values, int64_t n_values);
void dequantize_row_f64(const std::byte* values, float* out_values, int64_t n_values);
void dequantize_row_i8(const std::byte* values, float* out_values, int64_t n_values);
void dequantize_row_i16(const std::byte* values, float* out_values, int64_t n_values);
void dequantize_row_i32(const std::byte* values, float* out_values, int64_t n_values);
void dequantize_row_i64(const std::byte* values, float* out_values, int64_t n_values);

// Runs decode_block over the blocks of a row. The block is copied first: the compiler then knows that no store to
// out_values changes it, without which it does not vectorise at all at -O2.
template <typename Block, void (*decode_block)(const Block& block, float* out_values)>
inline void dequantize_blocks(const std::byte* bytes, float* out_values, int64_t n_values) {
  const auto* blocks = reinterpret_cast<const Block*>(bytes);
  for (int64_t block_idx = 0; block_idx < n_values / Block::kValues; ++block_idx) {
    const Block block = blocks[block_idx];
    decode_block(block, out_values + block_idx * Block::kValues);
  }
}

}  // namespace ingot::core
