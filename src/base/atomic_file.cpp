#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/temporary_file.h"

namespace ingot::core {
namespace {

Status failed(const std::string& path) {
  return fail(ErrorKind::kIo, "cannot write {}: {}", path, std::strerror(errno));
}

// A pipe or a device: there is nothing to put in its place.
Status write_through(const std::string& path, std::span<const std::byte> bytes) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return failed(path);
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const int reason = errno;
      ::close(descriptor);
      errno = reason;
      return failed(path);
    }
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return ::close(descriptor) == 0 ? Status() : failed(path);
}

}  // namespace

Status write_file_atomically(const std::string& path, std::span<const std::byte> bytes) {
  const std::string target = resolved_path(path);
  struct stat found {};
  const bool exists = ::stat(target.c_str(), &found) == 0;
  if (exists && !S_ISREG(found.st_mode)) return write_through(path, bytes);
  TemporaryFile file(target);
  constexpr mode_t kOwnerAlone = 0600;
  if (!file.is_open() || !file.set_permissions(exists ? found.st_mode & 07777 : kOwnerAlone) ||
      !file.write_all(bytes) || !file.finish() || !file.take_place_of(target)) {
    return failed(path);
  }
  sync_folder_of(target);
  return {};
}

}  // namespace ingot::core
