// A file of its own: where these are inlined, GCC takes new and free for a wrong pair.
#include "ops/allocation_counter.h"

#include <atomic>
#include <cstdlib>
#include <new>

#include "base/sanitizer.h"

namespace {

std::atomic<int64_t> n_allocations{0};

}  // namespace

// A sanitizer has operators of its own, and would call a pair of which one is ours a mismatch.
#if !INGOT_UNDER_SANITIZER
void* operator new(size_t n_bytes) {
  n_allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(n_bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
#endif

namespace ingot::core {

int64_t count_allocations() {
  return n_allocations;
}

}  // namespace ingot::core
