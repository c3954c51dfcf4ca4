// The probes of each instruction set. Only probes.cpp includes this: calling one that the processor lacks ends in
// SIGILL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ingot::core::probes {

using Read = uint64_t(const std::byte* data, int64_t n_bytes);
using Run = uint64_t(int64_t n_rounds);

// Multiply-adds of one round, as each file asserts for its own loop.
namespace portable {
Read read_plain, read_prefetch, read_streams;
Run fp32;
inline constexpr int64_t kFp32Round = 14 * 4;
}  // namespace portable

namespace avx2 {
Read read_plain, read_prefetch, read_streams;
Run fp32, int8_dot;
inline constexpr int64_t kFp32Round = 12 * 8;
inline constexpr int64_t kInt8Round = 12 * 32;
}  // namespace avx2

namespace avx512 {
Read read_plain, read_prefetch, read_streams;
Run fp32, int8_dot, bf16_dot;
inline constexpr int64_t kFp32Round = 16 * 16;
inline constexpr int64_t kInt8Round = 16 * 64;
inline constexpr int64_t kBf16Round = 16 * 32;
}  // namespace avx512

namespace amx {
Run bf16, int8;
inline constexpr int64_t kBf16Round = 4 * 16 * 16 * 32;
inline constexpr int64_t kInt8Round = 4 * 16 * 16 * 64;
}  // namespace amx

// The total of all lanes of an array of sums.
template <typename Lane, typename Sums>
uint64_t total_of(const Sums& sums) {
  uint64_t total = 0;
  for (size_t offset = 0; offset < sizeof(Sums); offset += sizeof(Lane)) {
    Lane lane;
    std::memcpy(&lane, reinterpret_cast<const std::byte*>(&sums) + offset, sizeof(lane));
    total += static_cast<uint64_t>(lane);
  }
  return total;
}

}  // namespace ingot::core::probes
