#include "bench/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): unistd.h has it only with GNU's extensions

namespace ingot::core {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLook{20};                                   // between two looks at the token and the time limit
constexpr milliseconds kGrace{500};                                 // between SIGTERM and SIGKILL
constexpr milliseconds kPipesHeldOpen{50};                          // by a child that outlives the shell
constexpr std::array kReset = {SIGPIPE, SIGINT, SIGQUIT, SIGTERM};  // what a command expects to end it

std::string system_message(int code) {
  return std::generic_category().message(code);
}

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  int number() const { return number_; }
  bool open() const { return number_ >= 0; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor read_end;  // does not block
  Descriptor write_end;
};

// Neither end is 0, 1 or 2, even where this program was started without them: the child's are put there.
Result<Descriptor> above_standard(Descriptor descriptor) {
  if (descriptor.number() > STDERR_FILENO) return descriptor;
  Descriptor moved(fcntl(descriptor.number(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!moved.open()) return fail(ErrorKind::kIo, "no descriptor for a pipe: {}", system_message(errno));
  return moved;
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail(ErrorKind::kIo, "cannot make a pipe: {}", system_message(errno));
  Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  Pipe pipe;
  INGOT_ASSIGN(pipe.read_end, above_standard(std::move(read_end)));
  INGOT_ASSIGN(pipe.write_end, above_standard(std::move(write_end)));
  fcntl(pipe.read_end.number(), F_SETFL, O_NONBLOCK);
  return pipe;
}

// What was read from one pipe, of which the last keep_bytes stay.
class Capture {
 public:
  Capture(Descriptor from, size_t keep_bytes) : from_(std::move(from)), keep_bytes_(keep_bytes) {}

  int descriptor() const { return from_.number(); }
  bool open() const { return from_.open(); }

  // Reads what is there, at most so much that a command which never stops writing cannot hold the caller here.
  void drain() {
    std::array<char, 65536> block;
    for (int n_blocks = 0; open() && n_blocks < 64; ++n_blocks) {
      const ssize_t n_read = read(from_.number(), block.data(), block.size());
      if (n_read < 0 && errno == EINTR) continue;
      if (n_read < 0 && errno == EAGAIN) return;
      if (n_read <= 0) return from_.close();
      n_bytes_ += n_read;
      text_.append(block.data(), static_cast<size_t>(n_read));
      if (text_.size() / 2 > keep_bytes_) trim();
    }
  }

  int64_t n_bytes() const { return n_bytes_; }
  std::string take() {
    trim();
    return std::move(text_);
  }

 private:
  void trim() {
    if (text_.size() > keep_bytes_) text_.erase(0, text_.size() - keep_bytes_);
  }

  Descriptor from_;
  size_t keep_bytes_;
  std::string text_;
  int64_t n_bytes_ = 0;
};

// Frees what posix_spawn's two objects hold.
struct SpawnSetup {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  SpawnSetup() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
};

Result<pid_t> spawn_shell(const std::string& command, int out, int err) {
  SpawnSetup setup;
  posix_spawn_file_actions_addopen(&setup.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&setup.actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&setup.actions, err, STDERR_FILENO);
  // This program ignores SIGPIPE, which a child would inherit.
  sigset_t reset;
  sigemptyset(&reset);
  for (const int signal : kReset) sigaddset(&reset, signal);
  sigset_t blocked;
  sigemptyset(&blocked);
  posix_spawnattr_setsigdefault(&setup.attributes, &reset);
  posix_spawnattr_setsigmask(&setup.attributes, &blocked);
  posix_spawnattr_setpgroup(&setup.attributes, 0);
  posix_spawnattr_setflags(&setup.attributes,
                           static_cast<short>(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
  std::string shell = "sh";
  std::string flag = "-c";
  std::string text = command;
  const std::array<char*, 4> arguments = {shell.data(), flag.data(), text.data(), nullptr};
  pid_t child = 0;
  const int code = posix_spawn(&child, "/bin/sh", &setup.actions, &setup.attributes, arguments.data(), environ);
  if (code != 0) return fail(ErrorKind::kIo, "cannot start /bin/sh: {}", system_message(code));
  return child;
}

// Without reaping it: as long as the shell is not reaped, no other process can get the number of its group.
bool has_ended(pid_t child) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == child;
}

double nanoseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_usec) * 1e3;
}

// Decides when a command that will not end by itself is made to.
class Stopper {
 public:
  Stopper(pid_t child, const ShellOptions& options, Clock::time_point start)
      : child_(child), options_(options), start_(start) {}

  ShellEnd reason() const { return reason_; }

  void look() {
    const auto now = Clock::now();
    if (reason_ != ShellEnd::kExited) {
      if (now >= kill_at_) kill(-child_, SIGKILL);
      return;
    }
    if (options_.cancel.cancelled()) {
      reason_ = ShellEnd::kCancelled;
    } else if (options_.time_limit.count() > 0 && now - start_ >= options_.time_limit) {
      reason_ = ShellEnd::kTimedOut;
    } else {
      return;
    }
    kill(-child_, SIGTERM);
    kill(-child_, SIGCONT);  // a stopped process would see the signal only when it goes on
    kill_at_ = now + kGrace;
  }

 private:
  pid_t child_;
  const ShellOptions& options_;
  Clock::time_point start_;
  Clock::time_point kill_at_;
  ShellEnd reason_ = ShellEnd::kExited;  // kExited: nobody asked it to end
};

// Waits for something to read, at most limit.
void wait_for(Capture& out, Capture& err, milliseconds limit) {
  std::array<pollfd, 2> pipes = {pollfd{out.descriptor(), POLLIN, 0}, pollfd{err.descriptor(), POLLIN, 0}};
  // A closed one is -1, which poll passes over. EINTR is as good as nothing to read.
  if (poll(pipes.data(), pipes.size(), static_cast<int>(limit.count())) <= 0) return;
  if (pipes[0].revents != 0) out.drain();
  if (pipes[1].revents != 0) err.drain();
}

// Until the shell has ended and its pipes are read. Returns when it ended.
Clock::time_point watch(pid_t child, Stopper& stopper, Capture& out, Capture& err) {
  std::chrono::microseconds nap{50};
  for (;;) {
    if (has_ended(child)) break;
    stopper.look();
    if (out.open() || err.open()) {
      wait_for(out, err, kLook);
      continue;
    }
    // Both pipes are closed, as they are a moment before every end, so that the first naps are short.
    std::this_thread::sleep_for(nap);
    nap = std::min(nap * 2, std::chrono::microseconds(2000));
  }
  const auto ended = Clock::now();
  // What a child that outlives the shell still writes is no longer the command's.
  while ((out.open() || err.open()) && Clock::now() - ended < kPipesHeldOpen) wait_for(out, err, milliseconds(5));
  return ended;
}

int64_t resident_peak_of_this_process() {
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  return int64_t{own.ru_maxrss} * 1024;
}

}  // namespace

Result<ShellRun> run_shell(const std::string& command, const ShellOptions& options) {
  if (command.find('\0') != std::string::npos) return invalid("a command holds a NUL byte, expected text");
  INGOT_ASSIGN(Pipe out_pipe, make_pipe());
  INGOT_ASSIGN(Pipe err_pipe, make_pipe());
  const int64_t own_peak_bytes = resident_peak_of_this_process();
  const auto start = Clock::now();
  INGOT_ASSIGN(const pid_t child, spawn_shell(command, out_pipe.write_end.number(), err_pipe.write_end.number()));
  out_pipe.write_end.close();
  err_pipe.write_end.close();

  Capture out(std::move(out_pipe.read_end), options.keep_bytes);
  Capture err(std::move(err_pipe.read_end), options.keep_bytes);
  Stopper stopper(child, options, start);
  const auto ended = watch(child, stopper, out, err);
  kill(-child, SIGKILL);
  int status = 0;
  rusage usage{};
  while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR) {
  }

  ShellRun run;
  run.end = stopper.reason();
  run.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  if (run.end == ShellEnd::kExited && WIFSIGNALED(status)) run.end = ShellEnd::kSignalled;
  run.out_bytes = out.n_bytes();
  run.err_bytes = err.n_bytes();
  run.out = out.take();
  run.err = err.take();
  run.wall_ns = std::chrono::duration<double, std::nano>(ended - start).count();
  run.cpu_ns = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
  const int64_t peak_bytes = int64_t{usage.ru_maxrss} * 1024;
  run.peak_bytes = peak_bytes > own_peak_bytes ? peak_bytes : 0;
  return run;
}

std::string describe_end(const ShellRun& run) {
  switch (run.end) {
    case ShellEnd::kExited:
      return fmt::format("exit code {}", run.code);
    case ShellEnd::kSignalled:
      return fmt::format("ended by signal {}", run.code);
    case ShellEnd::kTimedOut:
      return fmt::format("ended after {:.1f} s, its time limit", run.wall_ns * 1e-9);
    case ShellEnd::kCancelled:
      return "interrupted";
  }
  return {};
}

}  // namespace ingot::core
