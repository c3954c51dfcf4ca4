#include "cli/streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/exit_codes.h"

namespace ingot::cli {
namespace {

constexpr int kSilenceMs = 1000;

Error read_error(const std::string& name) {
  return {ErrorCode::kIo, fmt::format("cannot read {}: {}", name, std::strerror(errno))};
}

// to_say: said once when nothing has come for a second.
Expected<std::string> read_descriptor(int descriptor, const std::string& name, const char* to_say) {
  std::string text;
  std::array<char, 65536> buffer;
  if (to_say != nullptr) {
    pollfd waiting = {descriptor, POLLIN, 0};
    if (poll(&waiting, 1, kSilenceMs) == 0) say(to_say);
  }
  while (true) {
    const ssize_t n_bytes = read(descriptor, buffer.data(), buffer.size());
    if (n_bytes == 0) return text;
    if (n_bytes > 0) {
      text.append(buffer.data(), static_cast<size_t>(n_bytes));
    } else if (errno != EINTR) {
      return read_error(name);
    }
  }
}

bool stdin_may_precede_text() {
  struct stat status {};
  return fstat(STDIN_FILENO, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode));
}

}  // namespace

bool ResultStream::write(std::string_view text) {
  while (!text.empty() && error_ == 0) {
    const ssize_t n_bytes = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n_bytes >= 0) {
      text.remove_prefix(static_cast<size_t>(n_bytes));
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  return error_ == 0;
}

int ResultStream::exit_code() const {
  if (error_ == 0 || error_ == EPIPE) return kDone;
  return report_error(fmt::format("cannot write to standard output: {}", std::strerror(error_)));
}

int write_result(std::string_view text) {
  ResultStream stream;
  stream.write(text);
  return stream.exit_code();
}

int report_error(std::string_view message) {
  fmt::print(stderr, "ingot: error: {}\n", message);
  return kFailed;
}

void say(std::string_view message) {
  fmt::print(stderr, "ingot: {}\n", message);
}

bool stdout_is_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}
bool stderr_is_terminal() {
  return isatty(STDERR_FILENO) == 1;
}
bool stdin_is_terminal() {
  return isatty(STDIN_FILENO) == 1;
}

int stdout_columns() {
  winsize window{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 ? window.ws_col : 0;
}

Status check_writable(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  if (::access(path.c_str(), W_OK) == 0 || (errno == ENOENT && ::access(folder.c_str(), W_OK | X_OK) == 0)) {
    return std::monostate();
  }
  return Error{ErrorCode::kIo, fmt::format("cannot write {}: {}", path, std::strerror(errno))};
}

Expected<std::string> read_stdin() {
  return read_descriptor(STDIN_FILENO, "standard input",
                         "waiting for the end of standard input (</dev/null gives none)");
}

Expected<std::string> read_file(const std::string& path) {
  if (path == "-") return read_stdin();
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return read_error(path);
  Expected<std::string> text = read_descriptor(descriptor, path, nullptr);
  close(descriptor);
  return text;
}

Expected<std::string> read_prompt(const PromptParts& parts) {
  std::string prompt;
  bool stdin_read = false;
  const auto append = [&prompt](Expected<std::string> text) -> Status {
    if (!text) return text.error();
    prompt += *text;
    return ok();
  };
  for (const std::string& file : parts.files) {
    if (file == "-" && stdin_read) continue;
    stdin_read = stdin_read || file == "-";
    if (Status status = append(read_file(file)); !status) return status.error();
  }
  const bool nothing_given = parts.files.empty() && !parts.given_text;
  if (!stdin_read && ((nothing_given && !stdin_is_terminal()) || (parts.given_text && stdin_may_precede_text()))) {
    if (Status status = append(read_stdin()); !status) return status.error();
  }
  if (nothing_given && prompt.empty()) {
    return Error{ErrorCode::kUnsupported, "no prompt: give -p TEXT, -f FILE, or write one to standard input"};
  }
  return prompt + parts.text;
}

}  // namespace ingot::cli
