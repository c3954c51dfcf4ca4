// A GGUF model: one file or all files of a split, parsed and checked.
#pragma once

#include <array>
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
#include "gguf/metadata.h"
#include "tensor/quant_traits.h"

namespace ingot::core {

class MemoryBudget;

struct GgufTensor {
  std::string name;
  const QuantTraits* traits = nullptr;
  // GGUF's order: dims[0] is the contiguous one (columns), dims[1] the rows, dims[2] the experts. Unused ones are 1.
  std::array<int64_t, 4> dims{1, 1, 1, 1};
  int n_dims = 0;
  std::span<const std::byte> data;  // inside the mapped file; empty in a file whose tensor data were not opened
  std::shared_ptr<const MappedFile> file;
  int64_t n_values() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
};

class GgufFile {
 public:
  // Opens path and, if it is the first file of a split, the others beside it. Time and memory are linear in the size
  // of header and tensor table. Errors name the file, the key or tensor and what was expected (formats.md: loader
  // rules and the catalogue of malformed files); other formats (safetensors, zip, old GGML, ...) are named as such.
  static Result<GgufFile> open(const std::string& path);
  // The same from bytes in memory (one file, no split), for tests and fuzzing. bytes must outlive the result.
  static Result<GgufFile> parse(std::span<const std::byte> bytes, const std::string& name);

  uint32_t version() const { return version_; }
  const GgufMetadata& metadata() const { return metadata_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  const GgufTensor* find_tensor(std::string_view name) const;
  int64_t file_bytes() const { return file_bytes_; }  // of all files together
  // True once a page of a mapped file could not be read (see MappedFile).
  bool damaged() const;

 private:
  // Orders by_name_. Errors: two tensors of one name; not as many as expected, where that is known.
  Status index_tensors(std::optional<int64_t> n_expected);
  // Appends the other parts of the split whose first part this is.
  Status open_other_parts(const std::string& first_path, int64_t n_parts, MemoryBudget& budget);
  static Result<GgufFile> parse_part(std::span<const std::byte> bytes, std::shared_ptr<const MappedFile> file,
                                     MemoryBudget& budget);

  uint32_t version_ = 0;
  GgufMetadata metadata_;
  std::vector<GgufTensor> tensors_;
  std::vector<uint32_t> by_name_;  // positions in tensors_, in the order of their names
  std::vector<std::shared_ptr<const MappedFile>> files_;
  int64_t file_bytes_ = 0;
};

}  // namespace ingot::core
