#include "kernels/probes/probes.h"

#include <array>

#include "base/cpu_features.h"
#include "kernels/probes/tables.h"

namespace ingot::core {
namespace {

bool everywhere() {
  return true;
}

#if defined(__x86_64__)
bool has_avx2() {
  return cpu_features().avx2;
}
bool has_avx_vnni() {
  return cpu_features().avx_vnni;
}
bool has_avx512() {
  return cpu_features().avx512;
}
bool has_avx512_vnni() {
  return cpu_features().avx512_vnni;
}
bool has_avx512_bf16() {
  return cpu_features().avx512_bf16;
}
bool has_amx_bf16() {
  return cpu_features().amx_bf16 && amx_permitted();
}
bool has_amx_int8() {
  return cpu_features().amx_int8 && amx_permitted();
}
#endif

constexpr std::array kReadProbes = {
    ReadProbe{"portable", "plain", probes::portable::read_plain, everywhere},
    ReadProbe{"portable", "prefetch", probes::portable::read_prefetch, everywhere},
    ReadProbe{"portable", "streams", probes::portable::read_streams, everywhere},
#if defined(__x86_64__)
    ReadProbe{"avx2", "plain", probes::avx2::read_plain, has_avx2},
    ReadProbe{"avx2", "prefetch", probes::avx2::read_prefetch, has_avx2},
    ReadProbe{"avx2", "streams", probes::avx2::read_streams, has_avx2},
    ReadProbe{"avx512", "plain", probes::avx512::read_plain, has_avx512},
    ReadProbe{"avx512", "prefetch", probes::avx512::read_prefetch, has_avx512},
    ReadProbe{"avx512", "streams", probes::avx512::read_streams, has_avx512},
#endif
};

constexpr std::array kArithmeticProbes = {
    ArithmeticProbe{Arithmetic::kFp32, "portable", 2 * probes::portable::kFp32Round, probes::portable::fp32,
                    everywhere},
#if defined(__x86_64__)
    ArithmeticProbe{Arithmetic::kFp32, "avx2", 2 * probes::avx2::kFp32Round, probes::avx2::fp32, has_avx2},
    ArithmeticProbe{Arithmetic::kFp32, "avx512", 2 * probes::avx512::kFp32Round, probes::avx512::fp32, has_avx512},
    ArithmeticProbe{Arithmetic::kInt8Dot, "avx_vnni", 2 * probes::avx2::kInt8Round, probes::avx2::int8_dot,
                    has_avx_vnni},
    ArithmeticProbe{Arithmetic::kInt8Dot, "avx512_vnni", 2 * probes::avx512::kInt8Round, probes::avx512::int8_dot,
                    has_avx512_vnni},
    ArithmeticProbe{Arithmetic::kBf16Dot, "avx512_bf16", 2 * probes::avx512::kBf16Round, probes::avx512::bf16_dot,
                    has_avx512_bf16},
    ArithmeticProbe{Arithmetic::kAmxBf16, "amx", 2 * probes::amx::kBf16Round, probes::amx::bf16, has_amx_bf16},
    ArithmeticProbe{Arithmetic::kAmxInt8, "amx", 2 * probes::amx::kInt8Round, probes::amx::int8, has_amx_int8},
#endif
};

}  // namespace

std::span<const ReadProbe> read_probes() {
  return kReadProbes;
}

std::span<const ArithmeticProbe> arithmetic_probes() {
  return kArithmeticProbes;
}

}  // namespace ingot::core
