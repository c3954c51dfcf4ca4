// How the program ends; scripts rely on these.
#pragma once

namespace ingot::cli {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;      // an input or the machine: file, model, prompt, memory
inline constexpr int kWrongUsage = 2;  // an unknown flag, a value out of its range, flags that exclude each other
inline constexpr int kRegressed = 3;   // bench found something slower than it was
inline constexpr int kInterrupted = 130;

}  // namespace ingot::cli
