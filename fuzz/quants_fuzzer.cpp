// Any bytes through any decoder: a block of foreign bytes may hold nonsense, never do harm.
//
// Input: one byte that picks the row of the table, then blocks, of which the whole ones are decoded from an odd
// address.
#include <cstdint>
#include <cstring>
#include <vector>

#include "tensor/quant_traits.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t n_bytes) {
  using namespace ingot::core;
  if (n_bytes < 1) return 0;
  const auto rows = all_quant_traits();
  const QuantTraits& traits = rows[data[0] % rows.size()];
  if (traits.dequantize_row == nullptr) return 0;
  const size_t n_blocks = (n_bytes - 1) / traits.block_bytes;
  if (n_blocks == 0) return 0;
  // Of exactly the size that is read and written, so that one byte too many is found.
  std::vector<std::byte> blocks(n_blocks * traits.block_bytes + 1);
  std::memcpy(blocks.data() + 1, data + 1, blocks.size() - 1);
  std::vector<float> values(n_blocks * traits.block_values);
  traits.dequantize_row(blocks.data() + 1, values.data(), static_cast<int64_t>(values.size()));
  return 0;
}
