// A line on the terminal for what takes longer than a second; nothing where stderr is no terminal.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace ingot::cli {

class Progress {
 public:
  explicit Progress(std::string_view what);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // state: "45 %", "512 of 4096 tokens".
  void show(std::string_view state);
  void clear();

 private:
  std::string what_;
  bool enabled_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace ingot::cli
