// Writes a GGUF file of version 3: header, metadata, tensor table, and the data of each tensor at a multiple of 32
// bytes. Data come in pieces, so that no tensor need fit the memory.
//
//   INGOT_ASSIGN(GgufWriter writer, GgufWriter::create(path, metadata, tensors));
//   for (...) INGOT_TRY(writer.write(bytes_of_the_next_piece));
//   INGOT_TRY(writer.finish());   // all is on the disk, under temporary_path()
//   INGOT_TRY(writer.commit());   // and under path
//
// Until commit() the bytes lie in a file beside path, which goes with the writer: path is never half-written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/temporary_file.h"
#include "gguf/metadata.h"
#include "tensor/dtype.h"

namespace ingot::core {

inline constexpr int64_t kGgufAlignment = 32;

struct GgufTensorHeader {
  std::string name;
  DType type = DType::kF32;
  std::vector<int64_t> dims;  // GGUF's order, the contiguous one first; 1 to 4 of them, each at least 1
  // Precondition: the first dimension is a whole number of blocks.
  int64_t n_bytes() const;
};

class GgufWriter {
 public:
  // Errors: the system's, with the path; a target that is no regular file.
  // Preconditions: as the fields of GgufTensorHeader say; names differ from each other.
  static Result<GgufWriter> create(const std::string& path, const GgufMetadata& metadata,
                                   std::span<const GgufTensorHeader> tensors);

  // The next bytes of the tensors, which follow each other in the order of the table; padding is not part of them.
  // Precondition: not more bytes than the tensors have, and none that reach from one tensor into the next.
  Status write(std::span<const std::byte> bytes);
  // Precondition: all bytes of all tensors were written.
  Status finish();
  // Precondition: finish() succeeded.
  Status commit();

  const std::string& temporary_path() const { return file_->path(); }
  int64_t file_bytes() const { return file_bytes_; }  // written so far

 private:
  Status write_raw(std::span<const std::byte> bytes);
  Status pad();

  std::string path_;    // as the caller wrote it, for messages
  std::string target_;  // where a symbolic link leads
  std::unique_ptr<TemporaryFile> file_;
  std::vector<int64_t> tensor_bytes_;
  size_t tensor_idx_ = 0;        // the one that write() fills
  int64_t bytes_in_tensor_ = 0;  // that it has already
  int64_t file_bytes_ = 0;
};

}  // namespace ingot::core
