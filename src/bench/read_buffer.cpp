#include "bench/read_buffer.h"

#include <sys/mman.h>

#include <algorithm>

namespace ingot::core {
namespace {

constexpr int64_t kHugePageBytes = int64_t{2} << 20;

}  // namespace

void ReadBuffer::Free::operator()(std::byte* data) const {
  munmap(data, static_cast<size_t>(n_bytes));
}

Result<ReadBuffer> ReadBuffer::allocate(int64_t n_bytes, ThreadPool& pool) {
  const int64_t rounded = (std::max<int64_t>(1, n_bytes) + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  // One huge page more, and what lies before the first boundary and behind the last given back.
  const auto reserved = static_cast<size_t>(rounded + kHugePageBytes);
  void* mapped = mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return fail(ErrorKind::kOutOfMemory, "cannot allocate {} bytes to measure with", rounded);
  auto* begin = static_cast<std::byte*>(mapped);
  const auto misaligned = static_cast<int64_t>(reinterpret_cast<uintptr_t>(begin) % kHugePageBytes);
  const int64_t before = misaligned == 0 ? 0 : kHugePageBytes - misaligned;
  if (before > 0) munmap(begin, static_cast<size_t>(before));
  if (before < kHugePageBytes) munmap(begin + before + rounded, static_cast<size_t>(kHugePageBytes - before));

  ReadBuffer buffer;
  buffer.data_ = std::unique_ptr<std::byte, Free>(begin + before, Free{rounded});
#if defined(MADV_HUGEPAGE)
  // Refused where the system has none: then reading is slower there, for every program.
  madvise(buffer.data(), static_cast<size_t>(rounded), MADV_HUGEPAGE);
#endif
  pool.parallel_for(rounded / kHugePageBytes, /*grain=*/1, [&](int64_t page, int64_t end, int) {
    auto* first = reinterpret_cast<float*>(buffer.data() + page * kHugePageBytes);
    std::fill_n(first, (end - page) * kHugePageBytes / static_cast<int64_t>(sizeof(float)), 1.0f);
  });
  return buffer;
}

int64_t read_buffer_bytes(int64_t total_l3_bytes, int64_t free_bytes) {
  constexpr int64_t kTimesTheCache = 8;
  constexpr int64_t kAtLeast = int64_t{64} << 20;
  constexpr int64_t kAtMost = int64_t{1} << 30;
  // The rest of the machine goes on working.
  const int64_t affordable = free_bytes / 4;
  const int64_t wanted = std::clamp(std::min(total_l3_bytes, kAtMost) * kTimesTheCache, kAtLeast, kAtMost);
  return std::max(kHugePageBytes, std::min(wanted, affordable) / kHugePageBytes * kHugePageBytes);
}

}  // namespace ingot::core
