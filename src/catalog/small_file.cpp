#include "catalog/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ingot::core {
namespace {

class Descriptor {
 public:
  // O_NONBLOCK: to open a FIFO would wait for its writer.
  explicit Descriptor(const std::string& path) : value_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int value() const { return value_; }

 private:
  int value_;
};

}  // namespace

Result<std::string> read_small_file(const std::string& path, int64_t max_bytes) {
  const Descriptor file(path);
  struct stat found {};
  if (file.value() < 0 || ::fstat(file.value(), &found) != 0) return fail(ErrorKind::kIo, "{}", std::strerror(errno));
  if (!S_ISREG(found.st_mode)) return fail(ErrorKind::kIo, "is no regular file");
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t n_bytes = ::read(file.value(), buffer.data(), buffer.size());
    if (n_bytes == 0) return text;
    if (n_bytes < 0 && errno != EINTR) return fail(ErrorKind::kIo, "{}", std::strerror(errno));
    if (n_bytes > 0) text.append(buffer.data(), static_cast<size_t>(n_bytes));
    if (static_cast<int64_t>(text.size()) > max_bytes) return invalid("is larger than {} bytes", max_bytes);
  }
}

}  // namespace ingot::core
