// Probes: serial loops that do nothing but reach one limit of one core: reading bytes, or multiplying and adding.
//
// What a probe reaches is the ceiling that kernels are held against, so it keeps everything else out of the way:
// arithmetic probes touch registers only, with more independent sums than latency times units; reading probes add up
// what they read in several sums. Each returns a checksum that has a closed form: nothing can be left out by a
// compiler, and a probe that does less than it claims fails its test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ingot::core {

// Reading probes take whole blocks.
inline constexpr int64_t kReadBlockBytes = 4096;

struct ReadProbe {
  const char* isa;      // "portable", "avx2", "avx512"
  const char* pattern;  // "plain": front to back; "prefetch": with requests ahead; "streams": four parts side by side
  // The sum of the 64-bit words of data, wrapping. Precondition: n_bytes is a multiple of kReadBlockBytes.
  uint64_t (*read)(const std::byte* data, int64_t n_bytes);
  bool (*runs_here)();
};

enum class Arithmetic : uint8_t {
  kFp32,     // fused multiply-add, or multiply and add where there is none
  kInt8Dot,  // four products of bytes added to an int32 (VNNI)
  kBf16Dot,  // two products of bf16 added to a float (AVX-512 BF16)
  kAmxBf16,  // 16 x 32 times 32 x 16 tiles
  kAmxInt8,  // 16 x 64 times 64 x 16 tiles
};

// Sums stay exact up to here: a float counts to 2^24, a round of AMX adds 32 to each.
inline constexpr int64_t kMaxProbeRounds = int64_t{1} << 18;

struct ArithmeticProbe {
  Arithmetic kind;
  const char* isa;               // "portable", "avx2", "avx512", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx"
  int64_t operations_per_round;  // a multiply-add is two
  // Multiplies ones and adds the products to sums that begin at zero; gives the total of all sums, which is the number
  // of multiply-adds: n_rounds * operations_per_round / 2. Precondition: n_rounds <= kMaxProbeRounds.
  uint64_t (*run)(int64_t n_rounds);
  bool (*runs_here)();
};

// Every probe compiled in, also those that this processor lacks; of one kind or pattern, the widest last.
std::span<const ReadProbe> read_probes();
std::span<const ArithmeticProbe> arithmetic_probes();

}  // namespace ingot::core
