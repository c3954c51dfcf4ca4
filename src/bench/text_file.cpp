#include "bench/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <span>
#include <system_error>

#include "base/temporary_file.h"
#include "base/utf8.h"

namespace ingot::core {
namespace {

constexpr int64_t kMostBytes = int64_t{256} << 20;

std::string shown(const std::string& path) {
  return printable(path, 4096);
}

tl::unexpected<Error> system_error(const std::string& path, const char* what, int number) {
  return fail(ErrorKind::kIo, "{}: cannot {}: {}", shown(path), what, std::generic_category().message(number));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

}  // namespace

Result<std::string> read_text_file(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return system_error(path, "open", errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return system_error(path, "read", errno);
  if (!S_ISREG(status.st_mode)) return invalid("{}: is no regular file", shown(path));
  std::string text;
  while (static_cast<int64_t>(text.size()) <= kMostBytes) {
    constexpr size_t kStep = size_t{1} << 16;
    const size_t n_before = text.size();
    text.resize(n_before + kStep);
    const ssize_t n_read = read(file.get(), text.data() + n_before, kStep);
    text.resize(n_before + static_cast<size_t>(n_read > 0 ? n_read : 0));
    if (n_read < 0 && errno == EINTR) continue;
    if (n_read < 0) return system_error(path, "read", errno);
    if (n_read == 0) return text;
  }
  return invalid("{}: has more than {} MiB, expected a text file", shown(path), kMostBytes >> 20);
}

Status replace_text_file(const std::string& path, std::string_view text) {
  const std::string target = resolved_path(path);
  struct stat status {};
  const bool is_there = stat(target.c_str(), &status) == 0;
  if (is_there && !S_ISREG(status.st_mode)) {
    return invalid("{}: is no regular file, nothing can be written in its place", shown(path));
  }
  if (is_there && access(target.c_str(), W_OK) != 0) return system_error(path, "write", errno);
  TemporaryFile file(target);
  if (!file.is_open()) return system_error(path, "write", errno);
  if (is_there && !file.set_permissions(status.st_mode & 07777)) return system_error(path, "write", errno);
  if (!file.write_all(std::as_bytes(std::span(text))) || !file.finish()) return system_error(path, "write", errno);
  if (!file.take_place_of(target)) return system_error(path, "write", errno);
  sync_folder_of(target);
  return {};
}

Status edit_text_file(const std::string& path,
                      const std::function<Result<std::string>(std::string_view existing)>& edit) {
  // The folder is what is locked: the file itself is another one after each rename. Where locks do not exist (some
  // network file systems), the edit goes on without.
  const Descriptor folder(open(folder_of(resolved_path(path)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) flock(folder.get(), LOCK_EX);
  std::string existing;
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) {
    INGOT_ASSIGN(existing, read_text_file(path));
  }
  INGOT_ASSIGN(const std::string text, edit(existing));
  return replace_text_file(path, text);
}

}  // namespace ingot::core
