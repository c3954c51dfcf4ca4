#include "engine/npy_writer.h"

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace ingot::core {

std::string npy_header(int64_t rows, int64_t cols) {
  // Format 1.0: magic, version, length of the description, which padding brings to a multiple of 64 with the rest.
  std::string description = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, cols);
  constexpr size_t kPreamble = 10;
  description.append(63 - (kPreamble + description.size()) % 64, ' ');
  description += '\n';
  std::string header = "\x93NUMPY";
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(description.size() & 0xFF);
  header += static_cast<char>(description.size() >> 8);
  header += description;
  return header;
}

Result<NpyWriter> NpyWriter::create(const std::string& path, int64_t rows, int64_t cols) {
  NpyWriter writer;
  writer.path_ = path;
  writer.left_ = static_cast<uint64_t>(rows) * static_cast<uint64_t>(cols);
  writer.file_.reset(std::fopen(path.c_str(), "wb"));
  if (!writer.file_) return fail(ErrorKind::kIo, "cannot write {}: {}", path, std::strerror(errno));
  const std::string header = npy_header(rows, cols);
  if (std::fwrite(header.data(), 1, header.size(), writer.file_.get()) != header.size()) {
    return fail(ErrorKind::kIo, "cannot write {}: {}", path, std::strerror(errno));
  }
  return writer;
}

Status NpyWriter::write(std::span<const float> values) {
  INGOT_CHECK(values.size() <= left_, "no more values than the header says");
  left_ -= values.size();
  if (std::fwrite(values.data(), sizeof(float), values.size(), file_.get()) == values.size()) return {};
  return fail(ErrorKind::kIo, "cannot write {}: {}", path_, std::strerror(errno));
}

Status NpyWriter::close() {
  INGOT_CHECK(left_ == 0, "as many values as the header says");
  if (std::fclose(file_.release()) == 0) return {};
  return fail(ErrorKind::kIo, "cannot write {}: {}", path_, std::strerror(errno));
}

}  // namespace ingot::core
