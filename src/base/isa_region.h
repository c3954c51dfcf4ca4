// Opens and closes a region of a file whose functions are compiled for more than the baseline instruction set.
//
//   #include <immintrin.h>          // and everything else from outside, before the region
//   INGOT_BEGIN_AVX2_REGION
//   namespace ingot::core::avx2 {   // and only own functions in it
//   ...
//   }
//   INGOT_END_REGION
//
// Regions instead of -m flags: an inline function of a header that is compiled under -mavx512f can become the one copy
// that the linker keeps for the whole program, and then faults on an older processor. In a region only the functions
// written there are affected.
// Inside, no lambda takes or returns a vector type (GCC warns, -Wpsabi: a lambda does not inherit the target).
#pragma once

#if defined(__clang__)
#define INGOT_BEGIN_AVX2_REGION \
  _Pragma("clang attribute push(__attribute__((target(\"avx2,fma,f16c\"))), apply_to = function)")
// Clang's avx512f brings avx2, fma and f16c with it.
// A string literal in two parts is none to _Pragma.
// clang-format off
#define INGOT_BEGIN_AVX512_REGION \
  _Pragma("clang attribute push(__attribute__((target(\"avx512f,avx512bw,avx512dq,avx512vl\"))), apply_to = function)")
#define INGOT_BEGIN_AVX_VNNI_REGION \
  _Pragma("clang attribute push(__attribute__((target(\"avx2,fma,f16c,avxvnni\"))), apply_to = function)")
#define INGOT_BEGIN_AVX512_VNNI_REGION \
  _Pragma("clang attribute push(__attribute__((target(\"avx512f,avx512bw,avx512dq,avx512vl,avx512vnni\"))), apply_to = function)")
#define INGOT_BEGIN_AVX512_BF16_REGION \
  _Pragma("clang attribute push(__attribute__((target(\"avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16\"))), apply_to = function)")
#define INGOT_BEGIN_AMX_BF16_REGION \
  _Pragma("clang attribute push(__attribute__((target(\"avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,amx-tile,amx-bf16\"))), apply_to = function)")
#define INGOT_BEGIN_AMX_REGION \
  _Pragma("clang attribute push(__attribute__((target(\"amx-tile,amx-int8,amx-bf16\"))), apply_to = function)")
// clang-format on
#define INGOT_END_REGION _Pragma("clang attribute pop")
// Loops over a handful of registers, which must become straight code for their arrays to live in registers. Not under
// the sanitizers, whose checks grow with the code: the largest table then compiles for eight minutes.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define INGOT_UNROLL
#else
#define INGOT_UNROLL _Pragma("clang loop unroll(full)")
#endif
#else
#define INGOT_BEGIN_AVX2_REGION _Pragma("GCC push_options") _Pragma("GCC target(\"avx2,fma,f16c\")")
#define INGOT_BEGIN_AVX512_REGION \
  _Pragma("GCC push_options") _Pragma("GCC target(\"avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl\")")
#define INGOT_BEGIN_AVX_VNNI_REGION _Pragma("GCC push_options") _Pragma("GCC target(\"avx2,fma,f16c,avxvnni\")")
#define INGOT_BEGIN_AVX512_VNNI_REGION \
  _Pragma("GCC push_options") _Pragma("GCC target(\"avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni\")")
#define INGOT_BEGIN_AVX512_BF16_REGION \
  _Pragma("GCC push_options")          \
      _Pragma("GCC target(\"avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16\")")
#define INGOT_BEGIN_AMX_BF16_REGION    \
  _Pragma("GCC push_options") _Pragma( \
      "GCC target(\"avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,amx-tile,amx-bf16\")")
#define INGOT_BEGIN_AMX_REGION _Pragma("GCC push_options") _Pragma("GCC target(\"amx-tile,amx-int8,amx-bf16\")")
#define INGOT_END_REGION _Pragma("GCC pop_options")
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INGOT_UNROLL
#else
#define INGOT_UNROLL _Pragma("GCC unroll 16")
#endif
#endif
// For functions whose arguments must become constants and registers: bits of a code, sums of a tile.
#define INGOT_ALWAYS_INLINE inline __attribute__((always_inline))
