// A read-only file in memory: mapped, so that a model starts without a copy and shares the page cache.
//
// A file that another process truncates while it is mapped would end this process with SIGBUS. The first mapping
// therefore installs a handler that, for addresses inside a MappedFile only, puts zero pages there and marks the
// file as damaged; every other SIGBUS goes to whoever handled it before. Callers ask damaged() after a unit of work
// and turn it into an error.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace ingot::core {

class MappedFile {
 public:
  // Opens a regular file (symbolic links are followed) without ever blocking on a FIFO or a device.
  // Errors: kIo and kInvalidInput, naming the path and what it is: missing, a directory, a FIFO, empty, unreadable.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  // True once the file was found shorter than it was when opened, or a page of it could not be read (the disk failed).
  // Costs one fstat; never becomes false again.
  bool damaged() const;
  // The process will hardly read these bytes again: their pages stop counting as its memory. They stay readable.
  void release(std::span<const std::byte> bytes) const;

 private:
  MappedFile() = default;
  std::string path_;
  std::span<const std::byte> bytes_;
  int descriptor_ = -1;  // stays open: a file that shrinks inside its last page raises no signal, fstat shows it
  int slot_ = -1;        // where the signal handler finds this mapping
};

}  // namespace ingot::core
