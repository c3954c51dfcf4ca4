#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace ingot::core {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  // False with errno set, also for late errors of writing.
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

bool write_all(int descriptor, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return true;
}

Status failed(const std::string& path) {
  return fail(ErrorKind::kIo, "cannot write {}: {}", path, std::strerror(errno));
}

}  // namespace

Status write_file_atomically(const std::string& path, std::span<const std::byte> bytes) {
  struct stat found {};
  const bool exists = ::stat(path.c_str(), &found) == 0;
  if (exists && !S_ISREG(found.st_mode)) {
    Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (file.number() < 0 || !write_all(file.number(), bytes) || !file.close()) return failed(path);
    return {};
  }
  std::string unfinished = path + ".XXXXXX";
  Descriptor file(::mkostemp(unfinished.data(), O_CLOEXEC));
  if (file.number() < 0) return failed(path);
  const auto give_up = [&] {
    const int reason = errno;
    ::unlink(unfinished.c_str());
    errno = reason;
    return failed(path);
  };
  if (exists && ::fchmod(file.number(), found.st_mode & 07777) != 0) return give_up();
  if (!write_all(file.number(), bytes) || ::fsync(file.number()) != 0 || !file.close()) return give_up();
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) return give_up();
  return {};
}

}  // namespace ingot::core
