#include "base/cpu_features.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace ingot::core {
namespace {

#if defined(__x86_64__)

struct CpuidRegisters {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

CpuidRegisters cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  CpuidRegisters r;
  if (__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) return {};
  return r;
}

// The state components that the operating system saves on a context switch.
uint64_t extended_control_register() {
  uint32_t low = 0;
  uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

bool bit(uint32_t word, int index) {
  return ((word >> index) & 1u) != 0;
}

CpuFeatures detect() {
  CpuFeatures features;
  const CpuidRegisters basic = cpuid(1);
  const CpuidRegisters extended = cpuid(7, 0);
  const CpuidRegisters extended1 = cpuid(7, 1);
  const bool os_saves = bit(basic.ecx, 27);
  const uint64_t saved = os_saves ? extended_control_register() : 0;
  const bool saves_ymm = (saved & 0x6) == 0x6;
  const bool saves_zmm = (saved & 0xE6) == 0xE6;
  const bool saves_tiles = (saved & 0x60000) == 0x60000;
  features.avx2 = saves_ymm && bit(extended.ebx, 5) && bit(basic.ecx, 12) && bit(basic.ecx, 29);
  features.avx_vnni = features.avx2 && bit(extended1.eax, 4);
  features.avx512 = features.avx2 && saves_zmm && bit(extended.ebx, 16) && bit(extended.ebx, 17) &&
                    bit(extended.ebx, 28) && bit(extended.ebx, 30) && bit(extended.ebx, 31);
  features.avx512_vnni = features.avx512 && bit(extended.ecx, 11);
  features.avx512_bf16 = features.avx512 && bit(extended1.eax, 5);
  const CpuidRegisters vendor = cpuid(0);
  const bool is_amd = vendor.ebx == 0x68747541 && vendor.edx == 0x69746E65 && vendor.ecx == 0x444D4163;  // AuthenticAMD
  features.fast_bf16_dot = features.avx512_bf16 && is_amd;
  features.amx_bf16 = features.avx512 && saves_tiles && bit(extended.edx, 24) && bit(extended.edx, 22);
  features.amx_int8 = features.avx512 && saves_tiles && bit(extended.edx, 24) && bit(extended.edx, 25);

  std::array<char, 49> brand{};
  for (uint32_t part = 0; part < 3; ++part) {
    const CpuidRegisters r = cpuid(0x80000002u + part);
    std::memcpy(brand.data() + 16 * part, &r, 16);
  }
  features.brand = brand.data();
  return features;
}

#else

CpuFeatures detect() {
  return {};
}

#endif

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

bool amx_permitted() {
#if defined(__x86_64__) && defined(SYS_arch_prctl)
  if (!cpu_features().amx_bf16 && !cpu_features().amx_int8) return false;
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM of Linux's asm/prctl.h, which older headers lack
  constexpr int kTileData = 18;               // the state component
  static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
#else
  return false;
#endif
}

int physical_core_count() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    std::ifstream siblings("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
    std::string list;
    // Without topology each logical processor counts as a core of its own.
    if (!std::getline(siblings, list)) list = "cpu" + std::to_string(cpu);
    cores.insert(list);
  }
  return std::max(1, static_cast<int>(cores.size()));
}

}  // namespace ingot::core
