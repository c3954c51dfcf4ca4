#include "convert/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "base/utf8.h"
#include "convert/safetensors_header.h"

namespace ingot::core {
namespace {

constexpr uint64_t kMostHeaderBytes = 100'000'000;  // the format's own bound
constexpr size_t kLengthBytes = 8;

constexpr std::array kTypes = {
    SafetensorsType{"F32", 4, DType::kF32},
    SafetensorsType{"F16", 2, DType::kF16},
    SafetensorsType{"BF16", 2, DType::kBF16},
    SafetensorsType{"F64", 8, {}},
    SafetensorsType{"BOOL", 1, {}},
    SafetensorsType{"U8", 1, {}},
    SafetensorsType{"I8", 1, {}},
    SafetensorsType{"U16", 2, {}},
    SafetensorsType{"I16", 2, {}},
    SafetensorsType{"U32", 4, {}},
    SafetensorsType{"I32", 4, {}},
    SafetensorsType{"U64", 8, {}},
    SafetensorsType{"I64", 8, {}},
    SafetensorsType{"F8_E4M3", 1, {}},
    SafetensorsType{"F8_E5M2", 1, {}},
    SafetensorsType{"F8_E8M0", 1, {}},
    SafetensorsType{"C64", 8, {}},
};

// Empty where the product does not fit.
std::optional<int64_t> checked_product(std::span<const int64_t> factors, int64_t last) {
  int64_t product = last;
  for (const int64_t factor : factors) {
    if (__builtin_mul_overflow(product, factor, &product)) return std::nullopt;
  }
  return product;
}

Result<SafetensorsTensor> place_tensor(SafetensorsEntry entry, std::span<const std::byte> section) {
  const std::string name = printable(entry.name);
  const auto type = std::ranges::find(kTypes, std::string_view(entry.type), &SafetensorsType::name);
  if (type == kTypes.end()) {
    return fail(ErrorKind::kUnsupported, "tensor {} is of the type {}, which ingot does not know", name,
                printable(entry.type));
  }
  if (entry.data_offsets.size() != 2) {
    return invalid("tensor {} has {} data_offsets, expected begin and end", name, entry.data_offsets.size());
  }
  const auto n_bytes = checked_product(entry.shape, type->n_bytes);
  if (!n_bytes) return invalid("tensor {}: its shape is beyond 63 bits", name);
  const int64_t begin = entry.data_offsets[0];
  const int64_t end = entry.data_offsets[1];
  if (begin > end || end > static_cast<int64_t>(section.size())) {
    return invalid("tensor {} lies at {} to {}, but the file has {} bytes of data", name, begin, end, section.size());
  }
  if (end - begin != *n_bytes) {
    return invalid("tensor {} has {} bytes, but its shape and type make {}", name, end - begin, *n_bytes);
  }
  SafetensorsTensor tensor;
  tensor.name = std::move(entry.name);
  tensor.type = &*type;
  tensor.shape = std::move(entry.shape);
  tensor.data = section.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  return tensor;
}

// Precondition: sorted by where they begin.
Status check_neighbours(std::span<const SafetensorsTensor> tensors, std::span<const std::byte> section) {
  const std::byte* expected = section.data();
  for (size_t tensor_idx = 0; tensor_idx < tensors.size(); ++tensor_idx) {
    const SafetensorsTensor& tensor = tensors[tensor_idx];
    if (tensor.data.data() < expected) {
      return invalid("the tensors {} and {} overlap", printable(tensors[tensor_idx - 1].name), printable(tensor.name));
    }
    if (tensor.data.data() > expected) {
      return invalid("{} bytes before tensor {} belong to no tensor", tensor.data.data() - expected,
                     printable(tensor.name));
    }
    expected = tensor.data.data() + tensor.data.size();
  }
  const std::byte* end = section.data() + section.size();
  if (expected != end) return invalid("the last {} bytes of the file belong to no tensor", end - expected);
  return {};
}

Result<std::vector<SafetensorsTensor>> read_tensors(std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes) {
    return invalid("the file has {} bytes, expected at least {} of a safetensors file", bytes.size(), kLengthBytes);
  }
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), kLengthBytes);
  const auto rest = bytes.subspan(kLengthBytes);
  if (header_bytes > kMostHeaderBytes) {
    return invalid("the first 8 bytes claim a header of {} bytes, at most {} are possible: is it a safetensors file?",
                   header_bytes, kMostHeaderBytes);
  }
  if (header_bytes > rest.size()) {
    return invalid("the header claims {} bytes, but only {} are left in the file", header_bytes, rest.size());
  }
  const std::string_view header(reinterpret_cast<const char*>(rest.data()), static_cast<size_t>(header_bytes));
  INGOT_ASSIGN(std::vector<SafetensorsEntry> entries, read_safetensors_header(header));
  const auto section = rest.subspan(header.size());
  std::vector<SafetensorsTensor> tensors;
  tensors.reserve(entries.size());
  for (SafetensorsEntry& entry : entries) {
    INGOT_ASSIGN(SafetensorsTensor tensor, place_tensor(std::move(entry), section));
    tensors.push_back(std::move(tensor));
  }
  // Tensors without values begin where others do, and come before them.
  std::ranges::sort(tensors, [](const SafetensorsTensor& a, const SafetensorsTensor& b) {
    return std::pair(a.data.data(), a.data.size()) < std::pair(b.data.data(), b.data.size());
  });
  INGOT_TRY(check_neighbours(tensors, section));
  return tensors;
}

}  // namespace

int64_t SafetensorsTensor::n_values() const {
  return static_cast<int64_t>(data.size()) / type->n_bytes;
}

Result<SafetensorsFile> SafetensorsFile::parse(std::span<const std::byte> bytes, const std::string& name) {
  auto tensors = read_tensors(bytes);
  if (!tensors) return tl::unexpected(tensors.error().context(printable(name, 4096)));
  SafetensorsFile file;
  file.tensors_ = std::move(*tensors);
  return file;
}

Result<SafetensorsFile> SafetensorsFile::open(const std::string& path) {
  INGOT_ASSIGN(auto mapped, MappedFile::open(path));
  INGOT_ASSIGN(SafetensorsFile file, parse(mapped->bytes(), path));
  file.file_ = std::move(mapped);
  if (file.damaged()) {
    return fail(ErrorKind::kIo, "{}: the file changed while it was read", printable(path, 4096));
  }
  return file;
}

}  // namespace ingot::core
