// What this processor and operating system can execute, asked once through cpuid and xgetbv.
#pragma once

#include <string>

namespace ingot::core {

struct CpuFeatures {
  bool avx2 = false;  // with FMA and F16C, which every AVX2 kernel uses
  bool avx_vnni = false;
  bool avx512 = false;  // F, BW, DQ, VL, CD: the set since Skylake-X
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  // VDPBF16PS does twice the work of an FP32 multiply-add: on AMD's Zen 4 and 5. Sapphire Rapids has the instruction,
  // at half the rate of FP32 (measured: 31 operations a cycle of 64).
  bool fast_bf16_dot = false;
  bool amx_bf16 = false;
  bool amx_int8 = false;
  std::string brand;  // the processor's own name, for reports
};

// Detected at the first call; features whose registers the operating system does not save count as absent.
const CpuFeatures& cpu_features();

// Asks the system, once for the whole process, to save this process's tile registers: without it the first AMX
// instruction ends in SIGILL. False: refused, or this processor has none.
bool amx_permitted();

// Physical cores this process may run on (its affinity mask, siblings counted once), at least 1.
int physical_core_count();

}  // namespace ingot::core
