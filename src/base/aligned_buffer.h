// An owned block of bytes aligned to a cache line; move-only, so that a copy is always visible in the code.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "base/result.h"

namespace ingot::core {

inline constexpr size_t kCacheLineBytes = 64;

// Of all aligned buffers of the process since its start, for profiles.
struct AllocationCounts {
  std::atomic<int64_t> n_allocations{0};
  std::atomic<int64_t> n_bytes{0};
};
inline AllocationCounts& allocation_counts() {
  static AllocationCounts counts;
  return counts;
}

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
    allocation_counts().n_allocations.fetch_add(1, std::memory_order_relaxed);
    allocation_counts().n_bytes.fetch_add(static_cast<int64_t>(n_bytes), std::memory_order_relaxed);
    return buffer;
  }

  // Uninitialised memory for large data that is read over and over: on huge pages where the system has them to give,
  // which spares most of the address translation. n_bytes is rounded up to whole huge pages. Errors as allocate().
  static Result<AlignedBuffer> allocate_on_huge_pages(size_t n_bytes);

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
