#include "cli/progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/streams.h"

namespace ingot::cli {

using namespace std::chrono_literals;

Progress::Progress(std::string_view what)
    : what_(what), enabled_(stderr_is_terminal()), next_(std::chrono::steady_clock::now() + 1s) {}

void Progress::show(std::string_view state) {
  if (!enabled_ || std::chrono::steady_clock::now() < next_) return;
  next_ = std::chrono::steady_clock::now() + 100ms;
  shown_ = true;
  fmt::print(stderr, "\r{}: {}\033[K", what_, state);
  std::fflush(stderr);
}

void Progress::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace ingot::cli
