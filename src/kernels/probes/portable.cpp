#include <cstring>

#include "base/isa_region.h"
#include "kernels/probes/probes.h"
#include "kernels/probes/tables.h"

namespace ingot::core::probes::portable {
namespace {

typedef uint64_t Words __attribute__((vector_size(16)));
typedef float F32 __attribute__((vector_size(16)));

Words zero_words() {
  return Words{0, 0};
}
Words load_words(const std::byte* p) {
  Words words;
  std::memcpy(&words, p, sizeof(words));
  return words;
}
Words add_words(Words a, Words b) {
  return a + b;
}
uint64_t sum_words(Words a) {
  return a[0] + a[1];
}
void prefetch(const std::byte* p, int64_t ahead_bytes) {
  // Through an integer: the address may lie beyond the buffer, where a pointer may not.
  const auto address = reinterpret_cast<uintptr_t>(p) + static_cast<uintptr_t>(ahead_bytes);
  __builtin_prefetch(reinterpret_cast<const void*>(address), 0, 0);  // NOLINT(performance-no-int-to-ptr)
}

#include "kernels/probes/impl.h"

}  // namespace

uint64_t read_plain(const std::byte* data, int64_t n_bytes) {
  return read_words<1, false>(data, n_bytes);
}
uint64_t read_prefetch(const std::byte* data, int64_t n_bytes) {
  return read_words<1, true>(data, n_bytes);
}
uint64_t read_streams(const std::byte* data, int64_t n_bytes) {
  return read_words<4, false>(data, n_bytes);
}

uint64_t fp32(int64_t n_rounds) {
  // A sum waits for a multiplication and an addition, some seven cycles, and two of each start in one.
  constexpr int kSums = 14;
  static_assert(kFp32Round == kSums * 4);
  F32 sums[kSums] = {};
  F32 one = {1.0f, 1.0f, 1.0f, 1.0f};
  // The compiler must not know that the sums are equal and the factors one, or it would keep but one sum.
  asm volatile("" : "+m"(sums), "+m"(one));
  const F32 a = one;
  const F32 b = one;
  for (int64_t round = 0; round < n_rounds; ++round) {
    INGOT_UNROLL
    for (int s = 0; s < kSums; ++s) sums[s] = sums[s] * a + b;
  }
  return total_of<float>(sums);
}

}  // namespace ingot::core::probes::portable
