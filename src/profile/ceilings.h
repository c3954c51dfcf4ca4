// What this machine can do at most, as measured on it: the lines of the roofline. Filled by bench/ceilings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ingot::core {

// One measured limit, by one thread alone and by all of them together. 0: this processor does not have it.
struct Ceiling {
  double one_thread = 0;
  double all_threads = 0;
};

struct Ceilings {
  std::string processor;  // its own name
  int n_threads = 0;      // that "all threads" means
  Ceiling dram_read;      // bytes a second
  Ceiling l3_read;
  Ceiling l2_read;
  Ceiling fp32;       // operations a second: fused multiply-adds count as two
  Ceiling int8_vnni;  // operations a second, of dot products of bytes
  Ceiling bf16_dot;   // AVX-512 BF16's dot products
  Ceiling amx_bf16;
  Ceiling amx_int8;
  double barrier_s = 0;  // from opening to closing an empty loop over all threads
  // Of the time of all threads, the share that the system granted in the best window, the least of all
  // limits: well below 1, the machine was busy all the while, and the figures of all threads are too low.
  double granted = 1;
  std::string fp32_isa;  // the instruction set of the fp32 ceiling: "avx512", "avx2", "portable"
};

}  // namespace ingot::core
