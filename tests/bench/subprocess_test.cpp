#include "bench/subprocess.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/temporary_folder.h"

namespace ingot::core {
namespace {

using std::chrono::milliseconds;
using test::TemporaryFolder;
using testing::HasSubstr;

ShellRun run(const std::string& command, const ShellOptions& options = {}) {
  const Result<ShellRun> result = run_shell(command, options);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return result.value_or(ShellRun{});
}

size_t open_descriptors() {
  const auto entries = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

// Beyond the standard streams, what the test itself was given to hand on.
int inherited_descriptors() {
  int n_inherited = 0;
  for (int number = STDERR_FILENO + 1; number < 1024; ++number) {
    const int flags = fcntl(number, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) ++n_inherited;
  }
  return n_inherited;
}

bool has_children() {
  return waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD;
}

// The number that a command wrote to a file belongs to a process that is gone, or that nobody has reaped yet.
bool is_gone(const std::string& pid) {
  std::ifstream stat("/proc/" + pid + "/stat");
  std::string text;
  std::getline(stat, text);
  return text.empty() || text.find(") Z ") != std::string::npos;
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

TEST(Subprocess, KeepsTheStreamsApart) {
  const ShellRun done = run("printf out; printf err >&2; exit 7");
  EXPECT_EQ(done.out, "out");
  EXPECT_EQ(done.err, "err");
  EXPECT_EQ(done.end, ShellEnd::kExited);
  EXPECT_EQ(done.code, 7);
  EXPECT_FALSE(done.succeeded());
  EXPECT_EQ(describe_end(done), "exit code 7");
  EXPECT_TRUE(run("true").succeeded());
}

TEST(Subprocess, StandardInputIsEmpty) {
  EXPECT_EQ(run("cat | wc -c | tr -d ' '").out, "0\n");
}

TEST(Subprocess, ACommandThatDoesNotExistIsTheShellsError) {
  const ShellRun done = run("no-such-command-anywhere");
  EXPECT_EQ(done.code, 127);
  EXPECT_THAT(done.err, HasSubstr("no-such-command-anywhere"));
}

TEST(Subprocess, ACommandWithANulByteIsRefused) {
  const auto result = run_shell(std::string("true\0x", 6), {});
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().message, HasSubstr("NUL"));
}

TEST(Subprocess, SaysWhichSignalEndedIt) {
  const ShellRun done = run("kill -SEGV $$");
  EXPECT_EQ(done.end, ShellEnd::kSignalled);
  EXPECT_EQ(done.code, SIGSEGV);
  EXPECT_EQ(describe_end(done), "ended by signal 11");
}

TEST(Subprocess, AWriterMaySeeABrokenPipe) {
  std::signal(SIGPIPE, SIG_IGN);  // as the program does
  // yes ends by SIGPIPE, silently; with the signal ignored it would complain of EPIPE.
  EXPECT_EQ(run("yes | head -n 1").err, "");
  std::signal(SIGPIPE, SIG_DFL);
}

TEST(Subprocess, BothPipesMayFill) {
  // Far more than a pipe holds, first into one and then into the other, then both at once.
  const ShellRun done =
      run("head -c 3000000 /dev/zero >&2; head -c 3000000 /dev/zero;"
          "head -c 3000000 /dev/zero >&2 & head -c 3000000 /dev/zero; wait");
  EXPECT_TRUE(done.succeeded());
  EXPECT_EQ(done.out_bytes, 6000000);
  EXPECT_EQ(done.err_bytes, 6000000);
  EXPECT_EQ(done.out.size(), 6000000u);
}

TEST(Subprocess, KeepsTheEndOfTooMuch) {
  const ShellRun done = run("head -c 1000000 /dev/zero | tr '\\0' x; printf end", {.keep_bytes = 1000});
  EXPECT_EQ(done.out_bytes, 1000003);
  EXPECT_EQ(done.out.size(), 1000u);
  EXPECT_TRUE(done.out.ends_with("xend"));
}

TEST(Subprocess, MeasuresTimeAndMemory) {
  const ShellRun slept = run("sleep 0.2");
  EXPECT_GE(slept.wall_ns, 0.2e9);
  EXPECT_LT(slept.cpu_ns, slept.wall_ns);
  // dd holds the one block that it reads: more than this program, below whose own peak nothing is known.
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  const int64_t block_bytes = (int64_t{own.ru_maxrss} << 10) + (int64_t{100} << 20);
  const ShellRun large = run("dd if=/dev/zero of=/dev/null count=1 bs=" + std::to_string(block_bytes));
  EXPECT_GE(large.peak_bytes, block_bytes);
  EXPECT_LE(large.peak_bytes, block_bytes + (int64_t{100} << 20));
  EXPECT_GT(large.cpu_ns, 0);
}

TEST(Subprocess, EndsWhatRunsTooLong) {
  const ShellRun done = run("echo begun; sleep 60", {.time_limit = milliseconds(200)});
  EXPECT_EQ(done.end, ShellEnd::kTimedOut);
  EXPECT_EQ(done.out, "begun\n");
  EXPECT_GE(done.wall_ns, 0.2e9);
  EXPECT_LT(done.wall_ns, 20e9);
  EXPECT_THAT(describe_end(done), HasSubstr("time limit"));
}

TEST(Subprocess, EndsWhatDoesNotListen) {
  const ShellRun done = run("trap '' TERM; while :; do sleep 0.05; done", {.time_limit = milliseconds(100)});
  EXPECT_EQ(done.end, ShellEnd::kTimedOut);
  EXPECT_EQ(done.code, SIGKILL);
}

TEST(Subprocess, EndsAWriterThatNeverStops) {
  const ShellRun done = run("yes", {.time_limit = milliseconds(200), .keep_bytes = 4096});
  EXPECT_EQ(done.end, ShellEnd::kTimedOut);
  EXPECT_LE(done.out.size(), 4096u);
}

TEST(Subprocess, CancelEndsTheWholeGroupAndNothingElse) {
  const TemporaryFolder folder;
  const std::string inner = folder.path("inner");
  std::string bystander;
  std::thread other([&bystander] { bystander = run("sleep 1; echo alive").out; });
  ShellOptions options;
  std::thread canceller([&] {
    while (first_line(inner).empty()) std::this_thread::sleep_for(milliseconds(5));
    options.cancel.cancel();
  });
  const ShellRun done =
      run("sh -c 'echo $$ > " + inner + ".new; mv " + inner + ".new " + inner + "; sleep 60'; true", options);
  canceller.join();
  other.join();
  EXPECT_EQ(bystander, "alive\n");
  EXPECT_EQ(done.end, ShellEnd::kCancelled);
  EXPECT_LT(done.wall_ns, 30e9);
  EXPECT_TRUE(is_gone(first_line(inner)));
  EXPECT_EQ(describe_end(done), "interrupted");
}

TEST(Subprocess, ACancelledTokenStartsNothingThatLasts) {
  ShellOptions options;
  options.cancel.cancel();
  EXPECT_EQ(run("sleep 60", options).end, ShellEnd::kCancelled);
}

TEST(Subprocess, DoesNotWaitForWhatIsLeftBehind) {
  const TemporaryFolder folder;
  const std::string left = folder.path("left");
  const ShellRun done = run("sleep 60 & echo $! > " + left + "; echo done");
  EXPECT_TRUE(done.succeeded());
  EXPECT_EQ(done.out, "done\n");
  EXPECT_LT(done.wall_ns, 10e9);
  for (int n_looks = 0; n_looks < 200 && !is_gone(first_line(left)); ++n_looks) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_TRUE(is_gone(first_line(left)));
}

TEST(Subprocess, LeavesNoDescriptorAndNoZombie) {
  run("true");
  const size_t n_before = open_descriptors();
  for (int n_runs = 0; n_runs < 20; ++n_runs) run("echo x; echo y >&2");
  run("sleep 60", {.time_limit = milliseconds(20)});
  EXPECT_EQ(open_descriptors(), n_before);
  EXPECT_FALSE(has_children());
}

TEST(Subprocess, TheCommandInheritsOnlyTheStandardStreams) {
  // In two threads at once: the pipes of one must not reach the command of the other, or neither would see the end.
  const auto list = [] { return run("sleep 0.05; ls /proc/self/fd | wc -l | tr -d ' '").out; };
  std::string other;
  std::thread thread([&] { other = list(); });
  const std::string here = list();
  thread.join();
  // 0, 1, 2 and the folder that ls reads
  const std::string expected = std::to_string(4 + inherited_descriptors()) + "\n";
  EXPECT_EQ(here, expected);
  EXPECT_EQ(other, expected);
}

}  // namespace
}  // namespace ingot::core
