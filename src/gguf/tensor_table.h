// The tensor table of a GGUF file: names, shapes, types, and where in the data section each tensor lies.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "gguf/byte_reader.h"
#include "gguf/reader.h"

namespace ingot::core {

// The least that one entry can take: a name of one byte and one dimension.
inline constexpr uint64_t kMinTensorEntryBytes = 8 + 1 + 4 + 8 + 4 + 8;

struct TensorTable {
  std::vector<GgufTensor> tensors;  // without their data
  std::vector<uint64_t> offsets;    // of each, in the data section
};

// Reads n_tensors entries from where reader stands. Precondition: n_tensors is not negative, and n_tensors *
// kMinTensorEntryBytes at most reader.remaining().
Result<TensorTable> read_tensor_table(ByteReader& reader, int64_t n_tensors, MemoryBudget& budget);

// Gives each tensor its part of the data section (the rest of the file from the aligned end of the table on), and
// checks that parts are aligned, inside the section, apart, and that nothing but padding is left between and after
// them: bytes that belong to no tensor mean that a type, a shape or the count of tensors is not what it was.
Status place_tensors(const std::vector<uint64_t>& offsets, std::span<const std::byte> section, uint64_t alignment,
                     std::vector<GgufTensor>& in_out_tensors);

}  // namespace ingot::core
