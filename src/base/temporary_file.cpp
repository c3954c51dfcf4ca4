#include "base/temporary_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace ingot::core {

// Not mkstemp: that makes files which only their owner may read, whatever the umask allows.
TemporaryFile::TemporaryFile(const std::string& target) {
  constexpr int kMostTries = 100;
  static std::atomic<int> n_made = 0;
  for (int n = 0; n < kMostTries && descriptor_ < 0; ++n) {
    path_ = fmt::format("{}.{}-{}.tmp", target, getpid(), n_made++);
    descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) return;
  }
  is_there_ = descriptor_ >= 0;
}

TemporaryFile::~TemporaryFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (is_there_) unlink(path_.c_str());
}

bool TemporaryFile::set_permissions(mode_t permissions) {
  return fchmod(descriptor_, permissions) == 0;
}

bool TemporaryFile::write_all(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n_written = write(descriptor_, bytes.data(), bytes.size());
    if (n_written < 0 && errno == EINTR) continue;
    if (n_written <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(n_written));
  }
  return true;
}

bool TemporaryFile::finish() {
  return fsync(descriptor_) == 0 && close(std::exchange(descriptor_, -1)) == 0;
}

bool TemporaryFile::take_place_of(const std::string& path) {
  if (rename(path_.c_str(), path.c_str()) != 0) return false;
  is_there_ = false;
  return true;
}

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

std::string resolved_path(const std::string& path) {
  char* real = realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;
  std::string result = real;
  std::free(real);
  return result;
}

void sync_folder_of(const std::string& path) {
  const int folder = open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  fsync(folder);
  close(folder);
}

}  // namespace ingot::core
