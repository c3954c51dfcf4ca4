// Runs somebody else's command as a whole process: what it wrote, how it ended, how long it took, what it held.
//
// The command has a process group of its own. A Ctrl-C at the terminal therefore reaches this program alone, which
// ends that group through the token: asked first (SIGTERM), half a second later made to (SIGKILL). Whatever the command
// left running in its group is ended too once it is done, or it would disturb the next measurement.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "ingot/types.h"

namespace ingot::core {

struct ShellOptions {
  std::chrono::milliseconds time_limit{0};  // 0: none
  // Of either stream the last so many bytes are kept: what counts, a table or timings, stands at the end.
  size_t keep_bytes = size_t{16} << 20;
  CancelToken cancel = {};
};

enum class ShellEnd : uint8_t { kExited, kSignalled, kTimedOut, kCancelled };

struct ShellRun {
  ShellEnd end = ShellEnd::kExited;
  int code = 0;  // the exit status, or the number of the signal that ended it
  std::string out;
  std::string err;
  int64_t out_bytes = 0;  // written in all; more than out holds where its beginning was dropped
  int64_t err_bytes = 0;
  double wall_ns = 0;  // from the start of the shell until it ended
  double cpu_ns = 0;   // user and system time of the command and its children
  // Most memory resident at once, of the largest process; 0: unknown. Linux never reports less for a child than what
  // its parent held when it started it, so that a command smaller than this program is unknown too.
  int64_t peak_bytes = 0;

  bool succeeded() const { return end == ShellEnd::kExited && code == 0; }
};

// As /bin/sh -c would; standard input is empty. Fails only if the command cannot be started at all: everything that
// happens to it afterwards is in the result. Thread-safe.
Result<ShellRun> run_shell(const std::string& command, const ShellOptions& options);

// "exit code 2", "ended by signal 11", "ended after 3.0 s, its time limit": for a message.
std::string describe_end(const ShellRun& run);

}  // namespace ingot::core
