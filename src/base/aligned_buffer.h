// An owned block of bytes aligned to a cache line; move-only, so that a copy is always visible in the code.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/result.h"

namespace ingot::core {

inline constexpr size_t kCacheLineBytes = 64;

class AlignedBuffer {
 public:
  AlignedBuffer() = default;

  // Uninitialised memory. Errors: kOutOfMemory, with the number of bytes asked for.
  static Result<AlignedBuffer> allocate(size_t n_bytes) {
    AlignedBuffer buffer;
    if (n_bytes == 0) return buffer;
    const size_t rounded = (n_bytes + kCacheLineBytes - 1) / kCacheLineBytes * kCacheLineBytes;
    if (rounded >= n_bytes) buffer.data_.reset(static_cast<std::byte*>(std::aligned_alloc(kCacheLineBytes, rounded)));
    if (!buffer.data_) return fail(ErrorKind::kOutOfMemory, "cannot allocate {} bytes", n_bytes);
    buffer.n_bytes_ = n_bytes;
    return buffer;
  }

  std::byte* data() const { return data_.get(); }
  size_t n_bytes() const { return n_bytes_; }
  template <typename T>
  std::span<T> as() const {
    return {reinterpret_cast<T*>(data_.get()), n_bytes_ / sizeof(T)};
  }

 private:
  struct Free {
    void operator()(std::byte* pointer) const { std::free(pointer); }
  };
  std::unique_ptr<std::byte, Free> data_;
  size_t n_bytes_ = 0;
};

}  // namespace ingot::core
