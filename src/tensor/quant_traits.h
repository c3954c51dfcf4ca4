// Everything that is particular to one tensor type, in one row of one table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "tensor/dtype.h"

namespace ingot::core {

struct QuantTraits {
  DType type;
  const char* name;       // as GGUF spells it
  uint32_t block_values;  // values that one block holds; a row is a whole number of blocks
  uint32_t block_bytes;
  // Decodes n_values (a multiple of block_values) from unaligned blocks; plain code, the oracle of all kernels.
  // Null for a type that ingot knows but does not decode; refusal then says why.
  void (*dequantize_row)(const std::byte* blocks, float* out_values, int64_t n_values);
  const char* refusal;
};

// The rows in the order of their ids.
std::span<const QuantTraits> all_quant_traits();

// The row of a type that ingot knows. Precondition: type is one of the enumerators.
const QuantTraits& quant_traits(DType type);

// The row of an id found in a file. Errors name the id and the reason: removed from GGUF (with the name the type
// had), of ik_llama.cpp, or unknown. A row without a decoder is not an error here.
Result<const QuantTraits*> find_quant_traits(uint32_t gguf_id);

// Bytes of a row of n_values. Precondition: n_values is a multiple of block_values.
inline int64_t row_bytes(const QuantTraits& traits, int64_t n_values) {
  return n_values / traits.block_values * traits.block_bytes;
}

}  // namespace ingot::core
