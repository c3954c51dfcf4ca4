// A safetensors file, checked: 8 bytes with the length of a header (little-endian), the header as JSON, then the data.
//
//   {"__metadata__": {"format": "pt"},
//    "model.norm.weight": {"dtype": "BF16", "shape": [4096], "data_offsets": [0, 8192]}, ...}
//
// Offsets count from the header's end. The format's own rules are held to: tensors neither overlap nor leave holes,
// and the last one ends where the file does, so that a file which was cut short or pasted together shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"
#include "tensor/dtype.h"

namespace ingot::core {

// The types whose size is a whole number of bytes. Only floats of 16 and 32 bits can be read; the others may lie in a
// file that is otherwise of use (buffers of indices).
struct SafetensorsType {
  std::string_view name;
  int64_t n_bytes;
  std::optional<DType> readable;
};

struct SafetensorsTensor {
  std::string name;
  const SafetensorsType* type = nullptr;
  std::vector<int64_t> shape;  // PyTorch's order, the contiguous dimension last; empty for a single value
  std::span<const std::byte> data;
  int64_t n_values() const;
};

class SafetensorsFile {
 public:
  // Errors name the file, the tensor and what was expected. Time and memory are linear in the size of the header.
  static Result<SafetensorsFile> open(const std::string& path);
  // The same from bytes in memory, for tests and fuzzing. bytes must outlive the result.
  static Result<SafetensorsFile> parse(std::span<const std::byte> bytes, const std::string& name);

  const std::vector<SafetensorsTensor>& tensors() const { return tensors_; }  // in the order of their data
  // True once a page of the file could not be read (see MappedFile).
  bool damaged() const { return file_ != nullptr && file_->damaged(); }

 private:
  std::vector<SafetensorsTensor> tensors_;
  std::shared_ptr<const MappedFile> file_;
};

}  // namespace ingot::core
