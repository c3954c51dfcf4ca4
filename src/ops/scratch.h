// Working memory of the operations: a few buffers that grow to the largest request and are kept.
//
// Nothing is cleared between uses, and a pointer is good until the next request of the same slot.
#pragma once

#include <array>
#include <cstddef>

#include "base/aligned_buffer.h"
#include "base/result.h"

namespace ingot::core {

// One buffer per use that can be alive at the same time as another.
enum class ScratchSlot : uint8_t {
  kThreads,
  kPaddedRows,
  kPackedRows,
  kPackedUps,
  kPackedOutput,
  kPartials,
  kExperts,
  kStageScores,
  kStagePartials,
  kCount
};

class Scratch {
 public:
  explicit Scratch(int n_threads) : n_threads_(n_threads) {}

  // Errors: kOutOfMemory; what the slot held before is then gone.
  Result<std::byte*> get(ScratchSlot slot, size_t n_bytes) {
    AlignedBuffer& buffer = buffers_[static_cast<size_t>(slot)];
    if (buffer.n_bytes() < n_bytes) {
      buffer = AlignedBuffer();  // before the larger one, so that both are never held at once
      INGOT_ASSIGN(buffer, AlignedBuffer::allocate(n_bytes));
    }
    return buffer.data();
  }

  // bytes_per_thread for each thread, thread_stride(bytes_per_thread) apart.
  Result<std::byte*> get_per_thread(size_t bytes_per_thread) {
    return get(ScratchSlot::kThreads, thread_stride(bytes_per_thread) * static_cast<size_t>(n_threads_));
  }

  size_t n_bytes(ScratchSlot slot) const { return buffers_[static_cast<size_t>(slot)].n_bytes(); }
  size_t n_bytes() const {
    size_t sum = 0;
    for (const AlignedBuffer& buffer : buffers_) sum += buffer.n_bytes();
    return sum;
  }

  // Whole pages and one cache line more: neither false sharing nor equal cache sets for all threads.
  static size_t thread_stride(size_t bytes_per_thread) {
    constexpr size_t kPageBytes = 4096;
    return (bytes_per_thread + kPageBytes - 1) / kPageBytes * kPageBytes + kCacheLineBytes;
  }

 private:
  int n_threads_;
  std::array<AlignedBuffer, static_cast<size_t>(ScratchSlot::kCount)> buffers_;
};

}  // namespace ingot::core
