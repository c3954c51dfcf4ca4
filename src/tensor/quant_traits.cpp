#include "tensor/quant_traits.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"
#include "tensor/dequantize.h"
#include "tensor/quant_blocks.h"

namespace ingot::core {
namespace {

using DequantizeRow = void (*)(const std::byte* blocks, float* out_values, int64_t n_values);

template <typename Block>
constexpr QuantTraits block_row(DType type, const char* name, DequantizeRow dequantize_row) {
  return {type, name, Block::kValues, sizeof(Block), dequantize_row, /*refusal=*/nullptr};
}

constexpr QuantTraits plain_row(DType type, const char* name, uint32_t value_bytes, DequantizeRow dequantize_row) {
  return {type, name, /*block_values=*/1, value_bytes, dequantize_row, /*refusal=*/nullptr};
}

constexpr std::array kRows = {
    plain_row(DType::kF32, "F32", 4, dequantize_row_f32),
    plain_row(DType::kF16, "F16", 2, dequantize_row_f16),
    block_row<BlockQ4_0>(DType::kQ4_0, "Q4_0", dequantize_row_q4_0),
    block_row<BlockQ4_1>(DType::kQ4_1, "Q4_1", dequantize_row_q4_1),
    block_row<BlockQ5_0>(DType::kQ5_0, "Q5_0", dequantize_row_q5_0),
    block_row<BlockQ5_1>(DType::kQ5_1, "Q5_1", dequantize_row_q5_1),
    block_row<BlockQ8_0>(DType::kQ8_0, "Q8_0", dequantize_row_q8_0),
    block_row<BlockQ8_1>(DType::kQ8_1, "Q8_1", dequantize_row_q8_1),
    block_row<BlockQ2_K>(DType::kQ2_K, "Q2_K", dequantize_row_q2_k),
    block_row<BlockQ3_K>(DType::kQ3_K, "Q3_K", dequantize_row_q3_k),
    block_row<BlockQ4_K>(DType::kQ4_K, "Q4_K", dequantize_row_q4_k),
    block_row<BlockQ5_K>(DType::kQ5_K, "Q5_K", dequantize_row_q5_k),
    block_row<BlockQ6_K>(DType::kQ6_K, "Q6_K", dequantize_row_q6_k),
    block_row<BlockQ8_K>(DType::kQ8_K, "Q8_K", dequantize_row_q8_k),
    block_row<BlockIQ2_XXS>(DType::kIQ2_XXS, "IQ2_XXS", dequantize_row_iq2_xxs),
    block_row<BlockIQ2_XS>(DType::kIQ2_XS, "IQ2_XS", dequantize_row_iq2_xs),
    block_row<BlockIQ3_XXS>(DType::kIQ3_XXS, "IQ3_XXS", dequantize_row_iq3_xxs),
    block_row<BlockIQ1_S>(DType::kIQ1_S, "IQ1_S", dequantize_row_iq1_s),
    block_row<BlockIQ4_NL>(DType::kIQ4_NL, "IQ4_NL", dequantize_row_iq4_nl),
    block_row<BlockIQ3_S>(DType::kIQ3_S, "IQ3_S", dequantize_row_iq3_s),
    block_row<BlockIQ2_S>(DType::kIQ2_S, "IQ2_S", dequantize_row_iq2_s),
    block_row<BlockIQ4_XS>(DType::kIQ4_XS, "IQ4_XS", dequantize_row_iq4_xs),
    plain_row(DType::kI8, "I8", 1, dequantize_row_i8),
    plain_row(DType::kI16, "I16", 2, dequantize_row_i16),
    plain_row(DType::kI32, "I32", 4, dequantize_row_i32),
    plain_row(DType::kI64, "I64", 8, dequantize_row_i64),
    plain_row(DType::kF64, "F64", 8, dequantize_row_f64),
    block_row<BlockIQ1_M>(DType::kIQ1_M, "IQ1_M", dequantize_row_iq1_m),
    plain_row(DType::kBF16, "BF16", 2, dequantize_row_bf16),
    block_row<BlockTQ1_0>(DType::kTQ1_0, "TQ1_0", dequantize_row_tq1_0),
    block_row<BlockTQ2_0>(DType::kTQ2_0, "TQ2_0", dequantize_row_tq2_0),
    block_row<BlockMXFP4>(DType::kMXFP4, "MXFP4", dequantize_row_mxfp4),
    block_row<BlockNVFP4>(DType::kNVFP4, "NVFP4", dequantize_row_nvfp4),
    block_row<BlockQ1_0>(DType::kQ1_0, "Q1_0", dequantize_row_q1_0),
    block_row<BlockQ2_0>(DType::kQ2_0, "Q2_0", dequantize_row_q2_0),
    block_row<BlockMXFP6>(DType::kMXFP6_E2M3, "MXFP6_E2M3", dequantize_row_mxfp6_e2m3),
    block_row<BlockMXFP6>(DType::kMXFP6_E3M2, "MXFP6_E3M2", dequantize_row_mxfp6_e3m2),
};

constexpr bool comes_before(const QuantTraits& row, uint32_t id) {
  return static_cast<uint32_t>(row.type) < id;
}

static_assert(std::is_sorted(kRows.begin(), kRows.end(),
                             [](const QuantTraits& a, const QuantTraits& b) {
                               return comes_before(a, static_cast<uint32_t>(b.type));
                             }),
              "the search below needs the rows in the order of their ids");

const QuantTraits* row_of(uint32_t id) {
  const auto* row = std::lower_bound(kRows.data(), kRows.data() + kRows.size(), id, comes_before);
  return row != kRows.data() + kRows.size() && static_cast<uint32_t>(row->type) == id ? row : nullptr;
}

// What GGUF once had: 4 and 5 went before files of version 3; the others were weights repacked for one CPU, which
// llama.cpp now does itself at load.
struct RemovedType {
  uint32_t id;
  std::string_view name;
  std::string_view advice;
};

constexpr std::string_view kOldAdvice = "convert the model again";
constexpr std::string_view kQ4RepackedAdvice = "use the Q4_0 file of the model";
constexpr std::string_view kIq4RepackedAdvice = "use the IQ4_NL file of the model";
constexpr RemovedType kRemoved[] = {
    {4, "Q4_2", kOldAdvice},
    {5, "Q4_3", kOldAdvice},
    {31, "Q4_0_4_4", kQ4RepackedAdvice},
    {32, "Q4_0_4_8", kQ4RepackedAdvice},
    {33, "Q4_0_8_8", kQ4RepackedAdvice},
    {36, "IQ4_NL_4_4", kIq4RepackedAdvice},
    {37, "IQ4_NL_4_8", kIq4RepackedAdvice},
    {38, "IQ4_NL_8_8", kIq4RepackedAdvice},
};

constexpr bool belongs_to_ik_llama(uint32_t id) {
  return (id >= 97 && id <= 158) || (id >= 200 && id <= 399);
}

}  // namespace

std::span<const QuantTraits> all_quant_traits() {
  return kRows;
}

const QuantTraits& quant_traits(DType type) {
  const QuantTraits* row = row_of(static_cast<uint32_t>(type));
  INGOT_CHECK(row != nullptr, "every DType has a row");
  return *row;
}

Result<const QuantTraits*> find_quant_traits(uint32_t gguf_id) {
  if (const QuantTraits* row = row_of(gguf_id)) return row;
  for (const RemovedType& removed : kRemoved) {
    if (removed.id != gguf_id) continue;
    return fail(ErrorKind::kUnsupported, "tensor type {} ({}) was removed from GGUF; {}", gguf_id, removed.name,
                removed.advice);
  }
  if (belongs_to_ik_llama(gguf_id)) {
    return fail(
        ErrorKind::kUnsupported,
        "tensor type {} belongs to ik_llama.cpp (ids 97-158 and 200-399), whose own formats ingot does not read",
        gguf_id);
  }
  return fail(ErrorKind::kUnsupported, "tensor type {} is unknown; GGUF's own go up to {}", gguf_id,
              static_cast<uint32_t>(DType::kQ2_0));
}

}  // namespace ingot::core
