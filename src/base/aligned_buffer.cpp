#include "base/aligned_buffer.h"

#include <sys/mman.h>

namespace ingot::core {

Result<AlignedBuffer> AlignedBuffer::allocate_on_huge_pages(size_t n_bytes) {
  constexpr size_t kHugePageBytes = size_t{1} << 21;
  AlignedBuffer buffer;
  if (n_bytes == 0) return buffer;
  const size_t rounded = (n_bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  if (rounded >= n_bytes) buffer.data_.reset(static_cast<std::byte*>(std::aligned_alloc(kHugePageBytes, rounded)));
  if (!buffer.data_) return fail(ErrorKind::kOutOfMemory, "cannot allocate {} bytes", n_bytes);
  buffer.n_bytes_ = rounded;
  // A wish: without huge pages everything works, more slowly.
  static_cast<void>(madvise(buffer.data(), rounded, MADV_HUGEPAGE));
  allocation_counts().n_allocations.fetch_add(1, std::memory_order_relaxed);
  allocation_counts().n_bytes.fetch_add(static_cast<int64_t>(rounded), std::memory_order_relaxed);
  return buffer;
}

}  // namespace ingot::core
