// Memory to measure with: in huge pages where the system has them, written once so that every page is its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "threading/thread_pool.h"

namespace ingot::core {

class ReadBuffer {
 public:
  // A multiple of the huge page, at least n_bytes, filled by all threads of the pool with floats of value 1.
  // Errors: kOutOfMemory.
  static Result<ReadBuffer> allocate(int64_t n_bytes, ThreadPool& pool);

  std::byte* data() const { return data_.get(); }
  int64_t n_bytes() const { return data_.get_deleter().n_bytes; }
  std::span<const float> floats() const {
    return {reinterpret_cast<const float*>(data_.get()), static_cast<size_t>(n_bytes()) / sizeof(float)};
  }

 private:
  struct Free {
    int64_t n_bytes;
    void operator()(std::byte* data) const;
  };
  std::unique_ptr<std::byte, Free> data_;
};

// Several times the last cache, so that little of it is still there when it is read again; within what the machine
// has free, and at most 1 GiB.
int64_t read_buffer_bytes(int64_t total_l3_bytes, int64_t free_bytes);

}  // namespace ingot::core
