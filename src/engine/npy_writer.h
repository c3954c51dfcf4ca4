// Writes a float32 matrix as NumPy's .npy, row after row: the number of rows is known before, the rows come one by one.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace ingot::core {

// What stands before the values of a float32 matrix: NumPy's format 1.0.
std::string npy_header(int64_t rows, int64_t cols);

class NpyWriter {
 public:
  // Replaces the file. Errors: the system's, with the path.
  static Result<NpyWriter> create(const std::string& path, int64_t rows, int64_t cols);

  Status write(std::span<const float> values);
  // Errors: the system's, also late ones. Precondition: rows * cols values were written.
  Status close();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  uint64_t left_ = 0;  // values still to come
};

}  // namespace ingot::core
