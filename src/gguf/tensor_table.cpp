#include "gguf/tensor_table.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr size_t kMaxNameBytes = 63;      // what GGML has room for
constexpr uint64_t kEntryOverhead = 256;  // tensor, offset, its place in the index, and the heap part of its name
constexpr uint64_t kMaxPadding = 65'536;  // zeros beyond the alignment: some writers align to pages

uint64_t align_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

Result<std::string_view> read_name(ByteReader& reader) {
  INGOT_ASSIGN(const std::string_view name, reader.read_string("a tensor's name"));
  if (name.empty()) return invalid("the name is empty");
  if (name.size() > kMaxNameBytes) {
    return invalid("the name {} is {} bytes long, expected at most {}", printable(name), name.size(), kMaxNameBytes);
  }
  if (name.find('\0') != std::string_view::npos) return invalid("the name {} holds a NUL", printable(name));
  if (!is_utf8(name)) return invalid("the name {} is not UTF-8", printable(name));
  return name;
}

// Sets dims and n_dims; afterwards n_values() fits int64.
Status read_shape(ByteReader& reader, GgufTensor& out_tensor) {
  INGOT_ASSIGN(const uint32_t n_dims, reader.read<uint32_t>("a tensor's number of dimensions"));
  if (n_dims < 1 || n_dims > out_tensor.dims.size()) {
    return invalid("has {} dimensions, expected 1 to {}", n_dims, out_tensor.dims.size());
  }
  out_tensor.n_dims = static_cast<int>(n_dims);
  int64_t n_values = 1;
  for (uint32_t axis = 0; axis < n_dims; ++axis) {
    INGOT_ASSIGN(const int64_t dim, reader.read<int64_t>("a tensor's dimensions"));
    if (dim < 1) return invalid("dimension {} is {}, expected at least 1", axis, dim);
    if (__builtin_mul_overflow(n_values, dim, &n_values)) return invalid("the product of its dimensions overflows");
    out_tensor.dims[axis] = dim;
  }
  return {};
}

Status read_tensor_type(ByteReader& reader, GgufTensor& out_tensor) {
  INGOT_ASSIGN(const uint32_t type_id, reader.read<uint32_t>("a tensor's type"));
  INGOT_ASSIGN(out_tensor.traits, find_quant_traits(type_id));
  const QuantTraits& traits = *out_tensor.traits;
  if (out_tensor.dims[0] % traits.block_values != 0) {
    return invalid("a row has {} values, expected a multiple of {} for {}", out_tensor.dims[0], traits.block_values,
                   traits.name);
  }
  const int64_t n_blocks = out_tensor.n_values() / traits.block_values;
  if (n_blocks > std::numeric_limits<int64_t>::max() / traits.block_bytes) return invalid("its size overflows");
  return {};
}

int64_t data_bytes(const GgufTensor& tensor) {
  return tensor.n_values() / tensor.traits->block_values * tensor.traits->block_bytes;
}

Status read_entry(ByteReader& reader, GgufTensor& out_tensor, uint64_t& out_offset) {
  INGOT_TRY(read_shape(reader, out_tensor));
  INGOT_TRY(read_tensor_type(reader, out_tensor));
  INGOT_ASSIGN(out_offset, reader.read<uint64_t>("a tensor's offset"));
  return {};
}

Status place_tensor(uint64_t offset, std::span<const std::byte> section, uint64_t alignment, GgufTensor& out_tensor) {
  const auto n_bytes = static_cast<uint64_t>(data_bytes(out_tensor));
  if (offset % alignment != 0) {
    return invalid("tensor {}: offset {} is not a multiple of the alignment {}", printable(out_tensor.name), offset,
                   alignment);
  }
  if (offset > section.size() || n_bytes > section.size() - offset) {
    return invalid("tensor {}: {} bytes at offset {} reach beyond the {} bytes of tensor data in the file",
                   printable(out_tensor.name), n_bytes, offset, section.size());
  }
  out_tensor.data = section.subspan(static_cast<size_t>(offset), static_cast<size_t>(n_bytes));
  return {};
}

// True where bytes begin to end of the section are padding. A reason to read them arises only in odd files.
bool is_padding(std::span<const std::byte> section, uint64_t begin, uint64_t end, uint64_t alignment) {
  const uint64_t aligned = align_up(begin, alignment);
  if (end <= aligned) return true;
  if (end - aligned > kMaxPadding) return false;
  const auto gap = section.subspan(static_cast<size_t>(aligned), static_cast<size_t>(end - aligned));
  return std::all_of(gap.begin(), gap.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

Result<TensorTable> read_tensor_table(ByteReader& reader, int64_t n_tensors, MemoryBudget& budget) {
  INGOT_TRY(budget.take(static_cast<uint64_t>(n_tensors), kEntryOverhead));
  TensorTable table;
  table.tensors.resize(static_cast<size_t>(n_tensors));
  table.offsets.resize(static_cast<size_t>(n_tensors));
  for (size_t entry = 0; entry < table.tensors.size(); ++entry) {
    GgufTensor& tensor = table.tensors[entry];
    auto name = read_name(reader);
    if (!name) return tl::unexpected(name.error().context(fmt::format("tensor {} of {}", entry + 1, n_tensors)));
    tensor.name = *name;
    Status status = read_entry(reader, tensor, table.offsets[entry]);
    if (!status) return tl::unexpected(status.error().context(fmt::format("tensor {}", printable(tensor.name))));
  }
  return table;
}

Status place_tensors(const std::vector<uint64_t>& offsets, std::span<const std::byte> section, uint64_t alignment,
                     std::vector<GgufTensor>& in_out_tensors) {
  for (size_t entry = 0; entry < in_out_tensors.size(); ++entry) {
    INGOT_TRY(place_tensor(offsets[entry], section, alignment, in_out_tensors[entry]));
  }
  std::vector<uint32_t> by_offset(in_out_tensors.size());
  std::iota(by_offset.begin(), by_offset.end(), 0u);
  std::sort(by_offset.begin(), by_offset.end(),
            [&offsets](uint32_t left, uint32_t right) { return offsets[left] < offsets[right]; });
  uint64_t end = 0;
  const GgufTensor* previous = nullptr;
  for (const uint32_t entry : by_offset) {
    const GgufTensor& tensor = in_out_tensors[entry];
    if (offsets[entry] < end) {
      return invalid("tensor {}: overlaps tensor {}", printable(tensor.name), printable(previous->name));
    }
    if (!is_padding(section, end, offsets[entry], alignment)) {
      return invalid("tensor {}: the {} bytes before its offset {} belong to no tensor", printable(tensor.name),
                     offsets[entry] - end, offsets[entry]);
    }
    end = offsets[entry] + tensor.data.size();
    previous = &tensor;
  }
  if (is_padding(section, end, section.size(), alignment)) return {};
  if (previous == nullptr) return invalid("the table lists no tensor, but {} bytes of data follow", section.size());
  return invalid("the {} bytes after the last tensor, {}, belong to no tensor", section.size() - end,
                 printable(previous->name));
}

}  // namespace ingot::core
