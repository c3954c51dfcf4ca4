// A file beside its target until it takes the target's place, and gone if it does not: readers and crashes see the old
// file or the new one, never half of one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>

namespace ingot::core {

class TemporaryFile {
 public:
  // Creates TARGET.PID-N.tmp with the permissions that the umask gives; is_open() and errno tell whether it worked.
  explicit TemporaryFile(const std::string& target);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  const std::string& path() const { return path_; }

  // These give false with errno set where the system refused.
  bool set_permissions(mode_t permissions);
  bool write_all(std::span<const std::byte> bytes);
  // Forces the bytes to the disk and closes: late errors of the disk show here.
  bool finish();
  // Precondition: finish() succeeded.
  bool take_place_of(const std::string& path);

 private:
  std::string path_;
  int descriptor_ = -1;
  bool is_there_ = false;
};

// The folder in which path lies, "." for a bare name.
std::string folder_of(const std::string& path);
// Where a symbolic link leads; a path that is not there stays as it is.
std::string resolved_path(const std::string& path);
// After a rename: on the disk once the folder is. A folder that cannot be synced is no reason to fail.
void sync_folder_of(const std::string& path);

}  // namespace ingot::core
